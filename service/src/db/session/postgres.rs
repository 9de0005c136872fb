//! Sessions with `PostgreSQL`, straight or through a pooler in transaction mode.
//!
//! Behind such a pooler two round trips may meet two servers, so there each statement outside a
//! transaction gets one of its own, statements are not named, and nothing is set for the session.

use std::fmt::Write as _;
use std::str::FromStr;
use std::time::Duration;

use futures::future::BoxFuture;
use futures::stream::{BoxStream, StreamExt, TryStreamExt};
use sea_orm::sqlx::postgres::{PgConnectOptions, PgConnection};
use sea_orm::sqlx::query::Query;
use sea_orm::sqlx::{self, AssertSqlSafe, ConnectOptions, Connection, Executor, Postgres};
use sea_orm::{DbBackend, DbErr, ExecResult, QueryResult, SqlxError, Statement};
use sea_query_sqlx::SqlxValues;
use secrecy::ExposeSecret;

use super::{Connector, Session, on_connect, on_execute, on_query};
use crate::db::engine::Engine;
use crate::db::settings::DbSettings;
use crate::db::url::DatabaseUrl;

/// Opens sessions with one `PostgreSQL` database.
pub struct PostgresConnector {
    options: PgConnectOptions,
    shown: String,
    pooled: Option<String>,
}

impl PostgresConnector {
    /// A connector for `url`.
    pub fn new(url: &DatabaseUrl, settings: &DbSettings) -> Result<Self, DbErr> {
        let parameters = url.parameters();
        let mut options = PgConnectOptions::from_str(url.cleaned().expose_secret())
            .map_err(on_connect)?
            .disable_statement_logging();
        if options.get_application_name().is_none() {
            options = options.application_name(&settings.application_name);
        }
        let limits = [
            ("statement_timeout", settings.statement_timeout.as_millis()),
            ("lock_timeout", settings.lock_timeout.as_millis()),
        ];
        let pooled = if parameters.pgbouncer {
            // A pooler refuses start-up parameters that it does not know.
            options = options.extra_float_digits(None).statement_cache_capacity(0);
            let mut begin = "BEGIN".to_owned();
            for (name, value) in limits {
                let _ = write!(begin, "; SET LOCAL {name} = {value}");
            }
            if let Some(schema) = &parameters.schema {
                let _ = write!(begin, "; SET LOCAL search_path = \"{schema}\"");
            }
            begin.push_str("; SET LOCAL jit = off");
            Some(begin)
        } else {
            let capacity = parameters
                .statement_cache
                .unwrap_or(settings.statement_cache);
            options = options
                .statement_cache_capacity(capacity)
                .options(limits)
                // It compiles for longer than the statements of charts take (docs/performance.md).
                .options([("jit", "off")])
                // A client that vanished holds its locks until the server notices.
                .options([
                    ("tcp_keepalives_idle", 30),
                    ("tcp_keepalives_interval", 10),
                    ("tcp_keepalives_count", 3),
                ]);
            None
        };
        Ok(Self {
            options,
            shown: url.to_string(),
            pooled,
        })
    }
}

impl std::fmt::Debug for PostgresConnector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PostgresConnector({})", self.shown)
    }
}

impl Connector for PostgresConnector {
    fn engine(&self) -> Engine {
        Engine::Postgres
    }

    fn open(&self) -> BoxFuture<'_, Result<Box<dyn Session>, DbErr>> {
        Box::pin(async move {
            let connection = self.options.connect().await.map_err(on_connect)?;
            let session: Box<dyn Session> = Box::new(PostgresSession {
                connection,
                pooled: self.pooled.clone(),
                in_transaction: false,
            });
            Ok(session)
        })
    }
}

struct PostgresSession {
    connection: PgConnection,
    /// How a transaction begins behind a pooler; `None` without one.
    pooled: Option<String>,
    in_transaction: bool,
}

impl PostgresSession {
    async fn raw(&mut self, sql: &str) -> Result<ExecResult, DbErr> {
        let raw = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()));
        Ok(self
            .connection
            .execute(raw)
            .await
            .map_err(on_execute)?
            .into())
    }

    fn prepared(&self, statement: Statement) -> Query<'static, Postgres, SqlxValues> {
        let values = statement
            .values
            .unwrap_or_else(|| sea_orm::Values(Vec::new()));
        let query = sqlx::query_with(AssertSqlSafe(statement.sql), SqlxValues(values));
        // The driver names a persistent statement even when its cache has no room.
        query.persistent(self.pooled.is_none())
    }

    /// Open the transaction that one statement behind a pooler needs. Says whether it did.
    async fn enter(&mut self) -> Result<bool, DbErr> {
        match &self.pooled {
            Some(begin) if !self.in_transaction => {
                let begin = begin.clone();
                self.raw(&begin).await?;
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    async fn leave<T>(&mut self, entered: bool, result: Result<T, DbErr>) -> Result<T, DbErr> {
        if entered {
            let end = if result.is_ok() { "COMMIT" } else { "ROLLBACK" };
            let ended = self.raw(end).await;
            if result.is_ok() {
                ended?;
            }
        }
        result
    }
}

impl Session for PostgresSession {
    fn execute(&mut self, statement: Statement) -> BoxFuture<'_, Result<ExecResult, DbErr>> {
        Box::pin(async move {
            let entered = self.enter().await?;
            let query = self.prepared(statement);
            let done = query.execute(&mut self.connection).await;
            self.leave(entered, done.map(Into::into).map_err(on_execute))
                .await
        })
    }

    fn execute_unprepared<'a>(
        &'a mut self,
        sql: &'a str,
    ) -> BoxFuture<'a, Result<ExecResult, DbErr>> {
        Box::pin(async move {
            let entered = self.enter().await?;
            let done = self.raw(sql).await;
            self.leave(entered, done).await
        })
    }

    fn query_one(
        &mut self,
        statement: Statement,
    ) -> BoxFuture<'_, Result<Option<QueryResult>, DbErr>> {
        Box::pin(async move {
            let entered = self.enter().await?;
            let query = self.prepared(statement);
            let row = query.fetch_optional(&mut self.connection).await;
            self.leave(
                entered,
                row.map(|row| row.map(Into::into)).map_err(on_query),
            )
            .await
        })
    }

    fn query_all(
        &mut self,
        statement: Statement,
    ) -> BoxFuture<'_, Result<Vec<QueryResult>, DbErr>> {
        Box::pin(async move {
            let entered = self.enter().await?;
            let query = self.prepared(statement);
            let rows = query.fetch_all(&mut self.connection).await;
            let rows = rows.map(|rows| rows.into_iter().map(Into::into).collect());
            self.leave(entered, rows.map_err(on_query)).await
        })
    }

    fn stream(&mut self, statement: Statement) -> BoxStream<'_, Result<QueryResult, DbErr>> {
        async_stream::try_stream! {
            let entered = self.enter().await?;
            let query = self.prepared(statement);
            {
                let mut rows = query.fetch(&mut self.connection).map_ok(Into::into).map_err(on_query);
                while let Some(row) = rows.next().await {
                    yield row?;
                }
            }
            self.leave(entered, Ok(())).await?;
        }
        .boxed()
    }

    fn begin(&mut self) -> BoxFuture<'_, Result<(), DbErr>> {
        Box::pin(async move {
            let begin = self.pooled.clone().unwrap_or_else(|| "BEGIN".to_owned());
            self.raw(&begin).await?;
            self.in_transaction = true;
            Ok(())
        })
    }

    fn begin_limited(&mut self, limit: Duration) -> BoxFuture<'_, Result<(), DbErr>> {
        Box::pin(async move {
            let begin = self.pooled.as_deref().unwrap_or("BEGIN");
            // 0 would be no limit.
            let limit = limit.as_millis().max(1);
            let begin = format!("{begin}; SET LOCAL statement_timeout = {limit}");
            self.raw(&begin).await?;
            self.in_transaction = true;
            Ok(())
        })
    }

    fn commit(&mut self) -> BoxFuture<'_, Result<(), DbErr>> {
        Box::pin(async move {
            self.in_transaction = false;
            self.raw("COMMIT").await?;
            Ok(())
        })
    }

    fn rollback(&mut self) -> BoxFuture<'_, Result<(), DbErr>> {
        Box::pin(async move {
            self.in_transaction = false;
            self.raw("ROLLBACK").await?;
            Ok(())
        })
    }

    fn ping(&mut self) -> BoxFuture<'_, Result<(), DbErr>> {
        Box::pin(async move {
            self.raw("SELECT 1").await?;
            Ok(())
        })
    }

    fn close(self: Box<Self>) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            let _ = self.connection.close().await;
        })
    }
}

/// How far a replica has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::db) enum ReplicaPosition {
    /// It has replayed the log up to here.
    Replayed(i64),
    /// It is no replica: it takes writes itself, and is as fresh as can be.
    Primary,
}

/// Where the primary writes its log.
pub(in crate::db) async fn primary_position(session: &mut dyn Session) -> Result<i64, DbErr> {
    position(
        session,
        "SELECT (pg_current_wal_lsn() - '0/0'::pg_lsn)::bigint AS at",
    )
    .await?
    .ok_or_else(|| {
        on_query(SqlxError::Protocol(
            "the server tells no position of its log".into(),
        ))
    })
}

/// How far a replica has come.
pub(in crate::db) async fn replica_position(
    session: &mut dyn Session,
) -> Result<ReplicaPosition, DbErr> {
    let sql = "SELECT CASE WHEN pg_is_in_recovery() \
               THEN (pg_last_wal_replay_lsn() - '0/0'::pg_lsn)::bigint END AS at";
    Ok(position(session, sql)
        .await?
        .map_or(ReplicaPosition::Primary, ReplicaPosition::Replayed))
}

async fn position(session: &mut dyn Session, sql: &str) -> Result<Option<i64>, DbErr> {
    let row = session
        .query_one(Statement::from_string(DbBackend::Postgres, sql))
        .await?;
    row.map_or(Ok(None), |row| row.try_get("", "at"))
}
