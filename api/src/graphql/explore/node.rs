//! Ids of rows among the rows of all types: base64url of `Type:key`.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use serde_json::Value;
use service::error::{Common, Result};
use service::explore::bind::Scalar;
use service::explore::catalog::{Entity, catalog};

/// What an id means.
pub(super) struct Meant {
    pub entity: &'static Entity,
    pub key: Scalar,
    /// The key as the id has it.
    pub text: String,
}

/// The entity and the key that `id` means.
pub(super) fn read(id: Option<&Value>) -> Result<Meant> {
    let read = || {
        let Value::String(text) = id? else {
            return None;
        };
        let text = String::from_utf8(BASE64.decode(text).ok()?).ok()?;
        let (name, text) = text.split_once(':')?;
        let entity = catalog().of_type(name)?;
        // Keys that are numbers are written as numbers.
        let number = text.parse::<i64>().map(Value::from);
        let forms = [Some(Value::from(text)), number.ok()];
        let read = |form| Scalar::read(entity.key_column(), &form, "id").ok();
        let key = forms.into_iter().flatten().find_map(read)?;
        Some(Meant {
            entity,
            key,
            text: text.to_owned(),
        })
    };
    read().ok_or_else(|| Common::invalid("id", "must be a nodeId").into())
}

/// The id of a row.
pub(super) fn write(entity: &Entity, key: &str) -> String {
    BASE64.encode(format!("{}:{key}", entity.name))
}
