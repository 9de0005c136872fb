//! A plan, asked and answered: one statement a level, rows straight to JSON.

mod data;
mod dialect;
mod figures;
mod filter;
mod json;
mod level;
mod page;
mod postgres;
mod rows;
mod sql;
mod sqlite;
mod write;

use std::time::Duration;

use sea_orm::DbErr;
use tokio::time::{Instant, timeout_at};

use self::data::{Asking, Data, Page};
pub(super) use self::rows::{delete, insert, keys, last_removal, row, update};
use self::write::Writer;
use super::access::Access;
use super::bind::{Edge, ListArgs};
use super::error::Error as Refusal;
use super::plan::{Bound, Connection, Object, Plan, Row};
use crate::ctx::Ctx;
use crate::db::Reader;
use crate::db::classify::{Outcome, classify};
use crate::error::{Error, Result};

/// How much longer the database goes on, so that it is we who say what took too long.
const GRACE: Duration = Duration::from_millis(100);

/// Ask `plan` with its arguments, and write the answer's JSON to `out`.
///
/// Only rows that the caller may see take part, at every level. Refused when the caller may not read
/// something that is selected, and when a sum is larger than 64 bits hold.
///
/// A list that no index serves is given up after the
/// [deadline](crate::settings::Settings::unserved_deadline) of such lists.
pub async fn run(ctx: &Ctx, plan: &Plan, bound: &[Bound], out: &mut Vec<u8>) -> Result<()> {
    let reader = ctx.analytics()?;
    if plan.is_served(bound) {
        return answer(ctx, &reader, plan, bound, out).await;
    }
    let due = Instant::now() + ctx.settings().unserved_deadline;
    let reader = reader.until(due + GRACE);
    let answered = timeout_at(due, answer(ctx, &reader, plan, bound, out)).await;
    answered.unwrap_or_else(|_| Err(Refusal::Unserved.into()))
}

async fn answer(
    ctx: &Ctx,
    reader: &Reader,
    plan: &Plan,
    bound: &[Bound],
    out: &mut Vec<u8>,
) -> Result<()> {
    let access = Access::of(&ctx.actor)?;
    plan.check(&access)?;
    let asking = Asking {
        conn: reader,
        dialect: dialect::of(reader.engine()),
        access: &access,
        bound,
    };
    let mut writer = Writer {
        dialect: asking.dialect,
        out,
    };
    match plan {
        Plan::List(connection) => {
            let data = asking.connection(connection, None).await?;
            writer.connection(connection, &data, 0)
        }
        Plan::Row(row) => {
            let data = one(&asking, row).await?;
            if data.rows.is_empty() {
                json::null(writer.out);
                return Ok(());
            }
            writer.object(&row.level, &row.object, &data, 0)
        }
    }
}

async fn one<C: sea_orm::ConnectionTrait>(asking: &Asking<'_, C>, row: &Row) -> Result<Data> {
    let Some(Bound::Key(key)) = asking.bound.get(row.slot) else {
        return Err(Error::internal("a row without its key"));
    };
    let statement = level::row(asking.dialect, asking.access, &row.level, key);
    let mut data = Data::empty(0, 1);
    data.rows = asking
        .conn
        .query_all_raw(statement)
        .await
        .map_err(unreadable)?;
    data.pages = vec![Page {
        rows: 0..data.rows.len(),
        ..Page::default()
    }];
    if !data.rows.is_empty() {
        for child in &row.level.children {
            let below = asking.child(&row.level, child, &data).await?;
            data.children.push(below);
        }
    }
    Ok(data)
}

/// The only value that a read of figures can refuse is a sum that 64 bits do not hold: parameters are
/// checked before.
fn overflow(error: DbErr) -> Error {
    if matches!(classify(&error).outcome, Outcome::RefusedText) {
        return Refusal::Overflow.into();
    }
    error.into()
}

/// What a read of rows refuses is what stands in them.
fn unreadable(error: DbErr) -> Error {
    if matches!(classify(&error).outcome, Outcome::RefusedText) {
        return Error::internal(error);
    }
    error.into()
}

/// Some rows of a list, for an export.
pub(super) struct Batch {
    pub(super) rows: Vec<Line>,
    /// Where the last row stands.
    pub(super) last: Option<Edge>,
    /// Whether rows follow.
    pub(super) more: bool,
}

/// A row of an export.
pub(super) struct Line {
    pub(super) json: Vec<u8>,
    pub(super) cursor: String,
}

/// The rows of one page of `connection`, each written as `object` says.
pub(super) async fn batch(
    ctx: &Ctx,
    connection: &Connection,
    object: &Object,
    list: &ListArgs,
    bound: &[Bound],
) -> Result<Batch> {
    let access = Access::of(&ctx.actor)?;
    let reader = ctx.analytics()?;
    let asking = Asking {
        conn: &reader,
        dialect: dialect::of(reader.engine()),
        access: &access,
        bound,
    };
    let data = asking.page(connection, list).await?;
    let page = data.pages.first().cloned().unwrap_or_default();
    let mut rows = Vec::with_capacity(page.rows.len());
    for row in page.in_order() {
        let mut json = Vec::new();
        let mut writer = Writer {
            dialect: asking.dialect,
            out: &mut json,
        };
        writer.object(&connection.level, object, &data, row)?;
        let mut cursor = Vec::new();
        Writer {
            dialect: asking.dialect,
            out: &mut cursor,
        }
        .cursor(&data, row)?;
        let cursor = serde_json::from_slice(&cursor).map_err(Error::internal)?;
        rows.push(Line { json, cursor });
    }
    let entity = connection.level.entity();
    let end = rows
        .last()
        .map(|row: &Line| list.edge(entity, &row.cursor))
        .transpose()?;
    Ok(Batch {
        rows,
        last: end,
        more: page.has_next(),
    })
}
