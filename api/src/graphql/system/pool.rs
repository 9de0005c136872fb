//! The connections to the database, and the checks of health.

use async_graphql::{Enum, SimpleObject};
use chrono::{DateTime, Utc};
use service::db::{self, DatabaseHealth};
use service::{health, system};

use super::super::scalar::BigInt;
use super::{big, int, millis};

/// A database engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "db::Engine")]
pub(super) enum Engine {
    /// `SQLite`, embedded.
    Sqlite,
    /// `PostgreSQL`.
    Postgres,
}

/// Where a connection stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "db::State")]
enum ConnectionState {
    /// The first connection is being made.
    Connecting,
    /// Statements run.
    Connected,
    /// It is away, and tried again from time to time.
    Failed,
    /// It was lost a moment ago, or a reconnect was asked for.
    Reconnecting,
    /// Nobody wants it.
    Closed,
}

/// Where statements go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "db::Source")]
enum Source {
    /// The database that takes the writes.
    Primary,
    /// Its replica.
    Replica,
}

/// What went wrong with a connection.
#[derive(Debug, SimpleObject)]
struct ConnectionError {
    /// What kind of trouble it is, such as `NETWORK_ERROR`.
    category: &'static str,
    /// Whether trying again can help.
    temporary: bool,
    /// What the driver said, without secrets.
    message: String,
    /// What to do about it.
    steps: Vec<String>,
}

/// The connections to the database.
#[derive(Debug, SimpleObject)]
pub(super) struct Pool {
    engine: Engine,
    state: ConnectionState,
    connected: bool,
    last_connected_at: Option<DateTime<Utc>>,
    /// Why it is away; null while it is connected.
    last_error: Option<ConnectionError>,
    /// How often it was tried again since it was last there.
    retry_count: i32,
    /// The pools: the primary's, and the replica's where there is one.
    sources: Vec<PoolSource>,
    limits: PoolLimits,
}

/// One of the pools.
#[derive(Debug, SimpleObject)]
struct PoolSource {
    source: Source,
    /// Whether statements go there now.
    usable: bool,
    /// How many connections it may open.
    max: i32,
    /// How many are open.
    size: i32,
    /// How many of them wait for work.
    idle: i32,
    /// How many of them work.
    in_use: i32,
    /// How many callers wait for one.
    waiting: i32,
    /// How far a replica is behind, in milliseconds, as far as that is known.
    lag_ms: Option<BigInt>,
    /// Why it cannot be used.
    last_error: Option<ConnectionError>,
}

/// What connections are limited to, in milliseconds.
#[derive(Debug, SimpleObject)]
#[expect(clippy::struct_field_names, reason = "a unit is part of a name")]
struct PoolLimits {
    connection_timeout_ms: f64,
    idle_timeout_ms: f64,
    max_lifetime_ms: f64,
    statement_deadline_ms: f64,
    /// Past this, reads leave the replica.
    max_replica_lag_ms: f64,
}

/// Whether the process is fit to answer.
#[derive(Debug, SimpleObject)]
pub(super) struct Health {
    /// Whether requests can be answered.
    ready: bool,
    /// Whether it is about to stop.
    draining: bool,
    /// Whether a connection was had and answered.
    database: bool,
    /// How long that took, in milliseconds.
    latency_ms: BigInt,
    error: Option<ConnectionError>,
    /// The migrations that the database lacks; null where that cannot be known.
    pending_migrations: Option<Vec<String>>,
}

impl From<db::LastError> for ConnectionError {
    fn from(error: db::LastError) -> Self {
        Self {
            category: error.category.name(),
            temporary: error.kind == db::Kind::Temporary,
            message: error.message,
            steps: error.steps,
        }
    }
}

impl From<system::Pool> for Pool {
    fn from(pool: system::Pool) -> Self {
        let (status, limits) = (pool.status, pool.limits);
        Self {
            engine: pool.engine.into(),
            state: status.state.into(),
            connected: status.connected,
            last_connected_at: status.last_connected_at,
            last_error: status.last_error.map(Into::into),
            retry_count: int(status.retry_count),
            sources: pool.sources.into_iter().map(Into::into).collect(),
            limits: PoolLimits {
                connection_timeout_ms: millis(limits.connection_timeout_of(&limits.url)),
                idle_timeout_ms: millis(limits.idle_timeout),
                max_lifetime_ms: millis(limits.max_lifetime),
                statement_deadline_ms: millis(limits.statement_deadline_of(&limits.url)),
                max_replica_lag_ms: millis(limits.max_replica_lag),
            },
        }
    }
}

impl From<system::PoolSource> for PoolSource {
    fn from(source: system::PoolSource) -> Self {
        let pool = source.pool;
        Self {
            source: source.source.into(),
            usable: source.usable,
            max: int(pool.max),
            size: int(pool.size),
            idle: int(pool.idle),
            in_use: int(pool.in_use),
            waiting: int(pool.waiting),
            lag_ms: source.lag_ms.map(big),
            last_error: source.error.map(Into::into),
        }
    }
}

impl From<health::Report> for Health {
    fn from(report: health::Report) -> Self {
        let ready = report.is_ready();
        let DatabaseHealth {
            healthy,
            latency_ms,
            error,
            ..
        } = report.database;
        Self {
            ready,
            draining: report.draining,
            database: healthy,
            latency_ms: big(latency_ms),
            error: error.map(Into::into),
            pending_migrations: report.pending,
        }
    }
}
