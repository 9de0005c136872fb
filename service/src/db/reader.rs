//! A handle to read with: every statement takes a connection of its own, for its own time.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use futures::stream::{BoxStream, StreamExt};
use sea_orm::prelude::async_trait::async_trait;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, ExecResult, QueryResult, Statement, StreamTrait};

use tokio::time::Instant;

use super::connect::ConnectionManager;
use super::engine::Engine;
use super::pool::Pool;
use super::session::Session;

/// Where a [`Reader`] reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The database that takes the writes.
    Primary,
    /// Its replica, for as long as that is fresh enough; the primary otherwise.
    Replica,
}

/// A handle for questions. Cheap to clone; holds no connection between statements.
#[derive(Clone)]
pub struct Reader {
    manager: Arc<ConnectionManager>,
    source: Source,
    due: Option<Instant>,
}

impl Reader {
    pub(super) fn new(manager: Arc<ConnectionManager>, source: Source) -> Self {
        Self {
            manager,
            source,
            due: None,
        }
    }

    /// The same for somebody who waits until `due`: the database works no longer for them, even when
    /// they are gone. Rows that are read one by one take their time.
    #[must_use]
    pub fn until(self, due: Instant) -> Self {
        Self {
            due: Some(due),
            ..self
        }
    }

    /// The engine underneath.
    pub fn engine(&self) -> Engine {
        self.manager.engine()
    }

    /// Where it reads.
    pub fn source(&self) -> Source {
        self.source
    }

    /// The manager that it belongs to.
    pub fn manager(&self) -> &Arc<ConnectionManager> {
        &self.manager
    }

    fn pool(&self) -> Result<Arc<Pool>, DbErr> {
        self.manager.pool_of(self.source)
    }

    async fn run<T: Send + 'static>(
        &self,
        sql: String,
        rows: fn(&T) -> u64,
        work: impl for<'s> FnOnce(&'s mut dyn Session) -> BoxFuture<'s, Result<T, DbErr>>
        + Send
        + 'static,
    ) -> Result<T, DbErr> {
        let pool = self.pool()?;
        let statement = self.manager.memory.begin(sql);
        let result = match pool.acquire().await {
            Ok(mut lease) => {
                let deadline = self.manager.deadline();
                match self.due {
                    None => lease.run(deadline, work).await,
                    Some(due) => {
                        let limit = due.duration_since(Instant::now());
                        let work = lease.run(deadline, |session| within(limit, session, work));
                        work.await
                    }
                }
            }
            Err(error) => Err(error),
        };
        let rows = result.as_ref().map_or(0, rows);
        self.manager
            .note(&pool, &statement, rows, result.as_ref().err());
        result
    }
}

/// `work` in a transaction of its own, whose statements take no longer than `limit`.
fn within<'s, T: Send + 's>(
    limit: Duration,
    session: &'s mut dyn Session,
    work: impl for<'w> FnOnce(&'w mut dyn Session) -> BoxFuture<'w, Result<T, DbErr>> + Send + 's,
) -> BoxFuture<'s, Result<T, DbErr>> {
    Box::pin(async move {
        session.begin_limited(limit).await?;
        let result = work(session).await;
        if result.is_ok() {
            session.commit().await?;
        } else {
            // Fails only with the connection, and then that is what its holder has to hear.
            session.rollback().await?;
        }
        result
    })
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader")
            .field("source", &self.source)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl ConnectionTrait for Reader {
    fn get_database_backend(&self) -> DbBackend {
        self.engine().into()
    }

    async fn execute_raw(&self, stmt: Statement) -> Result<ExecResult, DbErr> {
        self.run(stmt.sql.clone(), ExecResult::rows_affected, |session| {
            session.execute(stmt)
        })
        .await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        let raw = sql.to_owned();
        self.run(raw.clone(), ExecResult::rows_affected, |session| {
            Box::pin(async move { session.execute_unprepared(&raw).await })
        })
        .await
    }

    async fn query_one_raw(&self, stmt: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.run(
            stmt.sql.clone(),
            |row: &Option<QueryResult>| u64::from(row.is_some()),
            |session| session.query_one(stmt),
        )
        .await
    }

    async fn query_all_raw(&self, stmt: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.run(
            stmt.sql.clone(),
            |rows: &Vec<QueryResult>| rows.len() as u64,
            |session| session.query_all(stmt),
        )
        .await
    }
}

impl StreamTrait for Reader {
    type Stream<'a> = BoxStream<'a, Result<QueryResult, DbErr>>;

    fn get_database_backend(&self) -> DbBackend {
        self.engine().into()
    }

    fn stream_raw(&self, stmt: Statement) -> BoxFuture<'_, Result<Self::Stream<'_>, DbErr>> {
        Box::pin(async move {
            let pool = self.pool()?;
            let statement = self.manager.memory.begin(stmt.sql.clone());
            let mut lease = match pool.acquire().await {
                Ok(lease) => lease,
                Err(error) => {
                    self.manager.note(&pool, &statement, 0, Some(&error));
                    return Err(error);
                }
            };
            let rows = async_stream::stream! {
                let (mut count, mut failure) = (0, None);
                {
                    let mut rows = lease.stream(self.manager.deadline(), stmt);
                    while let Some(row) = rows.next().await {
                        count += u64::from(row.is_ok());
                        failure = row.as_ref().err().cloned();
                        yield row;
                    }
                }
                self.manager.note(&pool, &statement, count, failure.as_ref());
            };
            Ok(rows.boxed())
        })
    }
}
