//! The tables and the room that they take; the jobs.

use async_graphql::{Enum, SimpleObject};
use chrono::{DateTime, Utc};
use entity::platform::job;
use service::system;
use uuid::Uuid;

use super::super::scalar::BigInt;

/// The database and its tables.
#[derive(Debug, SimpleObject)]
pub(super) struct Storage {
    /// All of it, in bytes.
    bytes: BigInt,
    /// What of it could be used again, in bytes (`SQLite`).
    free_bytes: Option<BigInt>,
    /// The largest first.
    tables: Vec<Table>,
}

/// A table. Its room is null where it costs too much to find out: in a `SQLite` file above 256 MiB.
#[derive(Debug, SimpleObject)]
struct Table {
    name: &'static str,
    /// How many rows it has, or about how many.
    rows: BigInt,
    /// Whether they were counted: up to 10,000 are.
    rows_exact: bool,
    bytes: Option<BigInt>,
    index_bytes: Option<BigInt>,
    /// Rows that are gone and still take room (`PostgreSQL`).
    dead_rows: Option<BigInt>,
    /// When those were last cleared away.
    last_vacuum: Option<DateTime<Utc>>,
    /// When the planner last looked at it.
    last_analyze: Option<DateTime<Utc>>,
}

/// Where a job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "job::JobState", rename_items = "snake_case")]
enum JobState {
    /// Waits for its time and a worker.
    Queued,
    /// A worker holds it.
    Running,
    /// It is done.
    Succeeded,
    /// The last try failed.
    Dead,
    /// It was called off.
    Cancelled,
}

/// How the jobs stand.
#[derive(Debug, SimpleObject)]
pub(super) struct JobStatistics {
    /// How many, by queue and state.
    counts: Vec<JobCount>,
    /// Since when the job waits that was due first; null where none is due.
    oldest_waiting: Option<DateTime<Utc>>,
    /// The last 20 that failed for good, the latest first.
    dead: Vec<DeadJob>,
}

/// The jobs of one queue that stand alike.
#[derive(Debug, SimpleObject)]
struct JobCount {
    queue: String,
    state: JobState,
    count: BigInt,
}

/// A job that failed for good.
#[derive(Debug, SimpleObject)]
struct DeadJob {
    id: Uuid,
    kind: String,
    queue: String,
    attempt: i32,
    finished_at: Option<DateTime<Utc>>,
}

impl From<system::Table> for Table {
    fn from(table: system::Table) -> Self {
        let room = table.room;
        Self {
            name: table.name,
            rows: BigInt(table.estimate.rows),
            rows_exact: table.estimate.exact,
            bytes: room.bytes.map(BigInt),
            index_bytes: room.index_bytes.map(BigInt),
            dead_rows: room.dead_rows.map(BigInt),
            last_vacuum: room.last_vacuum,
            last_analyze: room.last_analyze,
        }
    }
}

impl From<system::Storage> for Storage {
    fn from(storage: system::Storage) -> Self {
        Self {
            bytes: BigInt(storage.bytes),
            free_bytes: storage.free_bytes.map(BigInt),
            tables: storage.tables.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<system::Jobs> for JobStatistics {
    fn from(jobs: system::Jobs) -> Self {
        let counts = jobs.lines.into_iter().map(|line| JobCount {
            queue: line.queue,
            state: line.state.into(),
            count: BigInt(line.count),
        });
        let dead = jobs.dead.into_iter().map(|job| DeadJob {
            id: job.id.0,
            kind: job.kind,
            queue: job.queue,
            attempt: job.attempt,
            finished_at: job.finished_at,
        });
        Self {
            counts: counts.collect(),
            oldest_waiting: jobs.oldest_waiting,
            dead: dead.collect(),
        }
    }
}
