//! All rows of a list, page after page, as lines: JSON Lines or CSV (RFC 4180).
//!
//! One batch is in memory at a time, however many rows there are, and a batch begins behind the last
//! row of the one before: rows that come or go meanwhile are neither doubled nor make others fall
//! out.

use async_stream::try_stream;
use futures::stream::Stream;

use super::access::Access;
use super::bind::ListArgs;
use super::error::Error as Refusal;
use super::plan::{Bound, Connection, ConnectionField, EdgeField, Field, Object, Plan};
use super::run::{Batch, batch};
use crate::ctx::Ctx;
use crate::error::{Common, Error, Result};

/// How many rows are read at once.
const BATCH: u64 = 500;
/// How much one row with its lists may be made of.
const ROW: u64 = 1_000;

/// How rows are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One JSON object a line.
    JsonLines,
    /// One record a line under a line of names. A row that is led to falls into columns of its own
    /// (`user.email`); a list is one column of JSON.
    Csv {
        /// Whether a text that a spreadsheet would run is written behind an apostrophe.
        escape_formulas: bool,
    },
}

/// What is exported.
#[derive(Debug)]
pub struct Export {
    plan: Plan,
    bound: Vec<Bound>,
    format: Format,
    cursor: bool,
}

impl Export {
    /// The rows of a list. `cursor` adds each row's cursor, behind which another export can begin
    /// (the list's `after`). The list's `first` is passed over: there is no most.
    ///
    /// Refused when the plan is no list of rows, or when one row is made of too many.
    pub fn new(
        ctx: &Ctx,
        plan: Plan,
        bound: Vec<Bound>,
        format: Format,
        cursor: bool,
    ) -> Result<Self> {
        plan.check(&Access::of(&ctx.actor)?)?;
        let export = Self {
            plan,
            bound,
            format,
            cursor,
        };
        let (connection, _) = export.parts()?;
        let list = export.list(connection)?;
        if list.backward {
            let detail = "an export begins at the start of a list: ask for first, not for last";
            return Err(Common::invalid("last", detail).into());
        }
        let cost: u64 = connection.level.cost(&export.bound);
        if cost > ROW {
            return Err(Refusal::Rows { most: ROW }.into());
        }
        Ok(export)
    }

    fn list(&self, connection: &Connection) -> Result<&ListArgs> {
        match self.bound.get(connection.slot) {
            Some(Bound::List(list)) => Ok(list),
            _ => Err(Error::internal("a list without its arguments")),
        }
    }

    /// The list, and how its rows are written.
    fn parts(&self) -> Result<(&Connection, &Object)> {
        let Plan::List(connection) = &self.plan else {
            return Err(Common::invalid("document", "must ask for a list").into());
        };
        let rows = connection.fields.iter().find_map(|(_, field)| match field {
            ConnectionField::Nodes(object) => Some(object),
            ConnectionField::Edges(fields) => fields.iter().find_map(|(_, field)| match field {
                EdgeField::Node(object) => Some(object),
                EdgeField::Typename | EdgeField::Cursor => None,
            }),
            _ => None,
        });
        let rows = rows.ok_or_else(|| Common::invalid("document", "must select `nodes`"))?;
        Ok((connection, rows))
    }

    /// The lines, batch by batch.
    pub fn lines(self, ctx: Ctx) -> impl Stream<Item = Result<Vec<u8>>> + Send {
        try_stream! {
            let (connection, object) = self.parts()?;
            let mut list = self.list(connection)?.clone();
            list.limit = BATCH;
            let mut bound = self.bound.clone();
            let mut lines = Lines::new(self.format);
            if let Format::Csv { .. } = self.format {
                let mut names = Vec::new();
                header(object, "", &mut names);
                if self.cursor {
                    names.push("cursor".to_owned());
                }
                lines.names(&names)?;
            }
            loop {
                bound[connection.slot] = Bound::List(list.clone());
                let read = batch(&ctx, connection, object, &list, &bound).await?;
                let Batch { rows, last, more } = read;
                for row in rows {
                    lines.row(object, &row.json, self.cursor.then_some(row.cursor.as_str()))?;
                }
                yield lines.take();
                match last {
                    Some(edge) if more => list.after = Some(edge),
                    _ => break,
                }
            }
        }
    }
}

/// The names of a row's columns.
fn header(object: &Object, prefix: &str, names: &mut Vec<String>) {
    for (key, field) in &object.fields {
        let name = format!("{prefix}{}", key.name());
        match field {
            Field::One(inner, _) => header(inner, &format!("{name}."), names),
            _ => names.push(name),
        }
    }
}

/// Lines, as they are written.
struct Lines {
    format: Format,
    out: Vec<u8>,
}

impl Lines {
    fn new(format: Format) -> Self {
        Self {
            format,
            out: Vec::new(),
        }
    }

    fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.out)
    }

    fn names(&mut self, names: &[String]) -> Result<()> {
        self.record(names)
    }

    fn row(&mut self, object: &Object, json: &[u8], cursor: Option<&str>) -> Result<()> {
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
