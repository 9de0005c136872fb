//! A session on loan from the pool.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use futures::future::BoxFuture;
use futures::stream::{BoxStream, StreamExt};
use sea_orm::{DbErr, QueryResult, Statement};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, timeout};

use super::classify::classify;
use super::engine::Engine;
use super::fault::Fault;
use super::pool::Pool;
use super::session::Session;

/// A session with what the pool knows of it.
pub(super) struct Held {
    pub(super) session: Box<dyn Session>,
    pub(super) opened: Instant,
    pub(super) generation: u64,
    count: Count,
}

impl Held {
    pub(super) fn new(session: Box<dyn Session>, generation: u64, size: &Arc<AtomicU32>) -> Self {
        size.fetch_add(1, Ordering::AcqRel);
        Self {
            session,
            opened: Instant::now(),
            generation,
            count: Count(Arc::clone(size)),
        }
    }

    /// The session, and what counts it as open until it is dropped.
    pub(super) fn take_apart(self) -> (Box<dyn Session>, Count) {
        (self.session, self.count)
    }
}

/// One open session, while it lives.
pub(super) struct Count(Arc<AtomicU32>);

impl Drop for Count {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// A session on loan. Given back when dropped, unless a statement was cut off or spoiled it.
pub(super) struct Lease {
    pool: Arc<Pool>,
    // Before the permit: the session is back before its place is free.
    held: Option<Held>,
    permit: Option<OwnedSemaphorePermit>,
    busy: bool,
    spoiled: bool,
    reused: bool,
}

impl Lease {
    pub(super) fn new(
        pool: Arc<Pool>,
        held: Held,
        permit: OwnedSemaphorePermit,
        reused: bool,
    ) -> Self {
        Self {
            pool,
            held: Some(held),
            permit: Some(permit),
            busy: false,
            spoiled: false,
            reused,
        }
    }

    /// Whether the session served others before: its server may have been restarted since.
    pub(super) fn is_reused(&self) -> bool {
        self.reused
    }

    /// Whether the last statement ended in good order.
    pub(super) fn is_sound(&self) -> bool {
        self.held.is_some() && !self.busy && !self.spoiled
    }

    /// Let it not go back before another statement has ended in good order.
    pub(super) fn hold_back(&mut self) {
        self.busy = true;
    }

    pub(super) fn pool(&self) -> &Arc<Pool> {
        &self.pool
    }

    /// `PostgreSQL` ends a slow statement by itself, and sooner: one that is not over by now was sent
    /// to a server that does not answer.
    fn late(&self, after: Duration) -> Fault {
        match self.pool.engine() {
            Engine::Postgres => Fault::Silent { after },
            Engine::Sqlite => Fault::Deadline { after },
        }
    }

    /// Do `work` within `limit`. When it takes longer the session is gone, at once.
    pub(super) async fn run<T>(
        &mut self,
        limit: Duration,
        work: impl for<'s> FnOnce(&'s mut dyn Session) -> BoxFuture<'s, Result<T, DbErr>>,
    ) -> Result<T, DbErr> {
        let Some(held) = self.held.as_mut() else {
            return Err(Fault::TransactionOver.into());
        };
        self.busy = true;
        let Ok(result) = timeout(limit, work(held.session.as_mut())).await else {
            self.discard();
            return Err(self.late(limit).into());
        };
        self.busy = false;
        self.spoiled |= result
            .as_ref()
            .is_err_and(|error| classify(error).spoils_connection());
        result
    }

    /// The rows of `statement`. Each may take `limit` to come; the caller's own time does not count.
    pub(super) fn stream(
        &mut self,
        limit: Duration,
        statement: Statement,
    ) -> BoxStream<'_, Result<QueryResult, DbErr>> {
        async_stream::stream! {
            let Some(held) = self.held.as_mut() else {
                yield Err(Fault::TransactionOver.into());
                return;
            };
            self.busy = true;
            let mut late = false;
            {
                let mut rows = held.session.stream(statement);
                loop {
                    match timeout(limit, rows.next()).await {
                        Ok(Some(Ok(row))) => yield Ok(row),
                        Ok(Some(Err(error))) => {
                            self.spoiled |= classify(&error).spoils_connection();
                            yield Err(error);
                            break;
                        }
                        Ok(None) => break,
                        Err(_) => {
                            late = true;
                            break;
                        }
                    }
                }
            }
            if late {
                self.discard();
                yield Err(self.late(limit).into());
            } else {
                self.busy = false;
            }
        }
        .boxed()
    }

    fn discard(&mut self) {
        drop(self.held.take());
        drop(self.permit.take());
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if self.is_sound()
            && let Some(held) = self.held.take()
        {
            self.pool.give_back(held);
        }
        self.discard();
    }
}
