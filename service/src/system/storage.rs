//! The tables: how many rows they have, about, and how much room they take.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use entity::registry::resources;

use super::{policy, postgres, sqlite, store};
use crate::ctx::Ctx;
use crate::db::{Engine, Reader};
use crate::error::Result;

/// Up to how many rows are counted rather than estimated.
pub(super) const COUNTED: i64 = 10_000;

/// How many rows a table has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Estimate {
    /// About how many.
    pub rows: i64,
    /// Whether they were counted: small tables are.
    pub exact: bool,
}

/// What the database takes.
#[derive(Clone, Debug)]
pub struct Storage {
    /// All of it, in bytes.
    pub bytes: i64,
    /// What of it could be used again, in bytes, where the engine tells.
    pub free_bytes: Option<i64>,
    /// The tables, the largest first.
    pub tables: Vec<Table>,
}

/// A table.
#[derive(Clone, Debug)]
pub struct Table {
    /// Its name.
    pub name: &'static str,
    /// How many rows it has.
    pub estimate: Estimate,
    /// What room it takes.
    pub room: TableUse,
}

/// What room a table takes; nothing, where that costs too much to find out.
#[derive(Clone, Debug, Default)]
pub struct TableUse {
    /// The rows, in bytes.
    pub bytes: Option<i64>,
    /// Its indexes, in bytes.
    pub index_bytes: Option<i64>,
    /// Rows that are gone and still take room, where the engine has such.
    pub dead_rows: Option<i64>,
    /// When they were last cleared away.
    pub last_vacuum: Option<DateTime<Utc>>,
    /// When the planner last looked at it.
    pub last_analyze: Option<DateTime<Utc>>,
}

/// About how many rows each table has, without counting any that is large: exact to
/// 10,000, and by the engine's own figures from there.
pub async fn estimates(ctx: &Ctx) -> Result<BTreeMap<&'static str, Estimate>> {
    policy::read(&ctx.actor)?;
    estimated(&ctx.read()?).await
}

/// The same as a question of somebody who was allowed it.
pub(crate) async fn estimated(reader: &Reader) -> Result<BTreeMap<&'static str, Estimate>> {
    let told = match reader.engine() {
        Engine::Sqlite => sqlite::row_estimates(reader).await?,
        Engine::Postgres => postgres::row_estimates(reader).await?,
    };
    let there = resources().iter().map(|one| one.table);
    let there: Vec<_> = there.filter(|table| told.contains_key(*table)).collect();
    let small = there.iter().copied();
    let small: Vec<_> = small.filter(|table| told[*table] <= COUNTED).collect();
    let counted = store::count_up_to(reader, &small, COUNTED + 1).await?;
    let estimate = |table: &'static str| match counted.get(table) {
        Some(rows) if *rows <= COUNTED => Estimate {
            rows: *rows,
            exact: true,
        },
        Some(rows) => Estimate {
            rows: (*rows).max(told[table]),
            exact: false,
        },
        None => Estimate {
            rows: told[table],
            exact: false,
        },
    };
    Ok(there.into_iter().map(|one| (one, estimate(one))).collect())
}

/// What the database takes, table by table.
pub async fn storage(ctx: &Ctx) -> Result<Storage> {
    policy::read(&ctx.actor)?;
    let reader = ctx.read()?;
    let estimates = estimated(&reader).await?;
    let (bytes, free_bytes, mut room) = match reader.engine() {
        Engine::Sqlite => sqlite::room(&reader).await?,
        Engine::Postgres => postgres::room(&reader).await?,
    };
    let mut tables: Vec<Table> = estimates
        .into_iter()
        .map(|(name, estimate)| Table {
            name,
            estimate,
            room: room.remove(name).unwrap_or_default(),
        })
        .collect();
    tables.sort_by_key(|table| {
        let bytes = table.room.bytes.unwrap_or(0) + table.room.index_bytes.unwrap_or(0);
        std::cmp::Reverse((bytes, table.estimate.rows))
    });
    Ok(Storage {
        bytes,
        free_bytes,
        tables,
    })
}
