//! Sessions with `SQLite`: WAL, foreign keys, a short busy timeout, writes that begin IMMEDIATE.

use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures::future::BoxFuture;
use futures::stream::{BoxStream, StreamExt, TryStreamExt};
use sea_orm::sqlx::query::Query;
use sea_orm::sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous,
};
use sea_orm::sqlx::{self, AssertSqlSafe, ConnectOptions, Connection, Executor, Sqlite};
use sea_orm::{DbErr, ExecResult, QueryResult, SqlxError, Statement};
use sea_query_sqlx::SqlxValues;
use secrecy::ExposeSecret;
use tokio::sync::Mutex;

use super::{Connector, Session, on_connect, on_execute, on_query};
use crate::db::engine::Engine;
use crate::db::settings::{DbSettings, Synchronous};
use crate::db::url::DatabaseUrl;

/// How many instructions of its virtual machine `SQLite` runs between two looks at the stop sign.
const INSTRUCTIONS: i32 = 10_000;
/// How many rows the driver's thread reads ahead: with fewer, a page makes it and the reader wait for
/// each other in turn.
const ROWS: usize = 256;

/// Opens sessions with one database file, or one database in memory.
pub struct SqliteConnector {
    options: SqliteConnectOptions,
    shown: String,
    /// Holds a database in memory while no other session does.
    anchor: Option<Mutex<Option<SqliteConnection>>>,
}

impl SqliteConnector {
    /// A connector for `url`.
    pub fn new(url: &DatabaseUrl, settings: &DbSettings) -> Result<Self, DbErr> {
        let cleaned = url.cleaned().expose_secret();
        let mut options = SqliteConnectOptions::from_str(cleaned).map_err(on_connect)?;
        let read_only = cleaned.contains("mode=ro") || cleaned.contains("immutable=");
        if !read_only && !url.is_in_memory() {
            options = options.journal_mode(SqliteJournalMode::Wal);
        }
        let capacity = url
            .parameters()
            .statement_cache
            .unwrap_or(settings.statement_cache);
        let options = options
            .foreign_keys(true)
            .busy_timeout(settings.sqlite_busy_timeout)
            .synchronous(match settings.sqlite_synchronous {
                Synchronous::Full => SqliteSynchronous::Full,
                Synchronous::Normal => SqliteSynchronous::Normal,
                Synchronous::Off => SqliteSynchronous::Off,
            })
            .statement_cache_capacity(capacity)
            .row_buffer_size(ROWS)
            .disable_statement_logging();
        let anchor = url.is_in_memory().then(Mutex::default);
        Ok(Self {
            options,
            shown: url.to_string(),
            anchor,
        })
    }

    async fn connect(&self) -> Result<Box<dyn Session>, SqlxError> {
        if let Some(anchor) = &self.anchor {
            let mut anchor = anchor.lock().await;
            if anchor.is_none() {
                *anchor = Some(self.options.connect().await?);
            }
        }
        let mut connection = self.options.connect().await?;
        let stop = Arc::new(AtomicBool::new(false));
        let sign = Arc::clone(&stop);
        connection
            .lock_handle()
            .await?
            .set_progress_handler(INSTRUCTIONS, move || !sign.load(Ordering::Relaxed));
        Ok(Box::new(SqliteSession {
            connection: Some(connection),
            stop,
        }))
    }
}

impl std::fmt::Debug for SqliteConnector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SqliteConnector({})", self.shown)
    }
}

impl Connector for SqliteConnector {
    fn engine(&self) -> Engine {
        Engine::Sqlite
    }

    fn open(&self) -> BoxFuture<'_, Result<Box<dyn Session>, DbErr>> {
        Box::pin(async move { self.connect().await.map_err(on_connect) })
    }
}

struct SqliteSession {
    connection: Option<SqliteConnection>,
    stop: Arc<AtomicBool>,
}

impl SqliteSession {
    fn connection(&mut self) -> Result<&mut SqliteConnection, SqlxError> {
        self.connection.as_mut().ok_or(SqlxError::WorkerCrashed)
    }

    async fn plain(&mut self, sql: &'static str) -> Result<(), DbErr> {
        let connection = self.connection().map_err(on_execute)?;
        connection.execute(sql).await.map_err(on_execute)?;
        Ok(())
    }
}

/// A statement that nobody waits for any more would hold its thread, and perhaps the write lock,
/// to its end: the stop sign interrupts it.
impl Drop for SqliteSession {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

fn prepared(statement: Statement) -> Query<'static, Sqlite, SqlxValues> {
    let values = statement
        .values
        .unwrap_or_else(|| sea_orm::Values(Vec::new()));
    sqlx::query_with(AssertSqlSafe(statement.sql), SqlxValues(values))
}

impl Session for SqliteSession {
    fn execute(&mut self, statement: Statement) -> BoxFuture<'_, Result<ExecResult, DbErr>> {
        Box::pin(async move {
            let connection = self.connection().map_err(on_execute)?;
            Ok(prepared(statement)
                .execute(connection)
                .await
                .map_err(on_execute)?
                .into())
        })
    }

    fn execute_unprepared<'a>(
        &'a mut self,
        sql: &'a str,
    ) -> BoxFuture<'a, Result<ExecResult, DbErr>> {
        Box::pin(async move {
            let connection = self.connection().map_err(on_execute)?;
            let raw = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()));
            Ok(connection.execute(raw).await.map_err(on_execute)?.into())
        })
    }

    fn query_one(
        &mut self,
        statement: Statement,
    ) -> BoxFuture<'_, Result<Option<QueryResult>, DbErr>> {
        Box::pin(async move {
            let connection = self.connection().map_err(on_query)?;
            let row = prepared(statement)
                .fetch_optional(connection)
                .await
                .map_err(on_query)?;
            Ok(row.map(Into::into))
        })
    }

    fn query_all(
        &mut self,
        statement: Statement,
    ) -> BoxFuture<'_, Result<Vec<QueryResult>, DbErr>> {
        Box::pin(async move {
            let connection = self.connection().map_err(on_query)?;
            let rows = prepared(statement)
                .fetch_all(connection)
                .await
                .map_err(on_query)?;
            Ok(rows.into_iter().map(Into::into).collect())
        })
    }

    fn stream(&mut self, statement: Statement) -> BoxStream<'_, Result<QueryResult, DbErr>> {
        match self.connection() {
            Ok(connection) => {
                let rows = prepared(statement).fetch(connection);
                rows.map_ok(Into::into).map_err(on_query).boxed()
            }
            Err(error) => futures::stream::iter([Err(on_query(error))]).boxed(),
        }
    }

    fn begin(&mut self) -> BoxFuture<'_, Result<(), DbErr>> {
        Box::pin(self.plain("BEGIN IMMEDIATE"))
    }

    fn begin_limited(&mut self, _limit: Duration) -> BoxFuture<'_, Result<(), DbErr>> {
        Box::pin(self.plain("BEGIN DEFERRED"))
    }

    fn commit(&mut self) -> BoxFuture<'_, Result<(), DbErr>> {
        Box::pin(self.plain("COMMIT"))
    }

    fn rollback(&mut self) -> BoxFuture<'_, Result<(), DbErr>> {
        Box::pin(self.plain("ROLLBACK"))
    }

    fn ping(&mut self) -> BoxFuture<'_, Result<(), DbErr>> {
        Box::pin(self.plain("SELECT 1"))
    }

    fn close(mut self: Box<Self>) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            if let Some(connection) = self.connection.take() {
                let _ = connection.close().await;
            }
        })
    }
}
