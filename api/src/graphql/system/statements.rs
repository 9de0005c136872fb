//! Statements: what they cost, which run, who waits for whom. None is shown with its values.

use async_graphql::{Enum, SimpleObject};
use chrono::{DateTime, Utc};
use service::{db, operation, system};

use super::super::scalar::BigInt;
use super::{big, int, millis};

/// By which door an operation came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "operation::Kind")]
enum OperationKind {
    /// A route of REST, as method and path.
    Rest,
    /// A GraphQL operation: its name, or its root fields where it has none.
    Graphql,
    /// Work that nobody waits for.
    Job,
    /// A command of the binary.
    Command,
}

/// An operation.
#[derive(Debug, SimpleObject)]
struct OperationName {
    kind: OperationKind,
    name: String,
}

/// What is asked of a process, and what that costs.
#[derive(Debug, SimpleObject)]
pub(super) struct OperationStatistics {
    /// Since when it is counted.
    since: DateTime<Utc>,
    /// One for each name, those with the most time in the database first. A process tells a bounded
    /// number of names apart; what comes later is counted under `(others)`.
    operations: Vec<Operation>,
}

/// What one operation came to. Times are in milliseconds; percentiles are right to a sixteenth.
#[derive(Debug, SimpleObject)]
struct Operation {
    kind: OperationKind,
    name: String,
    calls: BigInt,
    /// How often a caller was refused (4xx).
    refusals: BigInt,
    /// How often it failed (5xx).
    errors: BigInt,
    p50_ms: f64,
    p95_ms: f64,
    p99_ms: f64,
    max_ms: f64,
    total_ms: f64,
    /// How many statements it ran.
    statements: BigInt,
    /// How many rows those brought or changed.
    rows: BigInt,
    /// How long those took; statements that run at the same time count each.
    database_ms: f64,
}

/// Statements that took long.
#[derive(Debug, SimpleObject)]
pub(super) struct SlowQueries {
    /// From how many milliseconds on a statement is slow (`DB_SLOW_STATEMENT`).
    threshold_ms: f64,
    /// The last 200 of this process, the latest first.
    recent: Vec<SlowStatement>,
    /// What `PostgreSQL` counted of all clients of the database, where the extension
    /// `pg_stat_statements` is there; the most expensive first.
    server: Option<Vec<ServerStatement>>,
}

/// A statement that took long.
#[derive(Debug, SimpleObject)]
struct SlowStatement {
    /// Without values.
    sql: String,
    /// When it ended.
    at: DateTime<Utc>,
    /// From the wait for a connection to the last row.
    elapsed_ms: f64,
    rows: BigInt,
    operation: Option<OperationName>,
    request_id: Option<String>,
    /// The code that the caller heard, where it failed.
    failure: Option<&'static str>,
}

/// A kind of statement as the server counts it.
#[derive(Debug, SimpleObject)]
struct ServerStatement {
    /// Without values.
    sql: String,
    calls: BigInt,
    rows: BigInt,
    total_ms: f64,
    mean_ms: f64,
    max_ms: f64,
}

/// What is being done.
#[derive(Debug, SimpleObject)]
pub(super) struct Activity {
    /// The statements of this process, the oldest first.
    statements: Vec<RunningStatement>,
    /// The sessions of every client that are not idle, as `PostgreSQL` sees them.
    sessions: Vec<Session>,
}

/// A statement that runs.
#[derive(Debug, SimpleObject)]
struct RunningStatement {
    /// Without values.
    sql: String,
    /// The wait for a connection included.
    elapsed_ms: f64,
    operation: Option<OperationName>,
    request_id: Option<String>,
}

/// A session of `PostgreSQL`.
#[derive(Debug, SimpleObject)]
#[graphql(name = "DatabaseSession")]
struct Session {
    pid: i32,
    state: String,
    /// What the client calls itself.
    client: String,
    /// The statement that runs, or ran last, without values.
    sql: String,
    elapsed_ms: Option<BigInt>,
    transaction_ms: Option<BigInt>,
    waits_for: Option<String>,
}

/// Who waits for whom.
#[derive(Debug, SimpleObject)]
pub(super) struct Locks {
    /// Whose turn it is to write, where the engine takes one writer at a time (`SQLite`).
    writer: Option<Writer>,
    /// Sessions that wait for another one (`PostgreSQL`), those that wait longest first.
    waits: Vec<LockWait>,
}

/// Whose turn it is to write.
#[derive(Debug, SimpleObject)]
struct Writer {
    /// For how long somebody of this process writes; null while nobody does.
    held_ms: Option<f64>,
    operation: Option<OperationName>,
    request_id: Option<String>,
    /// How many wait for their turn.
    waiting: i32,
}

/// A session that waits for another one.
#[derive(Debug, SimpleObject)]
struct LockWait {
    waiting_pid: i32,
    waiting_sql: String,
    waiting_ms: Option<BigInt>,
    blocking_pid: i32,
    blocking_sql: String,
    blocking_state: Option<String>,
    /// Since the blocking transaction began.
    blocking_ms: Option<BigInt>,
    /// The kind of lock.
    lock: String,
    mode: String,
    table: Option<String>,
}

impl From<operation::Label> for OperationName {
    fn from(label: operation::Label) -> Self {
        Self {
            kind: label.kind.into(),
            name: label.name.to_string(),
        }
    }
}

impl From<operation::Statistics> for Operation {
    fn from(one: operation::Statistics) -> Self {
        let [p50, p95, p99] = one.percentiles.map(millis);
        let OperationName { kind, name } = one.label.into();
        Self {
            kind,
            name,
            calls: big(one.calls),
            refusals: big(one.refusals),
            errors: big(one.errors),
            p50_ms: p50,
            p95_ms: p95,
            p99_ms: p99,
            max_ms: millis(one.slowest),
            total_ms: millis(one.total),
            statements: big(one.statements),
            rows: big(one.rows),
            database_ms: millis(one.database),
        }
    }
}

impl From<system::Usage> for OperationStatistics {
    fn from(usage: system::Usage) -> Self {
        Self {
            since: usage.since,
            operations: usage.operations.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<db::SlowStatement> for SlowStatement {
    fn from(slow: db::SlowStatement) -> Self {
        Self {
            sql: slow.sql,
            at: slow.at,
            elapsed_ms: millis(slow.elapsed),
            rows: big(slow.rows),
            operation: slow.operation.map(Into::into),
            request_id: slow.request_id,
            failure: slow.failure,
        }
    }
}

impl From<system::ServerStatement> for ServerStatement {
    fn from(one: system::ServerStatement) -> Self {
        Self {
            sql: one.sql,
            calls: BigInt(one.calls),
            rows: BigInt(one.rows),
            total_ms: one.total_ms,
            mean_ms: one.mean_ms,
            max_ms: one.max_ms,
        }
    }
}

impl From<system::SlowQueries> for SlowQueries {
    fn from(slow: system::SlowQueries) -> Self {
        let server = slow.server;
        Self {
            threshold_ms: millis(slow.threshold),
            recent: slow.recent.into_iter().map(Into::into).collect(),
            server: server.map(|all| all.into_iter().map(Into::into).collect()),
        }
    }
}

impl From<db::RunningStatement> for RunningStatement {
    fn from(running: db::RunningStatement) -> Self {
        Self {
            sql: running.sql,
            elapsed_ms: millis(running.elapsed),
            operation: running.operation.map(Into::into),
            request_id: running.request_id,
        }
    }
}

impl From<system::ServerSession> for Session {
    fn from(session: system::ServerSession) -> Self {
        Self {
            pid: session.pid,
            state: session.state,
            client: session.client,
            sql: session.sql,
            elapsed_ms: session.elapsed_ms.map(BigInt),
            transaction_ms: session.transaction_ms.map(BigInt),
            waits_for: session.waits_for,
        }
    }
}

impl From<system::Activity> for Activity {
    fn from(activity: system::Activity) -> Self {
        Self {
            statements: activity.statements.into_iter().map(Into::into).collect(),
            sessions: activity.sessions.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<system::LockWait> for LockWait {
    fn from(wait: system::LockWait) -> Self {
        Self {
            waiting_pid: wait.waiting_pid,
            waiting_sql: wait.waiting_sql,
            waiting_ms: wait.waiting_ms.map(BigInt),
            blocking_pid: wait.blocking_pid,
            blocking_sql: wait.blocking_sql,
            blocking_state: wait.blocking_state,
            blocking_ms: wait.blocking_ms.map(BigInt),
            lock: wait.lock,
            mode: wait.mode,
            table: wait.table,
        }
    }
}

impl From<system::Locks> for Locks {
    fn from(locks: system::Locks) -> Self {
        let writer = locks.writer.map(|writer| Writer {
            held_ms: writer.held.map(millis),
            operation: writer.operation.map(Into::into),
            request_id: writer.request_id,
            waiting: int(writer.waiting),
        });
        Self {
            writer,
            waits: locks.waits.into_iter().map(Into::into).collect(),
        }
    }
}
