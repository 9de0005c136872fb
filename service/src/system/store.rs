//! Every query about the process that both engines read alike.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use entity::platform::job::{self, JobState};
use entity::{Scope, Scoped};
use sea_orm::sea_query::{Alias, Order, Query};
use sea_orm::{ColumnTrait, ConnectionTrait, QueryFilter, QueryOrder, QuerySelect, Statement};

use super::jobs::{DeadJob, Line};
use super::schema::Applied;
use crate::db::{Category, Reader, classify};
use crate::error::Result;
use crate::health::ASIDE;

/// How many rows each of `tables` has, none counted past `most`.
pub(super) async fn count_up_to(
    reader: &Reader,
    tables: &[&'static str],
    most: i64,
) -> Result<BTreeMap<&'static str, i64>> {
    if tables.is_empty() {
        return Ok(BTreeMap::new());
    }
    let counts: Vec<String> = tables
        .iter()
        .map(|table| {
            format!("(SELECT count(*) FROM (SELECT 1 FROM \"{table}\" LIMIT {most}) AS part)")
        })
        .collect();
    let sql = format!("SELECT {}", counts.join(", "));
    let statement = Statement::from_string(reader.get_database_backend(), sql);
    let row = reader.query_one_raw(statement).await?;
    let mut counted = BTreeMap::new();
    for (at, table) in tables.iter().enumerate() {
        let rows = row.as_ref().map(|row| row.try_get_by_index::<i64>(at));
        counted.insert(*table, rows.transpose()?.unwrap_or(0));
    }
    Ok(counted)
}

/// What the database says was applied, oldest first. Where nobody ever migrated it, that is nothing.
pub(super) async fn history(reader: &Reader, steps: &[String]) -> Result<Vec<Applied>> {
    let applied = listed(reader, "seaql_migrations").await?;
    if applied.iter().any(|one| steps.contains(&one.name)) {
        return Ok(applied);
    }
    // Another program may keep the standard table: ours is beside it then.
    let aside = listed(reader, ASIDE).await?;
    Ok(if aside.is_empty() { applied } else { aside })
}

async fn listed(reader: &Reader, list: &'static str) -> Result<Vec<Applied>> {
    let column = |name: &str| Alias::new(name.to_owned());
    let query = Query::select()
        .columns([column("version"), column("applied_at")])
        .from(column(list))
        .order_by(column("version"), Order::Asc)
        .to_owned();
    let rows = match reader.query_all(&query).await {
        Ok(rows) => rows,
        Err(error) if classify(&error).category == Category::SchemaError => Vec::new(),
        Err(error) => return Err(error.into()),
    };
    let applied = rows.iter().map(|row| {
        Ok(Applied {
            name: row.try_get_by_index(0)?,
            at: DateTime::from_timestamp(row.try_get_by_index(1)?, 0),
            known: false,
        })
    });
    applied.collect()
}

/// How many jobs stand where, by queue and state.
pub(super) async fn job_lines(reader: &Reader) -> Result<Vec<Line>> {
    let lines: Vec<(String, JobState, i64)> = job::Entity::within(Scope::Everyone)
        .select_only()
        .columns([job::Column::Queue, job::Column::State])
        .column_as(job::Column::Id.count(), "count")
        .group_by(job::Column::Queue)
        .group_by(job::Column::State)
        .order_by_asc(job::Column::Queue)
        .order_by_asc(job::Column::State)
        .into_tuple()
        .all(reader)
        .await?;
    let line = |(queue, state, count)| Line {
        queue,
        state,
        count,
    };
    Ok(lines.into_iter().map(line).collect())
}

/// When the job was due that waits longest.
pub(crate) async fn oldest_job(
    reader: &Reader,
    now: DateTime<Utc>,
) -> Result<Option<DateTime<Utc>>> {
    let oldest: Option<Option<DateTime<Utc>>> = job::Entity::within(Scope::Everyone)
        .select_only()
        .column_as(job::Column::RunAt.min(), "oldest")
        .filter(job::Column::State.eq(JobState::Queued))
        .filter(job::Column::RunAt.lte(now))
        .into_tuple()
        .one(reader)
        .await?;
    Ok(oldest.flatten())
}

/// The last jobs that failed for good.
pub(super) async fn dead_jobs(reader: &Reader, most: u64) -> Result<Vec<DeadJob>> {
    let dead = job::Entity::within(Scope::Everyone)
        .filter(job::Column::State.eq(JobState::Dead))
        .order_by_desc(job::Column::CreatedAt)
        .order_by_desc(job::Column::Id)
        .limit(most)
        .all(reader)
        .await?;
    let named = dead.into_iter().map(|job| DeadJob {
        id: job.id,
        kind: job.kind,
        queue: job.queue,
        attempt: job.attempt,
        finished_at: job.finished_at,
    });
    Ok(named.collect())
}
