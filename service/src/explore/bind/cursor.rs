//! A row's place in a list, as text that only this list understands.
//!
//! base64url of an 8-byte mark of the resource, its order and its filter, and of the order's values
//! as a JSON array.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{Edge, Filter, Scalar};
use crate::error::{Common, Result};
use crate::explore::catalog::{Entity, Term};

/// What a list is, by names alone: a cursor outlives the process that made it, and in another columns
/// and words may have other places.
fn said(entity: &Entity, order: &[Term], filter: Option<&Filter>) -> String {
    let mut out = entity.resource.table.to_owned();
    for term in order {
        let name = entity.columns[term.column].name;
        let _ = write!(out, "\n{name} {:?}", term.direction);
    }
    if let Some(filter) = filter {
        out.push('\n');
        filter.tell(entity, &mut out);
    }
    out
}

impl Filter {
    fn tell(&self, entity: &Entity, out: &mut String) {
        let column = |at: &usize| entity.columns[*at].name;
        // Writing to a String does not fail.
        let _ = match self {
            Self::All(all) => return several("all", all, entity, out),
            Self::Any(any) => return several("any", any, entity, out),
            Self::Not(filter) => return several("not", std::slice::from_ref(filter), entity, out),
            Self::Is(at, compare, value) => write!(out, "{} {compare:?} {value:?}", column(at)),
            Self::In(at, values) => write!(out, "{} In {values:?}", column(at)),
            Self::Null(at) => write!(out, "{} Null", column(at)),
            Self::Text(at, place, text) => write!(out, "{} {place:?} {text:?}", column(at)),
            Self::Has(at, texts) => write!(out, "{} Has {texts:?}", column(at)),
            Self::Json(at, path, value) => write!(out, "{} {path:?} {value:?}", column(at)),
            Self::Search(terms) => write!(out, "{terms:?}"),
            Self::One(at, filter) => {
                let relation = &entity.relations[*at];
                let _ = write!(out, "{} ", relation.field);
                return filter.tell(relation.target(), out);
            }
            Self::Many(at, quantifier, filter) => {
                let relation = &entity.relations[*at];
                let _ = write!(out, "{} {quantifier:?} ", relation.field);
                return filter.tell(relation.target(), out);
            }
        };
    }
}

fn several<F: std::borrow::Borrow<Filter>>(
    what: &str,
    filters: &[F],
    entity: &Entity,
    out: &mut String,
) {
    out.push_str(what);
    for filter in filters {
        out.push('(');
        filter.borrow().tell(entity, out);
        out.push(')');
    }
}

/// What tells one list's cursors from another's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark([u8; 8]);

impl Mark {
    /// The mark of a list.
    pub fn of(entity: &Entity, order: &[Term], filter: Option<&Filter>) -> Self {
        let mut mark = [0; 8];
        mark.copy_from_slice(&Sha256::digest(said(entity, order, filter))[..8]);
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::actor::Actor;
    use crate::explore::access::Access;
    use crate::explore::bind::ListArgs;
    use crate::explore::catalog::catalog;

    #[test]
    fn a_list_is_told_by_names_and_words() {
        let entity = catalog().of_table("runs").unwrap();
        let access = Access::of(&Actor::System("test")).unwrap();
        let args = json!({
            "filter": {
                "status": { "in": ["FAILED"], "ne": "PENDING" },
                "not": { "user": { "email": { "contains": "\n" } } },
            },
            "orderBy": ["COMPANY_NAME_ASC", "ID_DESC"],
        });
        let list = ListArgs::read(entity, &access, args.as_object().unwrap(), None).unwrap();
        let said = said(entity, &list.order, list.filter.as_ref());
        assert_eq!(
            said,
            "runs\ncompany_name Ascending\nid Descending\n\
             all(not(user email Contains \"\\n\"))(all(status In [FAILED])(status Ne PENDING))"
        );
    }
}
