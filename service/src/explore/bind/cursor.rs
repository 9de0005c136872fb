//! A row's place in a list, as text that only this list understands.
//!
//! base64url of an 8-byte mark of the resource, its order and its filter, and of the order's values
//! as a JSON array.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{Edge, Filter, Scalar};
use crate::error::{Common, Result};
use crate::explore::catalog::{Entity, Term};

/// What tells one list's cursors from another's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark([u8; 8]);

impl Mark {
    /// The mark of a list.
    pub fn of(entity: &Entity, order: &[Term], filter: Option<&Filter>) -> Self {
        let said = format!("{}\n{order:?}\n{filter:?}", entity.resource.table);
        let mut mark = [0; 8];
        mark.copy_from_slice(&Sha256::digest(said)[..8]);
        Self(mark)
    }

    /// The cursor of a row: `values` is the JSON array of what it is ordered by.
    pub fn seal(self, values: &[u8], out: &mut Vec<u8>) {
        let mut bytes = Vec::with_capacity(8 + values.len());
        bytes.extend_from_slice(&self.0);
        bytes.extend_from_slice(values);
        out.extend_from_slice(BASE64.encode(bytes).as_bytes());
    }

    /// The values that a cursor of this list holds, null where the row had none.
    pub(super) fn open(self, entity: &Entity, order: &[Term], cursor: &str) -> Result<Edge> {
        let read = || {
            let bytes = BASE64.decode(cursor).ok()?;
            let values = bytes.strip_prefix(&self.0[..])?;
            let values: Vec<Value> = serde_json::from_slice(values).ok()?;
            (values.len() == order.len()).then_some(())?;
            let read = |(term, value): (&Term, &Value)| {
                let column = &entity.columns[term.column];
                match value {
                    Value::Null => column.nullable.then_some(None),
                    value => Scalar::read(column, value, "after").ok().map(Some),
                }
            };
            let edge: Option<Edge> = order.iter().zip(&values).map(read).collect();
            edge
        };
        read().ok_or_else(|| Common::Cursor.into())
    }
}
