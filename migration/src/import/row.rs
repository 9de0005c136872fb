//! A row as an import makes it: a table's name and a value for each column, whatever it came from.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// The column that every update raises. It tells nothing of what a row says.
pub(super) const VERSION: &str = "version";

/// So many levels of JSON and documents are taken. `MongoDB` itself takes 100; below 128 whoever reads our
/// rows can read them, also where extended JSON adds a level or two.
pub(super) const DEPTH: usize = 120;

/// Why what is nested deeper is refused.
pub(super) const TOO_DEEP: &str = "it is nested deeper than 120 levels";

/// A value of a column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum Cell {
    /// None.
    Null,
    /// A text, or an enum's value.
    Text(String),
    /// A whole number.
    Int(i64),
    /// A truth.
    Bool(bool),
    /// A moment, to the microsecond.
    Time(DateTime<Utc>),
    /// An id.
    Id(Uuid),
    /// JSON, as text.
    Json(String),
}

impl Cell {
    /// The same whatever the engine that it was read from.
    fn canonical(&self) -> String {
        match self {
            Self::Null => "-".to_owned(),
            Self::Text(text) => format!("t{text}"),
            Self::Int(number) => format!("i{number}"),
            Self::Bool(truth) => format!("b{truth}"),
            Self::Time(time) => format!("z{}", time.to_rfc3339_opts(SecondsFormat::Micros, true)),
            Self::Id(id) => format!("u{id}"),
            Self::Json(text) => format!("j{}", canonical(text).unwrap_or_else(|| text.clone())),
        }
    }
}

/// A row.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Row {
    /// Its table.
    pub(super) table: &'static str,
    /// Its key.
    pub(super) id: Uuid,
    /// Its columns, the key included.
    pub(super) cells: BTreeMap<&'static str, Cell>,
}

impl Row {
    /// A row of `table` with nothing but its id, in version 1.
    pub(super) fn new(table: &'static str, id: Uuid) -> Self {
        let cells = BTreeMap::from([("id", Cell::Id(id))]);
        Self { table, id, cells }
    }

    /// The same with a value.
    #[must_use]
    pub(super) fn with(mut self, column: &'static str, cell: Cell) -> Self {
        self.cells.insert(column, cell);
        self
    }

    /// SHA-256 over what the row says, in hexadecimal.
    pub(super) fn hash(&self) -> String {
        let mut hasher = Sha256::new();
        part(&mut hasher, self.table);
        for (column, cell) in &self.cells {
            if *column != VERSION {
                part(&mut hasher, column);
                part(&mut hasher, &cell.canonical());
            }
        }
        hex::encode(hasher.finalize())
    }
}

/// Length first, so that no two rows run into the same bytes.
fn part(hasher: &mut Sha256, text: &str) {
    hasher.update((text.len() as u64).to_le_bytes());
    hasher.update(text.as_bytes());
}

/// SHA-256 over several hashes.
pub(super) fn hash_of<'a>(hashes: impl Iterator<Item = &'a str>) -> String {
    let mut all = Sha256::new();
    for hash in hashes {
        part(&mut all, hash);
    }
    hex::encode(all.finalize())
}

/// A UUID that a text always has, and no other (version 8).
pub(super) fn stable_id(parts: &[&str]) -> Uuid {
    let mut hasher = Sha256::new();
    for one in parts {
        part(&mut hasher, one);
    }
    let digest = hasher.finalize();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

/// Whether JSON is nested deeper than is taken: what reads it goes down into it by calls.
pub(super) fn is_too_deep(text: &str) -> bool {
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            _ if quoted => {}
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEPTH {
            return true;
        }
    }
    false
}

/// JSON with its keys in order, without blanks, each number in one spelling: two texts that mean the
/// same are one. Nothing where `text` is no JSON, or nested too deep.
pub(super) fn canonical(text: &str) -> Option<String> {
    if is_too_deep(text) {
        return None;
    }
    let raw: &RawValue = serde_json::from_str(text).ok()?;
    let mut out = String::with_capacity(text.len());
    write(raw, &mut out)?;
    Some(out)
}

fn write(raw: &RawValue, out: &mut String) -> Option<()> {
    let text = raw.get();
    match text.as_bytes().first()? {
        b'{' => {
            let map: BTreeMap<String, &RawValue> = serde_json::from_str(text).ok()?;
            out.push('{');
            for (key, value) in map {
                out.push_str(&serde_json::to_string(&key).ok()?);
                out.push(':');
                write(value, out)?;
                out.push(',');
            }
            out.push('}');
        }
        b'[' => {
            let list: Vec<&RawValue> = serde_json::from_str(text).ok()?;
            out.push('[');
            for value in list {
                write(value, out)?;
                out.push(',');
            }
            out.push(']');
        }
        b'"' => {
            let plain: String = serde_json::from_str(text).ok()?;
            out.push_str(&serde_json::to_string(&plain).ok()?);
        }
        b't' | b'f' | b'n' => out.push_str(text),
        _ => number(text, out)?,
    }
    Some(())
}

/// `20`, `20.0` and `2e1` are one number; what a double cannot tell apart is not told apart.
fn number(text: &str, out: &mut String) -> Option<()> {
    if let Ok(whole) = text.parse::<i128>() {
        return write!(out, "{whole}").ok();
    }
    let double: f64 = text.parse().ok()?;
    if double.fract() == 0.0 && double.abs() < 1e30 {
        return write!(out, "{}", double + 0.0)
            .ok()
            .map(|()| trim_minus_zero(out));
    }
    write!(out, "{double:e}").ok()
}

fn trim_minus_zero(out: &mut String) {
    if out.ends_with("-0") && !out.ends_with("--0") {
        let at = out.len() - 2;
        out.replace_range(at.., "0");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_that_means_the_same_is_one_text() {
        let same = |one: &str, other: &str| canonical(one) == canonical(other);
        assert!(same(
            r#"{"b": 1, "a": [1.0, "\u00e9"]}"#,
            r#"{"a":[1,"é"],"b":1.0}"#
        ));
        assert!(same("-0.0", "0"));
        assert!(same("1e19", "10000000000000000000"));
        assert!(same("0.1", "1e-1"));
        assert!(!same("9007199254740993", "9007199254740992"));
        assert!(!same("[1,2]", "[12]"));
        assert!(!same("\"1\"", "1"));
        assert_eq!(canonical("{"), None);
    }

    #[test]
    fn a_rows_hash_is_of_what_it_says() {
        let row = || Row::new("runs", Uuid::nil()).with("company_id", Cell::Text("a".into()));
        assert_eq!(row().hash(), row().with(VERSION, Cell::Int(7)).hash());
        assert_ne!(row().hash(), row().with("company_id", Cell::Null).hash());
        assert_ne!(stable_id(&["a", "bc"]), stable_id(&["ab", "c"]));
    }
}
