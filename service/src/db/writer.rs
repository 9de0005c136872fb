//! The turn to write, where the engine takes one writer at a time: who has it, since when, and how
//! many wait. Writes queue here, in order, rather than poll the file's lock.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sea_orm::DbErr;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout};

use super::fault::Fault;
use crate::operation::{self, Label, Running};

/// Whose turn it is to write.
#[derive(Clone, Debug, Default)]
pub struct WriterStatus {
    /// For how long somebody of this process writes; nothing, while nobody does.
    pub held: Option<Duration>,
    /// What they write for.
    pub operation: Option<Label>,
    /// In answer to what request.
    pub request_id: Option<String>,
    /// How many wait.
    pub waiting: u32,
}

type Holder = Arc<Mutex<Option<(Instant, Option<Arc<Running>>)>>>;

#[derive(Debug)]
pub(super) struct Writer {
    turns: Arc<Semaphore>,
    waiting: AtomicU32,
    holder: Holder,
}

/// The right to write, until it is dropped.
#[derive(Debug)]
pub(super) struct Turn {
    holder: Holder,
    // After `drop` has cleared the holder, so that the next one's name is not taken away.
    _permit: OwnedSemaphorePermit,
}

impl Drop for Turn {
    fn drop(&mut self) {
        *lock(&self.holder) = None;
    }
}

impl Writer {
    pub(super) fn new() -> Self {
        Self {
            turns: Arc::new(Semaphore::new(1)),
            waiting: AtomicU32::default(),
            holder: Holder::default(),
        }
    }

    /// Wait for the turn, no longer than `patience`.
    pub(super) async fn turn(&self, patience: Duration) -> Result<Turn, DbErr> {
        let waiting = Waiting::begin(&self.waiting);
        let turn = timeout(patience, Arc::clone(&self.turns).acquire_owned()).await;
        drop(waiting);
        match turn {
            Ok(Ok(permit)) => {
                *lock(&self.holder) = Some((Instant::now(), operation::current()));
                Ok(Turn {
                    holder: Arc::clone(&self.holder),
                    _permit: permit,
                })
            }
            Ok(Err(_)) => Err(Fault::Closed.into()),
            Err(_) => Err(Fault::WriterBusy { waited: patience }.into()),
        }
    }

    pub(super) fn close(&self) {
        self.turns.close();
    }

    pub(super) fn status(&self) -> WriterStatus {
        let holder = lock(&self.holder).clone();
        let (since, running) = holder.unzip();
        let running = running.flatten();
        let request = running.as_ref().map(|one| one.request().to_owned());
        WriterStatus {
            held: since.map(|since| since.elapsed()),
            operation: running.map(|one| one.label()),
            request_id: request.filter(|id| !id.is_empty()),
            waiting: self.waiting.load(Ordering::Acquire),
        }
    }
}

/// One more while it lives.
struct Waiting<'a>(&'a AtomicU32);

impl<'a> Waiting<'a> {
    fn begin(count: &'a AtomicU32) -> Self {
        count.fetch_add(1, Ordering::AcqRel);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
