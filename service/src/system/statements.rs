//! What statements are run, by whom, at what cost, and who waits for whom.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::{policy, postgres};
use crate::ctx::Ctx;
use crate::db::{Engine, RunningStatement, SlowStatement, WriterStatus};
use crate::error::Result;
use crate::operation::Statistics;

/// Statements that took long.
#[derive(Clone, Debug)]
pub struct SlowQueries {
    /// From what time on a statement is slow.
    pub threshold: Duration,
    /// Those of this process, the latest first.
    pub recent: Vec<SlowStatement>,
    /// What the server counted of all its clients, the most expensive first; nothing, where it does
    /// not count.
    pub server: Option<Vec<ServerStatement>>,
}

/// A kind of statement as the server counts it.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the fields are those of the server's view")]
pub struct ServerStatement {
    pub sql: String,
    pub calls: i64,
    pub rows: i64,
    pub total_ms: f64,
    pub mean_ms: f64,
    pub max_ms: f64,
}

/// What the operations of this process came to.
#[derive(Clone, Debug)]
pub struct Usage {
    /// Since when.
    pub since: DateTime<Utc>,
    /// One for each name, those with the most time in the database first.
    pub operations: Vec<Statistics>,
}

/// What is being done.
#[derive(Clone, Debug)]
pub struct Activity {
    /// The statements of this process, the oldest first.
    pub statements: Vec<RunningStatement>,
    /// The sessions of every client that are not idle, as the server sees them; empty where there is
    /// no server.
    pub sessions: Vec<ServerSession>,
}

/// A session that is not idle.
#[derive(Clone, Debug)]
pub struct ServerSession {
    /// The server's process.
    pub pid: i32,
    /// What it calls the session's state.
    pub state: String,
    /// What the client calls itself.
    pub client: String,
    /// The statement that runs, or ran last, without values.
    pub sql: String,
    /// Since the statement began, in milliseconds.
    pub elapsed_ms: Option<i64>,
    /// Since the transaction began, in milliseconds.
    pub transaction_ms: Option<i64>,
    /// What it waits for.
    pub waits_for: Option<String>,
}

/// Who waits for whom.
#[derive(Clone, Debug)]
pub struct Locks {
    /// Whose turn it is to write, where the engine takes one writer at a time.
    pub writer: Option<WriterStatus>,
    /// Sessions that wait for another one, those that wait longest first.
    pub waits: Vec<LockWait>,
}

/// A session that waits for another one.
#[derive(Clone, Debug)]
#[expect(
    missing_docs,
    reason = "each is of the one that waits, or of the one that blocks"
)]
pub struct LockWait {
    pub waiting_pid: i32,
    pub waiting_sql: String,
    /// Since it began to wait, in milliseconds.
    pub waiting_ms: Option<i64>,
    pub blocking_pid: i32,
    pub blocking_sql: String,
    pub blocking_state: Option<String>,
    /// Since the blocking transaction began, in milliseconds.
    pub blocking_ms: Option<i64>,
    /// The kind of lock, and the table where it is one of a table.
    pub lock: String,
    pub mode: String,
    pub table: Option<String>,
}

/// The statements that took long.
pub async fn slow_queries(ctx: &Ctx) -> Result<SlowQueries> {
    policy::read(&ctx.actor)?;
    let db = &ctx.services.db;
    let server = match db.engine() {
        Engine::Sqlite => None,
        Engine::Postgres => postgres::statements(&ctx.read()?).await?,
    };
    Ok(SlowQueries {
        threshold: db.settings().slow_statement,
        recent: db.slow_statements(),
        server,
    })
}

/// What the operations of this process came to. Asks nothing of the database.
pub async fn operations(ctx: &Ctx) -> Result<Usage> {
    policy::read(&ctx.actor)?;
    Ok(usage(ctx))
}

fn usage(ctx: &Ctx) -> Usage {
    let operations = &ctx.services.operations;
    Usage {
        since: operations.since(),
        operations: operations.statistics(),
    }
}

/// Begin the statistics of operations and the record of slow statements anew, in this process.
pub async fn reset(ctx: &Ctx) -> Result<Usage> {
    policy::reset(&ctx.actor)?;
    ctx.services.operations.reset(ctx.now());
    ctx.services.db.forget_slow_statements();
    Ok(usage(ctx))
}

/// The statements that run now.
pub async fn activity(ctx: &Ctx) -> Result<Activity> {
    policy::read(&ctx.actor)?;
    let db = &ctx.services.db;
    let statements = db.running_statements();
    let sessions = match db.engine() {
        Engine::Sqlite => Vec::new(),
        Engine::Postgres => postgres::sessions(&ctx.read()?).await?,
    };
    Ok(Activity {
        statements,
        sessions,
    })
}

/// Who waits for whom.
pub async fn locks(ctx: &Ctx) -> Result<Locks> {
    policy::read(&ctx.actor)?;
    let db = &ctx.services.db;
    let waits = match db.engine() {
        Engine::Sqlite => Vec::new(),
        Engine::Postgres => postgres::waits(&ctx.read()?).await?,
    };
    Ok(Locks {
        writer: db.writer_status(),
        waits,
    })
}
