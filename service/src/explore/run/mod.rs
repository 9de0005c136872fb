//! A plan, asked and answered: one statement a level, rows straight to JSON.

mod data;
mod dialect;
mod figures;
mod filter;
mod json;
mod level;
mod page;
mod postgres;
mod sql;
mod sqlite;
mod write;

use sea_orm::DbErr;

use self::data::{Asking, Data, Page};
use self::write::Writer;
use super::access::Access;
use super::error::Error as Refusal;
use super::plan::{Bound, Plan, Row};
use crate::ctx::Ctx;
use crate::db::classify::{Outcome, classify};
use crate::error::{Error, Result};

/// Ask `plan` with its arguments, and write the answer's JSON to `out`.
///
/// Only rows that the caller may see take part, at every level. Refused when the caller may not read
/// something that is selected, and when a sum is larger than 64 bits hold.
pub async fn run(ctx: &Ctx, plan: &Plan, bound: &[Bound], out: &mut Vec<u8>) -> Result<()> {
    let access = Access::of(&ctx.actor)?;
    plan.check(&access)?;
    let reader = ctx.analytics()?;
    let asking = Asking {
        conn: &reader,
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
    data.rows = asking.conn.query_all_raw(statement).await?;
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

/// The only value that a read can refuse is a sum that 64 bits do not hold: parameters are checked
/// before.
fn overflow(error: DbErr) -> Error {
    if matches!(classify(&error).outcome, Outcome::RefusedText) {
        return Refusal::Overflow.into();
    }
    error.into()
}
