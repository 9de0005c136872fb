//! One session with a database, and what opens one.
//!
//! `SeaORM`'s own pooled connection is not used: when the future of a statement is dropped, its
//! connection goes back through a ping that has no time limit, so a server that hangs would empty
//! the pool for good; a refused connection is tried again in silence until the acquire timeout, so
//! the cause of that timeout is lost; and every statement costs two extra round trips.

mod postgres;
mod sqlite;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use futures::stream::BoxStream;
use sea_orm::{DbErr, ExecResult, QueryResult, RuntimeErr, SqlxError, Statement};

pub use self::postgres::PostgresConnector;
pub(super) use self::postgres::{ReplicaPosition, primary_position, replica_position};
pub use self::sqlite::SqliteConnector;
use super::engine::Engine;
use super::settings::DbSettings;
use super::url::DatabaseUrl;

/// One session with a database. Dropping it ends it, and whatever runs on it.
pub trait Session: Send {
    /// Run a statement that answers no rows.
    fn execute(&mut self, statement: Statement) -> BoxFuture<'_, Result<ExecResult, DbErr>>;
    /// Run one or more statements as they are, without preparing them.
    fn execute_unprepared<'a>(
        &'a mut self,
        sql: &'a str,
    ) -> BoxFuture<'a, Result<ExecResult, DbErr>>;
    /// The first row.
    fn query_one(
        &mut self,
        statement: Statement,
    ) -> BoxFuture<'_, Result<Option<QueryResult>, DbErr>>;
    /// All rows.
    fn query_all(&mut self, statement: Statement)
    -> BoxFuture<'_, Result<Vec<QueryResult>, DbErr>>;
    /// Row after row.
    fn stream(&mut self, statement: Statement) -> BoxStream<'_, Result<QueryResult, DbErr>>;
    /// Open a transaction; on `SQLite` one that writes.
    fn begin(&mut self) -> BoxFuture<'_, Result<(), DbErr>>;
    /// Open a transaction that only reads, each of its statements for `limit` at most: `PostgreSQL`
    /// ends one that takes longer. `SQLite` ends one when its session is dropped.
    fn begin_limited(&mut self, limit: Duration) -> BoxFuture<'_, Result<(), DbErr>>;
    /// Keep what the transaction did.
    fn commit(&mut self) -> BoxFuture<'_, Result<(), DbErr>>;
    /// Undo what the transaction did.
    fn rollback(&mut self) -> BoxFuture<'_, Result<(), DbErr>>;
    /// `SELECT 1`.
    fn ping(&mut self) -> BoxFuture<'_, Result<(), DbErr>>;
    /// End it in good order.
    fn close(self: Box<Self>) -> BoxFuture<'static, ()>;
}

/// What opens sessions.
pub trait Connector: Send + Sync + fmt::Debug {
    /// The engine at the other end.
    fn engine(&self) -> Engine;
    /// Open one session. The caller sets the time limit.
    fn open(&self) -> BoxFuture<'_, Result<Box<dyn Session>, DbErr>>;
}

/// The connector for `url`.
pub fn connector(url: &DatabaseUrl, settings: &DbSettings) -> Result<Arc<dyn Connector>, DbErr> {
    Ok(match url.engine() {
        Engine::Sqlite => Arc::new(SqliteConnector::new(url, settings)?),
        Engine::Postgres => Arc::new(PostgresConnector::new(url, settings)?),
    })
}

fn on_connect(error: SqlxError) -> DbErr {
    DbErr::Conn(RuntimeErr::SqlxError(Arc::new(error)))
}

fn on_execute(error: SqlxError) -> DbErr {
    DbErr::Exec(RuntimeErr::SqlxError(Arc::new(error)))
}

fn on_query(error: SqlxError) -> DbErr {
    DbErr::Query(RuntimeErr::SqlxError(Arc::new(error)))
}
