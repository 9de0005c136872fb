//! Rows as lines: JSON Lines or CSV (RFC 4180).

use super::Format;
use crate::error::{Error, Result};
use crate::explore::plan::{Field, Object};

/// The names of a row's columns.
pub(super) fn header(object: &Object, prefix: &str, names: &mut Vec<String>) {
    for (key, field) in &object.fields {
        let name = format!("{prefix}{}", key.name());
        match field {
            Field::One(inner, _) => header(inner, &format!("{name}."), names),
            _ => names.push(name),
        }
    }
}

/// Lines, as they are written.
pub(super) struct Lines {
    format: Format,
    out: Vec<u8>,
}

impl Lines {
    pub(super) fn new(format: Format) -> Self {
        Self {
            format,
            out: Vec::new(),
        }
    }

    pub(super) fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.out)
    }

    pub(super) fn names(&mut self, names: &[String]) -> Result<()> {
        self.record(names)
    }

    pub(super) fn row(&mut self, object: &Object, json: &[u8], cursor: Option<&str>) -> Result<()> {
        let Format::Csv { escape_formulas } = self.format else {
            match cursor {
                // The row's object, with one more member.
                Some(cursor) => {
                    self.out
                        .extend_from_slice(json.strip_suffix(b"}").unwrap_or(json));
                    self.out.extend_from_slice(b",\"cursor\":\"");
                    self.out.extend_from_slice(cursor.as_bytes());
                    self.out.extend_from_slice(b"\"}");
                }
                None => self.out.extend_from_slice(json),
            }
            self.out.push(b'\n');
            return Ok(());
        };
        let row: serde_json::Value = serde_json::from_slice(json).map_err(Error::internal)?;
        let mut cells = Vec::new();
        flatten(object, Some(&row), escape_formulas, &mut cells);
        cells.extend(cursor.map(str::to_owned));
        self.record(&cells)
    }

    fn record(&mut self, cells: &[String]) -> Result<()> {
        let mut writer = csv::WriterBuilder::new()
            .terminator(csv::Terminator::CRLF)
            .from_writer(&mut self.out);
        writer.write_record(cells).map_err(Error::internal)?;
        writer.flush().map_err(Error::internal)
    }
}

fn flatten(
    object: &Object,
    row: Option<&serde_json::Value>,
    escape: bool,
    cells: &mut Vec<String>,
) {
    for (key, field) in &object.fields {
        let value = row.and_then(|row| row.get(key.name()));
        match field {
            Field::One(inner, _) => flatten(inner, value, escape, cells),
            _ => cells.push(cell(value, escape)),
        }
    }
}

fn cell(value: Option<&serde_json::Value>, escape: bool) -> String {
    match value {
        None | Some(serde_json::Value::Null) => String::new(),
        Some(serde_json::Value::String(text)) => {
            // What a spreadsheet takes for a formula: OWASP, "CSV Injection".
            let runs = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
            if escape && runs {
                format!("'{text}")
            } else {
                text.clone()
            }
        }
        Some(other) => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn texts_that_a_spreadsheet_runs_are_escaped() {
        for (value, escaped) in [
            (json!("=1+1"), "'=1+1"),
            (json!("-1"), "'-1"),
            (json!("@a"), "'@a"),
            (json!(-1), "-1"),
            (json!("a=b"), "a=b"),
            (json!(null), ""),
            (json!(true), "true"),
            (json!(["x"]), "[\"x\"]"),
        ] {
            assert_eq!(cell(Some(&value), true), escaped);
        }
        assert_eq!(cell(Some(&json!("=1")), false), "=1");
    }

    #[test]
    fn a_record_is_quoted_where_it_must_be() {
        let mut lines = Lines::new(Format::Csv {
            escape_formulas: false,
        });
        lines
            .record(&[
                "a,b".to_owned(),
                "say \"x\"\nthen".to_owned(),
                String::new(),
            ])
            .unwrap();
        assert_eq!(lines.take(), b"\"a,b\",\"say \"\"x\"\"\nthen\",\r\n");
    }
}
