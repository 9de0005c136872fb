//! All rows of a list, page after page, as lines: JSON Lines or CSV (RFC 4180).
//!
//! One batch is in memory at a time, however many rows there are and however large they are: the
//! next batch is as long as the last one says that it may be. A batch begins behind the last row of
//! the one before: rows that come or go meanwhile are neither doubled nor make others fall out.

mod lines;
pub mod link;
mod own;

pub use self::own::own;

use async_stream::try_stream;
use futures::stream::Stream;

use self::lines::{Lines, header};
use super::access::Access;
use super::bind::ListArgs;
use super::error::Error as Refusal;
use super::plan::{Bound, Connection, ConnectionField, EdgeField, Object, Plan};
use super::run::{Batch, batch};
use crate::ctx::Ctx;
use crate::error::{Common, Error, Result};
use crate::identity;

/// How many rows the first batch has, for all that is known of them.
const FIRST: u64 = 50;
/// How many rows a batch has at most.
const BATCH: u64 = 500;
/// How many bytes of lines a batch is to come to, about.
const BYTES: u64 = 512 * 1024;
/// How much one row with its lists may be made of.
const ROW: u64 = 1_000;
/// How many rows a batch may be made of, with those of its lists.
const ROWS: u64 = 5_000;

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
    /// How many rows a batch may have.
    most: u64,
}

impl Export {
    /// The rows of a list. `cursor` adds each row's cursor, behind which another export can begin
    /// (the list's `after`). The list's `first` is passed over: there is no most. So is all that is
    /// selected of the list beside its rows.
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
        let mut export = Self {
            plan,
            bound,
            format,
            cursor,
            most: 0,
        };
        let (connection, object) = export.parts()?;
        if object.fields.is_empty() {
            let detail = "must select something of the rows, and not skip all of it";
            return Err(Common::invalid("document", detail).into());
        }
        let list = export.list(connection)?;
        if list.backward {
            let detail = "an export begins at the start of a list: ask for first, not for last";
            return Err(Common::invalid("last", detail).into());
        }
        if cursor && object.fields.iter().any(|(key, _)| key.name() == "cursor") {
            let detail = "a field of the rows is already called so: give it an alias";
            return Err(Common::invalid("cursor", detail).into());
        }
        let cost: u64 = connection.level.cost(&export.bound);
        if cost > ROW {
            return Err(Refusal::Rows { most: ROW }.into());
        }
        export.most = (ROWS / (1 + cost)).clamp(1, BATCH);
        Ok(export)
    }

    /// What the list is called.
    pub fn name(&self) -> Result<&'static str> {
        let (connection, _) = self.parts()?;
        Ok(connection.level.entity().plural.as_str())
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
        let mut rows = connection.fields.iter().flat_map(|(_, field)| rows(field));
        match (rows.next(), rows.next()) {
            (Some(object), None) => Ok((connection, object)),
            _ => Err(Common::invalid("document", "must select the rows once: `nodes`").into()),
        }
    }

    /// The lines, batch by batch. They end with an error when the caller is no longer who they were
    /// at the first: the lines that would follow are another list's.
    pub fn lines(self, ctx: Ctx) -> impl Stream<Item = Result<Vec<u8>>> + Send {
        try_stream! {
            let (connection, object) = self.parts()?;
            let mut list = self.list(connection)?.clone();
            list.limit = FIRST.min(self.most);
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
                let count = rows.len() as u64;
                for row in rows {
                    lines.row(object, &row.json, self.cursor.then_some(row.cursor.as_str()))?;
                }
                let written = lines.take();
                list.limit = next(list.limit, count, written.len() as u64, self.most);
                yield written;
                match last {
                    Some(edge) if more => list.after = Some(edge),
                    _ => break,
                }
                identity::recall(&ctx).await?;
            }
        }
    }
}

/// The rows that a field of a list selects.
fn rows(field: &ConnectionField) -> Vec<&Object> {
    match field {
        ConnectionField::Nodes(object) => vec![object],
        ConnectionField::Edges(fields) => {
            let nodes = fields.iter().filter_map(|(_, field)| match field {
                EdgeField::Node(object) => Some(object),
                EdgeField::Typename | EdgeField::Cursor => None,
            });
            nodes.collect()
        }
        _ => Vec::new(),
    }
}

/// How many rows the batch has that follows one of `limit`, whose `rows` came to so many `bytes`.
fn next(limit: u64, rows: u64, bytes: u64, most: u64) -> u64 {
    let fit = rows.saturating_mul(BYTES) / bytes.max(1);
    // Rows differ: one batch of small ones does not promise the next.
    fit.min(limit.saturating_mul(4)).clamp(1, most)
}

#[cfg(test)]
mod tests {
    use super::next;

    #[test]
    fn a_batch_is_as_long_as_the_one_before_says() {
        assert_eq!(next(50, 50, 5_000, 500), 200);
        assert_eq!(next(200, 200, 20_000, 500), 500);
        assert_eq!(next(500, 500, 5 * 1024 * 1024, 500), 50);
        assert_eq!(next(50, 50, 50 * 1024 * 1024, 500), 1);
        assert_eq!(next(1, 1, 100, 4), 4);
        assert_eq!(next(50, 0, 0, 500), 1);
    }
}
