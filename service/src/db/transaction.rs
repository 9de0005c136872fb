//! An open transaction on a connection of its own. Dropping it rolls back.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use futures::stream::{BoxStream, StreamExt};
use sea_orm::prelude::async_trait::async_trait;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, ExecResult, QueryResult, Statement, StreamTrait};
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep};

use super::classify::{Outcome, classify};
use super::connect::ConnectionManager;
use super::engine::Engine;
use super::fault::Fault;
use super::lease::Lease;
use super::pool::Pool;
use super::session::Session;
use super::writer::Turn;

/// How long the end of a transaction that was dropped may take.
const ROLLBACK: Duration = Duration::from_secs(5);
/// The pause before a busy database is asked again.
const PAUSE: Duration = Duration::from_millis(25);

/// An open transaction: read and write, one connection, nothing kept until [`Transaction::commit`].
///
/// A statement that passes its deadline takes the connection with it; every later statement, and
/// the commit, then say that the transaction is over.
pub struct Transaction {
    manager: Arc<ConnectionManager>,
    pool: Arc<Pool>,
    lease: Mutex<Option<Lease>>,
    writer: Option<Turn>,
}

impl Transaction {
    /// Take the write. Only this is ever tried again: by now nothing has been done.
    pub(super) async fn begin(
        manager: Arc<ConnectionManager>,
        pool: Arc<Pool>,
    ) -> Result<Self, DbErr> {
        let statement = manager.memory.begin("BEGIN".to_owned());
        let begun = Self::take(&manager, &pool).await;
        manager.note(&pool, &statement, 0, begun.as_ref().err());
        let (lease, writer) = begun?;
        Ok(Self {
            manager,
            pool,
            lease: Mutex::new(Some(lease)),
            writer,
        })
    }

    async fn take(
        manager: &ConnectionManager,
        pool: &Arc<Pool>,
    ) -> Result<(Lease, Option<Turn>), DbErr> {
        let patience = Instant::now() + pool.writer_timeout();
        let writer = pool.writer().await?;
        let mut lease = pool.acquire().await?;
        loop {
            let error = match lease
                .run(manager.deadline(), |session| session.begin())
                .await
            {
                Ok(()) => return Ok((lease, writer)),
                Err(error) => error,
            };
            match classify(&error).outcome {
                // Another process writes.
                Outcome::Conflict if Instant::now() < patience => sleep(PAUSE).await,
                // The connection died while it lay idle; a new one may well work. Not where the
                // server was silent for long: it would be waited for twice.
                Outcome::Unreachable if lease.is_reused() && Instant::now() < patience => {
                    pool.retire();
                    drop(lease);
                    lease = pool.acquire().await?;
                }
                _ => return Err(error),
            }
        }
    }

    /// The engine underneath.
    pub fn engine(&self) -> Engine {
        self.manager.engine()
    }

    /// Keep everything.
    pub async fn commit(mut self) -> Result<(), DbErr> {
        self.end("COMMIT", |session| session.commit()).await
    }

    /// Undo everything, and wait until it is undone.
    pub async fn rollback(mut self) -> Result<(), DbErr> {
        self.end("ROLLBACK", |session| session.rollback()).await
    }

    async fn end(
        &mut self,
        sql: &str,
        work: impl for<'s> FnOnce(&'s mut dyn Session) -> BoxFuture<'s, Result<(), DbErr>> + Send,
    ) -> Result<(), DbErr> {
        let statement = self.manager.memory.begin(sql.to_owned());
        let lease = self.lease.get_mut();
        let result = match lease {
            Some(open) => open.run(self.manager.deadline(), work).await,
            None => Err(Fault::TransactionOver.into()),
        };
        if result.is_ok() {
            // Ended: what is left to do on drop is nothing.
            drop(lease.take());
        }
        self.manager
            .note(&self.pool, &statement, 0, result.as_ref().err());
        result
    }

    async fn run<T>(
        &self,
        sql: String,
        rows: fn(&T) -> u64,
        work: impl for<'s> FnOnce(&'s mut dyn Session) -> BoxFuture<'s, Result<T, DbErr>> + Send,
    ) -> Result<T, DbErr> {
        let mut lease = self.lease.lock().await;
        let statement = self.manager.memory.begin(sql);
        let result = match lease.as_mut() {
            // Cut off in the middle of an earlier statement: no more on this connection.
            Some(open) if !open.is_sound() => Err(Fault::TransactionOver.into()),
            Some(open) => open.run(self.manager.deadline(), work).await,
            None => Err(Fault::TransactionOver.into()),
        };
        let rows = result.as_ref().map_or(0, rows);
        self.manager
            .note(&self.pool, &statement, rows, result.as_ref().err());
        result
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        let Some(mut lease) = self.lease.get_mut().take() else {
            return;
        };
        let writer = self.writer.take();
        if !lease.is_sound() {
            // Dropping the connection ends the transaction on the server's side as well.
            return;
        }
        let pool = Arc::clone(lease.pool());
        // Whatever becomes of the task, no session goes back with a transaction open.
        lease.hold_back();
        pool.spawn(async move {
            let _ = lease.run(ROLLBACK, |session| session.rollback()).await;
            drop(lease);
            drop(writer);
        });
    }
}

impl fmt::Debug for Transaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transaction")
            .field("engine", &self.engine())
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl ConnectionTrait for Transaction {
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

impl StreamTrait for Transaction {
    type Stream<'a> = BoxStream<'a, Result<QueryResult, DbErr>>;

    fn get_database_backend(&self) -> DbBackend {
        self.engine().into()
    }

    /// While the rows are read, other statements of the transaction wait.
    fn stream_raw(&self, stmt: Statement) -> BoxFuture<'_, Result<Self::Stream<'_>, DbErr>> {
        Box::pin(async move {
            let mut lease = self.lease.lock().await;
            let limit = self.manager.deadline();
            let statement = self.manager.memory.begin(stmt.sql.clone());
            let rows = async_stream::stream! {
                let (mut count, mut failure) = (0, None);
                match lease.as_mut() {
                    Some(open) if open.is_sound() => {
                        let mut rows = open.stream(limit, stmt);
                        while let Some(row) = rows.next().await {
                            count += u64::from(row.is_ok());
                            failure = row.as_ref().err().cloned();
                            yield row;
                        }
                    }
                    _ => yield Err(Fault::TransactionOver.into()),
                }
                self.manager.note(&self.pool, &statement, count, failure.as_ref());
            };
            Ok(rows.boxed())
        })
    }
}
