//! What the manager gives out: handles, and reports of how it fares.

use std::sync::Arc;
use std::time::Duration;

use sea_orm::DbErr;
use tokio::sync::watch;
use tokio::time::Instant;

use super::classify::{Classified, Outcome, classify};
use super::connect::ConnectionManager;
use super::engine::Engine;
use super::log::{self, Observation, Observer};
use super::measure;
use super::ongoing::{Ongoing, RunningStatement, SlowStatement};
use super::pool::Pool;
use super::reader::{Reader, Source};
use super::replica::{Replica, ReplicaStatus};
use super::settings::DbSettings;
use super::status::{DatabaseHealth, LastError, PoolStatus, Status};
use super::transaction::Transaction;
use super::writer::WriterStatus;

impl ConnectionManager {
    /// A handle to read with, or at once the reason why there is none.
    pub fn read(self: &Arc<Self>) -> Result<Reader, DbErr> {
        self.pool()?;
        Ok(Reader::new(Arc::clone(self), Source::Primary))
    }

    /// A handle for heavy reads: the replica, where there is one and it is fresh enough.
    pub fn analytics(self: &Arc<Self>) -> Result<Reader, DbErr> {
        match self.replica.as_ref().and_then(Replica::usable) {
            Some(_) => Ok(Reader::new(Arc::clone(self), Source::Replica)),
            None => self.read(),
        }
    }

    /// Open a transaction that may write, or say at once why there is none.
    pub async fn begin(self: &Arc<Self>) -> Result<Transaction, DbErr> {
        let pool = self.pool()?;
        Transaction::begin(Arc::clone(self), pool).await
    }

    /// Acquire a connection and ask it `SELECT 1`; how long that took.
    pub async fn probe(&self) -> Result<Duration, Classified> {
        let pool = self.pool().map_err(|error| classify(&error))?;
        let statement = self.memory.begin("SELECT 1".to_owned());
        match pool.check().await {
            Ok(()) => Ok(statement.elapsed()),
            Err(error) => {
                self.note(&pool, &statement, 0, Some(&error));
                Err(classify(&error))
            }
        }
    }

    /// A probe, with everything that there is to know around it.
    pub async fn health(&self) -> DatabaseHealth {
        let started = Instant::now();
        let probe = self.probe().await;
        DatabaseHealth {
            healthy: probe.is_ok(),
            latency_ms: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
            connection: self.status(),
            pool: self.pool_status(),
            error: probe.err().as_ref().map(LastError::from),
        }
    }

    /// The engine of the primary.
    pub fn engine(&self) -> Engine {
        self.primary.engine()
    }

    /// The settings.
    pub fn settings(&self) -> &DbSettings {
        &self.settings
    }

    /// Whether statements run.
    pub fn is_connected(&self) -> bool {
        self.status.borrow().connected
    }

    /// How the connection fares.
    pub fn status(&self) -> Status {
        self.status.borrow().clone()
    }

    /// The status as it changes.
    pub fn watch(&self) -> watch::Receiver<Status> {
        self.status.subscribe()
    }

    /// What the primary's pool holds; nothing, while there is none.
    pub fn pool_status(&self) -> PoolStatus {
        self.pool().map(|pool| pool.status()).unwrap_or_default()
    }

    /// What the replica's pool holds, if there is a replica.
    pub fn replica_pool_status(&self) -> Option<PoolStatus> {
        self.replica.as_ref().map(Replica::pool_status)
    }

    /// Whose turn it is to write, where the engine takes one writer at a time.
    pub fn writer_status(&self) -> Option<WriterStatus> {
        self.pool().ok()?.writer_status()
    }

    /// The statements of this process that run now, the oldest first.
    pub fn running_statements(&self) -> Vec<RunningStatement> {
        self.memory.running_statements()
    }

    /// The last statements of this process that were slow, the latest first.
    pub fn slow_statements(&self) -> Vec<SlowStatement> {
        self.memory.slow_statements()
    }

    /// Forget the slow statements.
    pub(crate) fn forget_slow_statements(&self) {
        self.memory.forget_slow();
    }

    /// How the replica fares, if there is one.
    pub fn replica_status(&self) -> Option<ReplicaStatus> {
        self.replica.as_ref().map(Replica::status)
    }

    /// Tell `observer` of every statement. Only the first observer is heard.
    pub fn observe(&self, observer: Observer) {
        let _ = self.observer.set(observer);
    }

    /// How long one statement may take.
    pub(super) fn deadline(&self) -> Duration {
        self.settings.statement_deadline_of(&self.settings.url)
    }

    /// Take note of a statement that was run on `pool`, and of what its failure says of the server.
    pub(super) fn note(
        &self,
        pool: &Arc<Pool>,
        statement: &Ongoing,
        rows: u64,
        error: Option<&DbErr>,
    ) {
        let (sql, elapsed) = (statement.sql(), statement.elapsed());
        log::statement(&self.settings, sql, elapsed);
        if let Some(observer) = self.observer.get() {
            observer(&Observation {
                sql,
                elapsed,
                error,
            });
        }
        let error = error.map(classify);
        statement.charge(rows);
        if elapsed >= self.settings.slow_statement {
            let failure = error.as_ref().map(|error| error.outcome.code());
            measure::slow();
            self.memory.slow(statement, self.clock.now(), rows, failure);
        }
        measure::statement(elapsed, error.as_ref());
        let Some(error) = error else {
            return;
        };
        if error.doubts_server() && error.outcome == Outcome::Unreachable
            || error.outcome == Outcome::StalePlan
        {
            pool.retire();
        }
        if error.doubts_server() {
            match &self.replica {
                Some(replica) if replica.is(pool) => replica.doubt(),
                _ => self.doubt.notify_one(),
            }
        }
    }
}
