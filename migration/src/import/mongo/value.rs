//! What a field of a document may be, and what it becomes. Nothing is guessed: a value that is not
//! what is due is refused.

use bson::{Bson, Document};
use chrono::{DateTime, Datelike, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::import::draft::{Note, Reject};
use crate::import::row::stable_id;
use crate::import::time::iso;

/// The whole numbers that a double tells apart.
const EXACT: i64 = 1 << 53;

/// A field's value, or that it is not what is due.
pub(super) type Read<T> = Result<Option<T>, Reject>;

fn wrong(reason: &'static str, field: &str, value: &Bson, due: &str) -> Reject {
    let is = format!("{:?}", value.element_type());
    Reject::new(reason, field, format!("{due} is due, and it is {is}"))
}

/// The value, unless there is none.
pub(super) fn present<'d>(document: &'d Document, field: &str) -> Option<&'d Bson> {
    match document.get(field) {
        None | Some(Bson::Null | Bson::Undefined) => None,
        found => found,
    }
}

/// Strip U+0000, which no text here can hold.
pub(super) fn without_nul(text: &str, field: &str, notes: &mut Vec<Note>) -> String {
    if !text.contains('\0') {
        return text.to_owned();
    }
    let note = Note::listed("nul_in_text", field);
    if !notes.contains(&note) {
        notes.push(note);
    }
    text.replace('\0', "")
}

/// A text.
pub(super) fn text(document: &Document, field: &str, notes: &mut Vec<Note>) -> Read<String> {
    match present(document, field) {
        None => Ok(None),
        Some(Bson::String(text)) => Ok(Some(without_nul(text, field, notes))),
        Some(other) => Err(wrong("bad_type", field, other, "a text")),
    }
}

/// A text, or a number as its digits.
pub(super) fn digits(document: &Document, field: &str, notes: &mut Vec<Note>) -> Read<String> {
    match present(document, field) {
        Some(Bson::Int32(_) | Bson::Int64(_) | Bson::Double(_)) => {
            let number = whole(document, field, &mut Vec::new())?;
            notes.push(Note::counted("number_to_text", field));
            Ok(number.map(|number| number.to_string()))
        }
        _ => text(document, field, notes),
    }
}

/// A whole number: also as a double without a fraction.
pub(super) fn whole(document: &Document, field: &str, notes: &mut Vec<Note>) -> Read<i64> {
    match present(document, field) {
        None => Ok(None),
        Some(Bson::Int32(number)) => Ok(Some(i64::from(*number))),
        Some(Bson::Int64(number)) => Ok(Some(*number)),
        Some(double @ Bson::Double(number)) => {
            let exact = number.fract() == 0.0 && number.abs() < 9.2e18;
            let whole = exact.then(|| format!("{number:.0}").parse().ok()).flatten();
            let whole =
                whole.ok_or_else(|| wrong("bad_number", field, double, "a whole number"))?;
            notes.push(Note::counted("double_to_integer", field));
            Ok(Some(whole))
        }
        Some(other) => Err(wrong("bad_type", field, other, "a whole number")),
    }
}

/// A truth.
pub(super) fn truth(document: &Document, field: &str) -> Read<bool> {
    match present(document, field) {
        None => Ok(None),
        Some(Bson::Boolean(truth)) => Ok(Some(*truth)),
        Some(other) => Err(wrong("bad_type", field, other, "true or false")),
    }
}

/// A moment: a date, an ISO 8601 text, or milliseconds since 1970.
pub(super) fn time(document: &Document, field: &str, notes: &mut Vec<Note>) -> Read<DateTime<Utc>> {
    let Some(value) = present(document, field) else {
        return Ok(None);
    };
    let millis = |millis: i64| DateTime::from_timestamp_millis(millis);
    let found = match value {
        Bson::DateTime(date) => millis(date.timestamp_millis()),
        Bson::String(text) => {
            notes.push(Note::counted("date_from_text", field));
            iso(text)
        }
        Bson::Int32(_) | Bson::Int64(_) | Bson::Double(_) => {
            notes.push(Note::counted("date_from_milliseconds", field));
            let number = whole(document, field, &mut Vec::new()).ok().flatten();
            number.and_then(millis)
        }
        _ => None,
    };
    let found = found.filter(|time| (1..=9999).contains(&time.year()));
    match found {
        Some(time) => Ok(Some(time)),
        None => Err(wrong(
            "bad_date",
            field,
            value,
            "a date of the years 1 to 9999",
        )),
    }
}

/// Any value as JSON. What plain JSON cannot say is extended JSON.
pub(super) fn plain(value: &Bson, field: &str, notes: &mut Vec<Note>) -> Value {
    match value {
        Bson::String(text) => Value::String(without_nul(text, field, notes)),
        Bson::Array(list) => list.iter().map(|one| plain(one, field, notes)).collect(),
        Bson::Document(map) => map
            .iter()
            .map(|(key, value)| (without_nul(key, field, notes), plain(value, field, notes)))
            .collect(),
        Bson::Int64(number) if number.unsigned_abs() > EXACT.unsigned_abs() => {
            notes.push(Note::counted("extended_json", field));
            json!({ "$numberLong": number.to_string() })
        }
        Bson::Int64(number) => json!(number),
        Bson::Int32(number) => json!(number),
        Bson::Double(number) if number.is_finite() => json!(number),
        Bson::Boolean(truth) => json!(truth),
        Bson::Null | Bson::Undefined => Value::Null,
        other => {
            notes.push(Note::counted("extended_json", field));
            let mut extended = other.clone().into_relaxed_extjson();
            strip(&mut extended, field, notes);
            extended
        }
    }
}

/// No U+0000 in any text of `value`.
fn strip(value: &mut Value, field: &str, notes: &mut Vec<Note>) {
    match value {
        Value::String(text) => *text = without_nul(text, field, notes),
        Value::Array(list) => list.iter_mut().for_each(|one| strip(one, field, notes)),
        Value::Object(map) => map.values_mut().for_each(|one| strip(one, field, notes)),
        _ => {}
    }
}

/// An `_id` as text: an `ObjectId` as its digits, a text as it is, anything else as extended JSON.
pub(super) fn id_text(id: &Bson) -> String {
    match id {
        Bson::ObjectId(id) => id.to_hex(),
        Bson::String(text) => text.replace('\0', ""),
        Bson::Int32(number) => json!({ "$numberLong": number.to_string() }).to_string(),
        Bson::Int64(number) => json!({ "$numberLong": number.to_string() }).to_string(),
        other => other.clone().into_canonical_extjson().to_string(),
    }
}

/// The bytes of a text that is spelt like an `ObjectId`.
pub(super) fn spelt_like_one(id: &Bson) -> Option<[u8; 12]> {
    match id {
        Bson::String(text) => object_id(text),
        _ => None,
    }
}

/// The text of an `_id` that is spelt like the `ObjectId` of another document: as extended JSON, in quotes.
pub(super) fn apart(id: &Bson) -> String {
    id.clone().into_canonical_extjson().to_string()
}

/// The row's id for a document's: an `ObjectId` becomes the UUID (version 7) that has its time and all
/// its bits, so that rows sort as the documents did and the way back is known. Of any other it is
/// made from its text.
pub(super) fn row_id(collection: &str, id: &str) -> Uuid {
    let Some(bytes) = object_id(id) else {
        return stable_id(&["mongo", collection, id]);
    };
    let seconds = u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
    let mut rest = [0; 8];
    rest.copy_from_slice(&bytes[4..]);
    let rest = u128::from(u64::from_be_bytes(rest));
    let millis = u128::from(seconds) * 1000;
    // 48 bits of time, 4 of version, 12 of the rest, 2 of variant, the 52 that are left, 10 zeros.
    let bits = (millis << 80)
        | (7 << 76)
        | ((rest >> 52) << 64)
        | (0b10 << 62)
        | ((rest & ((1 << 52) - 1)) << 10);
    Uuid::from_u128(bits)
}

/// The time in an `ObjectId`.
pub(super) fn time_of(id: &str) -> Option<DateTime<Utc>> {
    let bytes = object_id(id)?;
    let seconds = u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
    DateTime::from_timestamp(seconds.into(), 0)
}

/// The bytes of an `ObjectId` that is written in 24 hexadecimal digits.
pub(super) fn object_id(text: &str) -> Option<[u8; 12]> {
    hex::decode(text).ok()?.try_into().ok()
}
