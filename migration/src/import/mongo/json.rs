//! Extended JSON, canonical and relaxed, as the documents that it stands for.

use bson::{Bson, Document};
use serde_json::value::RawValue;
use std::collections::BTreeMap;

use crate::import::row::{TOO_DEEP, is_too_deep};

/// Names of the types that plain JSON does not have.
const TYPES: [&str; 17] = [
    "$binary",
    "$code",
    "$date",
    "$dbPointer",
    "$maxKey",
    "$minKey",
    "$numberDecimal",
    "$numberDouble",
    "$numberInt",
    "$numberLong",
    "$oid",
    "$regularExpression",
    "$scope",
    "$symbol",
    "$timestamp",
    "$undefined",
    "$uuid",
];

/// The document that a text is.
pub(super) fn document(text: &str) -> Result<Document, String> {
    if is_too_deep(text) {
        return Err(TOO_DEEP.to_owned());
    }
    let raw: &RawValue = serde_json::from_str(text).map_err(|error| error.to_string())?;
    match value(raw)? {
        Bson::Document(document) => Ok(document),
        _ => Err("it is no document".to_owned()),
    }
}

/// A double is read exactly, which `serde_json` alone does not promise.
fn value(raw: &RawValue) -> Result<Bson, String> {
    let text = raw.get();
    let failed = |error: serde_json::Error| error.to_string();
    match text.as_bytes().first() {
        Some(b'{') => map(text),
        Some(b'[') => {
            let list: Vec<&RawValue> = serde_json::from_str(text).map_err(failed)?;
            let list: Result<Vec<Bson>, String> = list.into_iter().map(value).collect();
            list.map(Bson::Array)
        }
        Some(b'"') => serde_json::from_str(text).map(Bson::String).map_err(failed),
        Some(b't') => Ok(Bson::Boolean(true)),
        Some(b'f') => Ok(Bson::Boolean(false)),
        Some(b'n') => Ok(Bson::Null),
        _ => {
            if let Ok(small) = text.parse() {
                return Ok(Bson::Int32(small));
            }
            if let Ok(whole) = text.parse() {
                return Ok(Bson::Int64(whole));
            }
            text.parse()
                .map(Bson::Double)
                .map_err(|_| "it has no number".to_owned())
        }
    }
}

fn map(text: &str) -> Result<Bson, String> {
    let entries: BTreeMap<String, &RawValue> =
        serde_json::from_str(text).map_err(|error| error.to_string())?;
    // Somebody's own key may be called like a type: what does not read as one is a plain document.
    if entries.keys().any(|key| TYPES.contains(&key.as_str()))
        && let Ok(serde_json::Value::Object(typed)) = serde_json::from_str(text)
        && let Ok(found) = Bson::try_from(typed)
    {
        return Ok(found);
    }
    let mut document = Document::new();
    for (key, raw) in entries {
        document.insert(key, value(raw)?);
    }
    Ok(Bson::Document(document))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_read_and_keys_that_look_like_them_kept() {
        let read = |text: &str| document(text).expect("a document");
        let typed =
            read(r#"{"a": {"$numberLong": "9007199254740993"}, "b": 0.1, "c": 5000000000}"#);
        assert_eq!(typed.get("a"), Some(&Bson::Int64(9_007_199_254_740_993)));
        assert_eq!(typed.get("b"), Some(&Bson::Double(0.1)));
        assert_eq!(typed.get("c"), Some(&Bson::Int64(5_000_000_000)));
        let own = read(r#"{"a": {"$date": "no date", "x.y": 1}}"#);
        assert!(matches!(own.get("a"), Some(Bson::Document(map)) if map.len() == 2));
        assert!(document("[1]").is_err());
        assert!(document("{").is_err());
    }

    #[test]
    fn what_is_nested_too_deep_is_told_and_not_read() {
        for levels in [200, 100_000] {
            let text = format!("{}1{}", "{\"a\":[".repeat(levels), "]}".repeat(levels));
            assert_eq!(document(&text), Err(TOO_DEEP.to_owned()));
        }
        assert!(document("{\"a\": \"[[[[\\\"{{{{\"}").is_ok());
    }
}
