//! What a run loses of what is there, counted.

use std::collections::BTreeMap;
use std::fmt;

use sea_orm_migration::sea_orm::{ConnectionTrait, DbErr, Statement};
use serde::Serialize;

use super::track::{Taken, Track};
use super::{Size, planned, runs, sizes, statement};
use crate::adopt::Adoption;
use crate::engine::Engine;
use crate::error::Error;
use crate::schema::{Filling, LiveSchema, quoted};
use crate::step::{Direction, Step};

/// Rows that go, or what a column has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Loss {
    /// The step that takes it away.
    pub step: String,
    /// The table.
    pub table: String,
    /// The column; rows where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// How many rows go, or how many have something in the column.
    pub count: i64,
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { table, count, .. } = self;
        let s = if *count == 1 { "" } else { "s" };
        match &self.column {
            None => write!(f, "{table}: {count} row{s}"),
            Some(column) => write!(f, "{table}.{column}: {count} value{s}"),
        }
    }
}

/// What `steps` lose, in their order: rows, and what stands in columns. The tables are looked at only
/// where a step takes something away.
pub(crate) async fn losses(
    db: &impl ConnectionTrait,
    steps: impl Iterator<Item = &Step>,
    direction: Direction,
) -> Result<Vec<Loss>, Error> {
    let engine = Engine::of(db)?;
    let adoption = Adoption::of(db).await?;
    let steps: Vec<&Step> = steps.collect();
    let takes = steps.iter().any(|step| {
        let script = runs(adoption.as_ref(), step, engine, direction);
        let mut statements = statement::split(&script).into_iter();
        statements.any(statement::takes_away)
    });
    if !takes {
        return Ok(Vec::new());
    }
    let sizes = sizes(db).await?;
    let mut track = track(db, &sizes).await?;
    let mut found: Vec<Loss> = Vec::new();
    for step in steps {
        let planned = planned(
            step,
            (engine, direction),
            adoption.as_ref(),
            &sizes,
            &mut track,
        );
        for taken in planned.statements.iter().flat_map(|one| &one.taken) {
            // Both are made with their rows: a version, and a copy of what messages say.
            let is_made =
                taken.table == "alembic_version" || taken.table.starts_with("messages_fts");
            if is_made && direction == Direction::Down {
                continue;
            }
            let loss = Loss {
                step: step.name.to_owned(),
                table: taken.table.clone(),
                column: taken.column.clone(),
                count: count(db, taken).await?,
            };
            if loss.count > 0 && !found.contains(&loss) {
                found.push(loss);
            }
        }
    }
    Ok(found)
}

/// The tables of `sizes` as they stand before anything runs, with the columns that somebody fills.
pub(super) async fn track(
    db: &impl ConnectionTrait,
    sizes: &BTreeMap<String, Size>,
) -> Result<Track, DbErr> {
    if sizes.is_empty() {
        return Ok(Track::default());
    }
    let live = LiveSchema::read(db).await?;
    let columns = sizes.keys().map(|name| {
        let table = live.tables.get(name);
        let columns = table.iter().flat_map(|table| &table.columns);
        let is_computed =
            |filling: &Option<Filling>| matches!(filling, Some(Filling::Generated(_)));
        let columns = columns.filter(|one| !is_computed(&one.filling));
        (name.clone(), columns.map(|one| one.name.clone()).collect())
    });
    let kinds = sizes.keys().filter_map(|name| {
        let columns = live.tables.get(name)?.columns.iter();
        let kinds = columns.map(|one| (one.name.clone(), one.kind.clone()));
        Some((name.clone(), kinds.collect()))
    });
    Ok(Track::of(&columns.collect()).with_kinds(kinds.collect()))
}

/// How much it is.
async fn count(db: &impl ConnectionTrait, taken: &Taken) -> Result<i64, Error> {
    let backend = Engine::of(db)?.backend();
    let table = quoted(&taken.table);
    let ask = async |sql: String| {
        let row = db
            .query_one_raw(Statement::from_string(backend, sql))
            .await?;
        Ok::<i64, Error>(row.map_or(Ok(0), |row| row.try_get_by_index(0))?)
    };
    if let Some(column) = &taken.column {
        return ask(format!("SELECT count({}) FROM {table}", quoted(column))).await;
    }
    let all = format!("SELECT count(*) FROM {table}");
    if let Some(which) = &taken.which {
        // It may speak of what an earlier statement makes; then it may be all of them.
        if let Ok(some) = ask(format!("{all} WHERE {which}")).await {
            return Ok(some);
        }
    }
    ask(all).await
}
