//! The connection manager: one for the process. It connects with patience, notices when the
//! database goes away, says so at once to everybody who asks, and comes back by itself.
//!
//! What it does not do: it never tries a statement again. Only taking a write is repeated, in
//! [`super::Transaction`], because by then nothing has been done. The handles that it gives out
//! and its reports are in `health`, what runs beside the statements in `monitor`.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock};
use std::time::Duration;

use futures::FutureExt;
use sea_orm::DbErr;
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::classify::{Classified, Kind, classify};
use super::engine::Engine;
use super::fault::Fault;
use super::log::{self, Observer};
use super::monitor;
use super::ongoing::Memory;
use super::pool::{Limits, Pool};
use super::reader::Source;
use super::replica::Replica;
use super::retry::{delay, jittered};
use super::session::{Connector, connector};
use super::settings::DbSettings;
use super::status::{ConnectionResult, State, Status};
use super::url::DatabaseUrl;
use crate::clock::Clock;

/// How long a doubted server may take to answer before it counts as gone.
const PATIENCE: Duration = Duration::from_secs(5);

/// A number in 0..1 that nobody can foresee.
pub type Random = Box<dyn FnMut() -> f64 + Send>;

/// The one owner of the database's connections.
pub struct ConnectionManager {
    pub(super) settings: DbSettings,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) primary: Arc<dyn Connector>,
    pub(super) replica: Option<Replica>,
    random: Mutex<Random>,
    /// The pool, while connected.
    live: RwLock<Option<Arc<Pool>>>,
    pub(super) status: watch::Sender<Status>,
    last: Mutex<Option<Classified>>,
    /// Held by whoever changes the connection: connect, reconnect, disconnect, a probe.
    turn: tokio::sync::Mutex<()>,
    /// Rung when a statement met a network error.
    pub(super) doubt: Arc<Notify>,
    /// Cancelled by disconnect; a new one begins with the next connect.
    run: Mutex<CancellationToken>,
    tasks: TaskTracker,
    pub(super) observer: OnceLock<Observer>,
    /// The statements that run, and those that were slow.
    pub(super) memory: Arc<Memory>,
}

impl ConnectionManager {
    /// A manager for the databases of `settings`. Nothing is connected yet.
    pub fn new(settings: DbSettings, clock: Arc<dyn Clock>) -> Result<Arc<Self>, DbErr> {
        let urls = [
            Some(&settings.url),
            settings.read_url.as_ref(),
            settings.direct_url.as_ref(),
        ];
        for warning in urls.into_iter().flatten().flat_map(DatabaseUrl::warnings) {
            tracing::warn!(target: "chancery::db", "{warning}");
        }
        let primary = connector(&settings.url, &settings)?;
        let replica = match &settings.read_url {
            Some(url)
                if url.engine() == Engine::Postgres && primary.engine() == Engine::Postgres =>
            {
                Some(connector(url, &settings)?)
            }
            Some(_) => {
                let sentence = "DATABASE_READ_URL names a replica, which only PostgreSQL has";
                return Err(DbErr::Custom(sentence.to_owned()));
            }
            None => None,
        };
        Ok(Self::with_connectors(
            settings,
            clock,
            primary,
            replica,
            Box::new(rand::random),
        ))
    }

    /// A manager that opens its sessions through the given connectors.
    pub fn with_connectors(
        settings: DbSettings,
        clock: Arc<dyn Clock>,
        primary: Arc<dyn Connector>,
        replica: Option<Arc<dyn Connector>>,
        random: Random,
    ) -> Arc<Self> {
        let stopped = CancellationToken::new();
        stopped.cancel();
        let replica = replica.map(|connector| {
            let url = settings.read_url.as_ref().unwrap_or(&settings.url);
            Replica::new(connector, limits(&settings, url))
        });
        let (status, _) = watch::channel(Status {
            connected: false,
            state: State::Closed,
            last_connected_at: None,
            last_error: None,
            retry_count: 0,
        });
        Arc::new(Self {
            settings,
            clock,
            primary,
            replica,
            random: Mutex::new(random),
            live: RwLock::default(),
            status,
            last: Mutex::default(),
            turn: tokio::sync::Mutex::default(),
            doubt: Arc::default(),
            run: Mutex::new(stopped),
            tasks: TaskTracker::new(),
            observer: OnceLock::new(),
            memory: Arc::default(),
        })
    }

    /// Connect, trying again after temporary errors with growing pauses. A permanent error ends it
    /// at once, with the steps that mend it. Connected already, it does nothing.
    ///
    /// When it fails, the connection is probed at every interval from then on, until it is back.
    pub async fn connect(self: &Arc<Self>) -> ConnectionResult {
        let _turn = self.turn.lock().await;
        if self.is_connected() {
            return ConnectionResult {
                success: true,
                error: None,
                retry_count: 0,
            };
        }
        let run = self.start();
        let unfinished = self.enter(State::Connecting);
        let mut retries = 0;
        let result = loop {
            let Some(attempt) = run.run_until_cancelled(self.open()).await else {
                break Err(classify(&Fault::Closed.into()));
            };
            let error = match attempt {
                Ok(pool) => break Ok(pool),
                Err(error) => error,
            };
            if error.kind == Kind::Permanent || retries >= self.settings.max_retries {
                break Err(error);
            }
            log::trouble(&self.settings.url, "the database is not there yet", &error);
            retries += 1;
            self.remember(&error, retries);
            run.run_until_cancelled(tokio::time::sleep(self.delay(retries)))
                .await;
        };
        unfinished.settle(&run, result, retries)
    }

    /// Make the connection anew: a new pool is opened and tested, the old one closed. One attempt;
    /// if it fails the connection is probed at every interval until it is back.
    pub async fn reconnect(self: &Arc<Self>) -> ConnectionResult {
        let _turn = self.turn.lock().await;
        let run = self.start();
        let unfinished = self.enter(State::Reconnecting);
        let result = match run.run_until_cancelled(self.open()).await {
            Some(result) => result,
            None => Err(classify(&Fault::Closed.into())),
        };
        unfinished.settle(&run, result, 0)
    }

    /// Close everything within the disconnect timeout, whatever the pool does. Closed already, it
    /// does nothing.
    pub async fn disconnect(&self) {
        let deadline = Instant::now() + self.settings.disconnect_timeout;
        lock(&self.run).cancel();
        // Whoever has the turn gives it up now that the run is cancelled.
        let _turn = timeout_at(deadline, self.turn.lock()).await;
        let live = self
            .live
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let replica = self.replica.as_ref().and_then(Replica::take);
        *lock(&self.last) = None;
        self.status.send_modify(|status| {
            status.connected = false;
            status.state = State::Closed;
            status.last_error = None;
            status.retry_count = 0;
        });
        let closing = async {
            for pool in [live, replica].into_iter().flatten() {
                pool.close().await;
            }
        };
        if timeout_at(deadline, closing).await.is_err() {
            let limit = self.settings.disconnect_timeout;
            tracing::warn!(target: "chancery::db", "the pool did not close within {limit:?}");
        }
    }

    /// The pool that reads from `source` go to now.
    pub(super) fn pool_of(&self, source: Source) -> Result<Arc<Pool>, DbErr> {
        match (source, &self.replica) {
            (Source::Replica, Some(replica)) => replica.usable().map_or_else(|| self.pool(), Ok),
            _ => self.pool(),
        }
    }

    pub(super) fn pool(&self) -> Result<Arc<Pool>, DbErr> {
        let live = self.live.read().unwrap_or_else(PoisonError::into_inner);
        live.as_ref().map(Arc::clone).ok_or_else(|| {
            let state = self.status.borrow().state;
            Fault::Unavailable {
                state,
                last: lock(&self.last).clone().map(Box::new),
            }
            .into()
        })
    }

    /// The wait before retry `retry`.
    pub(super) fn delay(&self, retry: u32) -> Duration {
        let wait = delay(
            self.settings.retry_base_delay,
            self.settings.retry_max_delay,
            retry,
        );
        if self.settings.retry_jitter {
            jittered(wait, lock(&self.random)())
        } else {
            wait
        }
    }

    /// A statement met a network error: is the server still there?
    pub(super) async fn verify(&self, run: &CancellationToken) {
        let _turn = self.turn.lock().await;
        let Ok(pool) = self.pool() else { return };
        let limit = self
            .settings
            .connection_timeout_of(&self.settings.url)
            .min(PATIENCE);
        let Some(Err(error)) = run.run_until_cancelled(pool.knock(limit)).await else {
            return;
        };
        let error = classify(&error);
        // A server that has no connection to spare is there.
        if error.doubts_server() || error.kind == Kind::Permanent {
            log::trouble(&self.settings.url, "the database is lost", &error);
            self.remember(&error, 0);
            self.drop_pool();
            self.set_state(State::Failed);
        }
    }

    /// One attempt to get a failed connection back.
    pub(super) async fn probe_again(self: &Arc<Self>, run: &CancellationToken) {
        let _turn = self.turn.lock().await;
        if self.status.borrow().state != State::Failed || run.is_cancelled() {
            return;
        }
        let tries = self.status.borrow().retry_count.saturating_add(1);
        let unfinished = self.enter(State::Reconnecting);
        if let Some(result) = run.run_until_cancelled(self.open()).await {
            unfinished.settle(run, result, tries);
        }
    }

    /// A new pool that has proved itself.
    async fn open(&self) -> Result<Arc<Pool>, Classified> {
        let limits = limits(&self.settings, &self.settings.url);
        let pool = Pool::new(Arc::clone(&self.primary), limits);
        match pool.check().await {
            Ok(()) => Ok(pool),
            Err(error) => {
                self.close_behind(pool);
                let mut error = classify(&error);
                error.text = self.settings.url.scrub(&error.text);
                Err(error)
            }
        }
    }

    /// The current run, begun if there is none.
    fn start(self: &Arc<Self>) -> CancellationToken {
        let mut run = lock(&self.run);
        if run.is_cancelled() {
            *run = CancellationToken::new();
            let watch = self.status.subscribe();
            self.tasks
                .spawn(monitor::primary(Arc::downgrade(self), run.clone(), watch));
            if self.replica.is_some() {
                self.tasks
                    .spawn(monitor::replica(Arc::downgrade(self), run.clone()));
            }
        }
        run.clone()
    }

    fn enter(self: &Arc<Self>, state: State) -> Unfinished {
        self.drop_pool();
        self.set_state(state);
        Unfinished(Some(Arc::clone(self)))
    }

    fn set_state(&self, state: State) {
        self.status.send_modify(|status| {
            status.connected = state == State::Connected;
            status.state = state;
        });
    }

    fn remember(&self, error: &Classified, retries: u32) {
        *lock(&self.last) = Some(error.clone());
        self.status.send_modify(|status| {
            status.last_error = Some(error.into());
            status.retry_count = retries;
        });
    }

    fn install(&self, pool: Arc<Pool>, retries: u32) {
        // Doubts of before are settled by now.
        let _ = self.doubt.notified().now_or_never();
        *self.live.write().unwrap_or_else(PoisonError::into_inner) = Some(pool);
        *lock(&self.last) = None;
        let now = self.clock.now();
        self.status.send_modify(|status| {
            *status = Status {
                connected: true,
                state: State::Connected,
                last_connected_at: Some(now),
                last_error: None,
                retry_count: 0,
            };
        });
        log::connected(&self.settings.url, retries);
    }

    fn drop_pool(&self) {
        let pool = self
            .live
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(pool) = pool {
            self.close_behind(pool);
        }
    }

    fn close_behind(&self, pool: Arc<Pool>) {
        let limit = self.settings.disconnect_timeout;
        self.tasks.spawn(async move {
            let _ = tokio::time::timeout(limit, pool.close()).await;
        });
    }
}

impl fmt::Debug for ConnectionManager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectionManager")
            .field("primary", &self.primary)
            .field("status", &*self.status.borrow())
            .finish_non_exhaustive()
    }
}

/// A change of the connection under way. Whoever asked for it may go away in the middle; then the
/// connection is failed, and the probe takes over.
struct Unfinished(Option<Arc<ConnectionManager>>);

impl Unfinished {
    fn settle(
        mut self,
        run: &CancellationToken,
        result: Result<Arc<Pool>, Classified>,
        retry_count: u32,
    ) -> ConnectionResult {
        let Some(manager) = self.0.take() else {
            return ConnectionResult {
                success: false,
                error: None,
                retry_count,
            };
        };
        match result {
            Ok(pool) if run.is_cancelled() => {
                manager.close_behind(pool);
                let closed = classify(&Fault::Closed.into());
                ConnectionResult {
                    success: false,
                    error: Some((&closed).into()),
                    retry_count,
                }
            }
            Ok(pool) => {
                manager.install(pool, retry_count);
                ConnectionResult {
                    success: true,
                    error: None,
                    retry_count,
                }
            }
            Err(error) => {
                if !run.is_cancelled() {
                    let database = &manager.settings.url;
                    log::trouble(database, "the database cannot be connected", &error);
                    manager.remember(&error, retry_count);
                    manager.set_state(State::Failed);
                }
                ConnectionResult {
                    success: false,
                    error: Some((&error).into()),
                    retry_count,
                }
            }
        }
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if let Some(manager) = self.0.take() {
            manager.set_state(State::Failed);
        }
    }
}

fn limits(settings: &DbSettings, url: &DatabaseUrl) -> Limits {
    Limits {
        max: settings.pool_size_of(url),
        connection_timeout: settings.connection_timeout_of(url),
        idle_timeout: settings.idle_timeout,
        max_lifetime: settings.max_lifetime,
        writer_timeout: settings.sqlite_writer_timeout,
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
