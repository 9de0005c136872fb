//! The pool: at most so many sessions, none of them shared, none of them waited for without limit.
//!
//! A session goes back only when its last statement came to an end: if the caller went away or the
//! deadline passed in the middle, it is dropped and its place is free at once. Every attempt to open
//! one is remembered, so that running out of sessions can be told from a server that is away.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sea_orm::DbErr;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::classify::{Classified, classify};
use super::engine::Engine;
use super::fault::Fault;
use super::lease::{Held, Lease};
use super::measure;
use super::session::Connector;
use super::status::PoolStatus;
use super::writer::{Turn, Writer, WriterStatus};

/// An idle session younger than this is taken as it is; an older one is asked first.
const FRESH: Duration = Duration::from_secs(1);
/// How long the good-bye to a session may take.
const GOODBYE: Duration = Duration::from_secs(2);

/// What a pool is made to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) max: u32,
    pub(super) connection_timeout: Duration,
    pub(super) idle_timeout: Duration,
    pub(super) max_lifetime: Duration,
    pub(super) writer_timeout: Duration,
}

pub(super) struct Pool {
    connector: Arc<dyn Connector>,
    limits: Limits,
    permits: Arc<Semaphore>,
    /// On `SQLite` one writes at a time.
    writer: Option<Writer>,
    idle: Mutex<Vec<Idle>>,
    size: Arc<AtomicU32>,
    waiting: AtomicU32,
    generation: AtomicU64,
    closed: AtomicBool,
    stop: CancellationToken,
    last_connect: Mutex<Option<Classified>>,
    tasks: TaskTracker,
}

struct Idle {
    held: Held,
    since: Instant,
}

impl Pool {
    pub(super) fn new(connector: Arc<dyn Connector>, limits: Limits) -> Arc<Self> {
        let writer = match connector.engine() {
            Engine::Sqlite => Some(Writer::new()),
            Engine::Postgres => None,
        };
        let pool = Arc::new(Self {
            connector,
            limits,
            permits: Arc::new(Semaphore::new(limits.max as usize)),
            writer,
            idle: Mutex::default(),
            size: Arc::default(),
            waiting: AtomicU32::default(),
            generation: AtomicU64::default(),
            closed: AtomicBool::default(),
            stop: CancellationToken::new(),
            last_connect: Mutex::default(),
            tasks: TaskTracker::new(),
        });
        let stop = pool.stop.clone();
        pool.tasks
            .spawn(reap(Arc::downgrade(&pool), stop, limits.idle_timeout));
        pool
    }

    pub(super) fn engine(&self) -> Engine {
        self.connector.engine()
    }

    /// A session to work with: an idle one, else a new one.
    pub(super) async fn acquire(self: &Arc<Self>) -> Result<Lease, DbErr> {
        let began = Instant::now();
        let lease = self.take().await;
        measure::acquired(began.elapsed(), &lease);
        lease
    }

    async fn take(self: &Arc<Self>) -> Result<Lease, DbErr> {
        let deadline = Instant::now() + self.limits.connection_timeout;
        let permit = self.permit(deadline).await?;
        while let Some(Idle { mut held, since }) = self.pop() {
            if since.elapsed() < FRESH {
                return Ok(Lease::new(Arc::clone(self), held, permit, true));
            }
            if let Ok(Ok(())) = timeout_at(deadline, held.session.ping()).await {
                return Ok(Lease::new(Arc::clone(self), held, permit, true));
            }
        }
        let held = self.open(deadline).await?;
        Ok(Lease::new(Arc::clone(self), held, permit, false))
    }

    /// The right to write, where the engine takes one writer at a time.
    pub(super) async fn writer(&self) -> Result<Option<Turn>, DbErr> {
        match &self.writer {
            Some(writer) => writer.turn(self.limits.writer_timeout).await.map(Some),
            None => Ok(None),
        }
    }

    /// Whose turn it is to write, where the engine takes one writer at a time.
    pub(super) fn writer_status(&self) -> Option<WriterStatus> {
        self.writer.as_ref().map(Writer::status)
    }

    /// How long a write may wait for the writes before it.
    pub(super) fn writer_timeout(&self) -> Duration {
        self.limits.writer_timeout
    }

    /// Acquire a session and let it answer `SELECT 1`.
    pub(super) async fn check(self: &Arc<Self>) -> Result<(), DbErr> {
        let mut lease = self.acquire().await?;
        lease
            .run(self.limits.connection_timeout, |session| session.ping())
            .await
    }

    /// Let no session that is open now be used again: the server they speak to may be gone.
    pub(super) fn retire(&self) {
        self.generation.fetch_add(1, Ordering::AcqRel);
        let old = std::mem::take(&mut *lock(&self.idle));
        drop(old);
    }

    /// Open a session past the idle ones, and say whether it works.
    pub(super) async fn knock(&self, limit: Duration) -> Result<(), DbErr> {
        let deadline = Instant::now() + limit;
        let mut held = self.open(deadline).await?;
        match timeout_at(deadline, held.session.ping()).await {
            Ok(answer) => answer,
            Err(_) => Err(Fault::ConnectTimeout { waited: limit }.into()),
        }
    }

    pub(super) fn status(&self) -> PoolStatus {
        let size = self.size.load(Ordering::Acquire);
        let idle = u32::try_from(lock(&self.idle).len()).unwrap_or(u32::MAX);
        PoolStatus {
            max: self.limits.max,
            size,
            idle,
            in_use: size.saturating_sub(idle),
            waiting: self.waiting.load(Ordering::Acquire),
        }
    }

    /// Take no more callers, end the idle sessions, and wait for those at work.
    pub(super) async fn close(&self) {
        self.closed.store(true, Ordering::Release);
        self.stop.cancel();
        self.permits.close();
        if let Some(writer) = &self.writer {
            writer.close();
        }
        let idle = std::mem::take(&mut *lock(&self.idle));
        for Idle { held, .. } in idle {
            self.dismiss(held);
        }
        self.tasks.close();
        self.tasks.wait().await;
        // Sessions that are still at work end when they are given back; that takes a moment.
        while self.size.load(Ordering::Acquire) > 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
            self.tasks.wait().await;
        }
    }

    /// Take a session back that is fit for the next caller.
    pub(super) fn give_back(&self, held: Held) {
        if self.is_outdated(&held) {
            self.dismiss(held);
        } else {
            lock(&self.idle).push(Idle {
                held,
                since: Instant::now(),
            });
            // The pool may have been closed between the question and the push.
            if self.closed.load(Ordering::Acquire) {
                let idle = std::mem::take(&mut *lock(&self.idle));
                for Idle { held, .. } in idle {
                    self.dismiss(held);
                }
            }
        }
    }

    /// Run `work` beside the callers; `close` waits for it.
    pub(super) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        // Outside a runtime, as at the very end of a process, dropping the work is all there is.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            self.tasks.spawn_on(work, &runtime);
        }
    }

    async fn permit(&self, deadline: Instant) -> Result<OwnedSemaphorePermit, DbErr> {
        if let Ok(permit) = Arc::clone(&self.permits).try_acquire_owned() {
            return Ok(permit);
        }
        let _waiting = Counted::up(&self.waiting);
        match timeout_at(deadline, Arc::clone(&self.permits).acquire_owned()).await {
            Ok(Ok(permit)) => Ok(permit),
            Ok(Err(_)) => Err(Fault::Closed.into()),
            Err(_) => {
                let last_connect = lock(&self.last_connect).clone().map(Box::new);
                let waited = self.limits.connection_timeout;
                Err(Fault::Exhausted {
                    waited,
                    last_connect,
                }
                .into())
            }
        }
    }

    async fn open(&self, deadline: Instant) -> Result<Held, DbErr> {
        let generation = self.generation.load(Ordering::Acquire);
        let began = Instant::now();
        let opened = match timeout_at(deadline, self.connector.open()).await {
            Ok(opened) => opened,
            Err(_) => Err(Fault::ConnectTimeout {
                waited: self.limits.connection_timeout,
            }
            .into()),
        };
        measure::connected(began.elapsed(), &opened);
        *lock(&self.last_connect) = opened.as_ref().err().map(classify);
        Ok(Held::new(opened?, generation, &self.size))
    }

    /// The most recently used idle session that is still good.
    fn pop(&self) -> Option<Idle> {
        loop {
            let idle = lock(&self.idle).pop()?;
            if !self.is_outdated(&idle.held) {
                return Some(idle);
            }
            self.dismiss(idle.held);
        }
    }

    fn is_outdated(&self, held: &Held) -> bool {
        self.closed.load(Ordering::Acquire)
            || held.generation != self.generation.load(Ordering::Acquire)
            || held.opened.elapsed() > self.limits.max_lifetime
    }

    fn dismiss(&self, held: Held) {
        self.spawn(async move {
            let (session, count) = held.take_apart();
            let _ = timeout(GOODBYE, session.close()).await;
            drop(count);
        });
    }

    /// End the sessions that nobody has used for a while. The last one of an embedded database
    /// stays: closing it would fold the log into the file, and opening it again start a new one.
    fn sweep(&self) {
        let keep = match self.engine() {
            Engine::Sqlite => 1,
            Engine::Postgres => 0,
        };
        let mut idle = lock(&self.idle);
        let first_fresh = idle
            .iter()
            .position(|idle| idle.since.elapsed() < self.limits.idle_timeout)
            .unwrap_or(idle.len())
            .min(idle.len().saturating_sub(keep));
        let old: Vec<Idle> = idle.drain(..first_fresh).collect();
        drop(idle);
        for Idle { held, .. } in old {
            self.dismiss(held);
        }
    }
}

async fn reap(pool: std::sync::Weak<Pool>, stop: CancellationToken, idle_timeout: Duration) {
    let pause = (idle_timeout / 2).max(Duration::from_millis(50));
    while stop
        .run_until_cancelled(tokio::time::sleep(pause))
        .await
        .is_some()
    {
        match pool.upgrade() {
            Some(pool) => pool.sweep(),
            None => return,
        }
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool")
            .field("connector", &self.connector)
            .field("status", &self.status())
            .finish_non_exhaustive()
    }
}

/// One more while it lives.
struct Counted<'a>(&'a AtomicU32);

impl<'a> Counted<'a> {
    fn up(count: &'a AtomicU32) -> Self {
        count.fetch_add(1, Ordering::AcqRel);
        Self(count)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
