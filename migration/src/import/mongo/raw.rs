//! A document of `BSON` out of its bytes, which may be damaged, or nested as deep as somebody liked.

use bson::raw::{RawBsonRef, RawDocument};
use bson::{Bson, Document};

use crate::import::row::{DEPTH, TOO_DEEP};

/// The document that `bytes` are, and its id, which may be readable though the rest is not.
pub(super) fn document(bytes: &[u8]) -> (Option<Bson>, Result<Document, String>) {
    let read = look(bytes).and_then(|()| {
        let read = Document::from_reader(bytes);
        read.map_err(|error| error.to_string())
    });
    let id = match &read {
        Ok(document) => document.get("_id").cloned(),
        Err(_) => id(bytes),
    };
    (id, read)
}

/// Look at every value, however deep, without a call within a call: what reads a document goes down into
/// it by calls, and would run out of stack.
fn look(bytes: &[u8]) -> Result<(), String> {
    let damaged = |error: bson::error::Error| error.to_string();
    let whole = RawDocument::from_bytes(bytes).map_err(damaged)?;
    let mut open = vec![whole.iter()];
    while let Some(inner) = open.last_mut() {
        let Some(next) = inner.next() else {
            open.pop();
            continue;
        };
        let (_, value) = next.map_err(damaged)?;
        let below = match value {
            RawBsonRef::Document(below) => below,
            RawBsonRef::Array(list) => RawDocument::from_bytes(list.as_bytes()).map_err(damaged)?,
            RawBsonRef::JavaScriptCodeWithScope(code) => code.scope,
            _ => continue,
        };
        if open.len() >= DEPTH {
            return Err(TOO_DEEP.to_owned());
        }
        open.push(below.iter());
    }
    Ok(())
}

/// The id of a document that is damaged behind it.
fn id(bytes: &[u8]) -> Option<Bson> {
    let mut bytes = bytes.to_vec();
    // The end may be what is damaged.
    *bytes.last_mut()? = 0;
    for element in RawDocument::from_bytes(&bytes).ok()? {
        let (key, value) = element.ok()?;
        if key.as_str() != "_id" {
            continue;
        }
        return match value {
            RawBsonRef::Document(_)
            | RawBsonRef::Array(_)
            | RawBsonRef::JavaScriptCodeWithScope(_) => None,
            plain => plain.try_into().ok(),
        };
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use bson::doc;

    /// A document in a document, so many times.
    fn nested(levels: usize) -> Vec<u8> {
        let mut inner = doc! {}.to_vec().expect("BSON");
        for level in (0..levels).rev() {
            let name: &[u8] = if level == 0 {
                b"\x03metadata\0"
            } else {
                b"\x03a\0"
            };
            let length = i32::try_from(4 + name.len() + inner.len() + 1).expect("small");
            let mut outer = length.to_le_bytes().to_vec();
            outer.extend_from_slice(name);
            outer.extend_from_slice(&inner);
            outer.push(0);
            inner = outer;
        }
        inner
    }

    #[test]
    fn what_is_nested_too_deep_is_told_and_not_read() {
        assert!(document(&nested(DEPTH - 1)).1.is_ok());
        for levels in [DEPTH, 7_000] {
            assert_eq!(document(&nested(levels)).1, Err(TOO_DEEP.to_owned()));
        }
    }

    #[test]
    fn an_id_before_the_damage_is_read() {
        let whole = doc! {"_id": 7, "title": "text", "inner": {"a": 1}};
        let bytes = whole.to_vec().expect("BSON");
        assert_eq!(document(&bytes), (Some(Bson::Int32(7)), Ok(whole)));
        let title = bytes.windows(5).position(|found| found == b"title");
        let title = title.expect("the field") - 1;
        for (at, byte) in [(title, 0x66), (title + 9, 0xff), (bytes.len() - 1, 9)] {
            let mut damaged = bytes.clone();
            damaged[at] = byte;
            let (id, read) = document(&damaged);
            assert!(read.is_err(), "{at}");
            assert_eq!(id, Some(Bson::Int32(7)), "{at}");
        }
    }
}
