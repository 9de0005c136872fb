//! A database that does as it is told, for tests that own the time.

use std::io;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::future::BoxFuture;
use futures::stream::{BoxStream, StreamExt};
use sea_orm::{DbErr, ExecResult, QueryResult, RuntimeErr, SqlxError, Statement};
use service::clock::{Clock, ManualClock};
use service::db::{ConnectionManager, Connector, DatabaseUrl, DbSettings, Engine, Session};
use tokio::time::{Instant, sleep};

/// What a step of the database does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Does {
    /// It works, after a while.
    Work(Duration),
    /// It fails, after a while, with an i/o error.
    Fail(Duration, io::ErrorKind),
    /// It never answers.
    Hang,
}

impl Does {
    /// It works at once.
    pub const WORK: Self = Self::Work(Duration::ZERO);
    /// It fails at once.
    pub const REFUSE: Self = Self::Fail(Duration::ZERO, io::ErrorKind::ConnectionRefused);

    async fn act(self) -> Result<(), DbErr> {
        match self {
            Self::Work(after) => {
                pause(after).await;
                Ok(())
            }
            Self::Fail(after, kind) => {
                pause(after).await;
                let error = SqlxError::Io(kind.into());
                Err(DbErr::Conn(RuntimeErr::SqlxError(Arc::new(error))))
            }
            Self::Hang => futures::future::pending().await,
        }
    }
}

async fn pause(time: Duration) {
    if !time.is_zero() {
        sleep(time).await;
    }
}

/// What the database does from now on, and what was asked of it.
#[derive(Debug)]
pub struct Script {
    open: Mutex<Does>,
    ping: Mutex<Does>,
    close: Mutex<Does>,
    fail_first: AtomicU32,
    opened: Mutex<Vec<Instant>>,
}

impl Script {
    pub fn new() -> Arc<Self> {
        Arc::new(Self {
            open: Mutex::new(Does::WORK),
            ping: Mutex::new(Does::WORK),
            close: Mutex::new(Does::WORK),
            fail_first: AtomicU32::new(0),
            opened: Mutex::default(),
        })
    }

    pub fn open(&self, does: Does) {
        *self.open.lock().unwrap() = does;
    }

    pub fn ping(&self, does: Does) {
        *self.ping.lock().unwrap() = does;
    }

    pub fn close(&self, does: Does) {
        *self.close.lock().unwrap() = does;
    }

    /// Refuse the next `times` attempts, whatever else is said.
    pub fn fail_first(&self, times: u32) {
        self.fail_first.store(times, Ordering::SeqCst);
    }

    /// When sessions were asked for.
    pub fn attempts(&self) -> Vec<Instant> {
        self.opened.lock().unwrap().clone()
    }
}

#[derive(Debug)]
struct ScriptedConnector(Arc<Script>);

impl Connector for ScriptedConnector {
    fn engine(&self) -> Engine {
        Engine::Postgres
    }

    fn open(&self) -> BoxFuture<'_, Result<Box<dyn Session>, DbErr>> {
        Box::pin(async move {
            self.0.opened.lock().unwrap().push(Instant::now());
            let left = &self.0.fail_first;
            let refuse =
                left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1));
            let does = if refuse.is_ok() {
                Does::REFUSE
            } else {
                *self.0.open.lock().unwrap()
            };
            does.act().await?;
            let session: Box<dyn Session> = Box::new(ScriptedSession(Arc::clone(&self.0)));
            Ok(session)
        })
    }
}

struct ScriptedSession(Arc<Script>);

impl ScriptedSession {
    async fn answer(&self) -> Result<(), DbErr> {
        let does = *self.0.ping.lock().unwrap();
        does.act().await
    }
}

impl Session for ScriptedSession {
    fn execute(&mut self, _: Statement) -> BoxFuture<'_, Result<ExecResult, DbErr>> {
        Box::pin(async { Err(DbErr::Custom("nothing is stored here".into())) })
    }

    fn execute_unprepared<'a>(
        &'a mut self,
        _: &'a str,
    ) -> BoxFuture<'a, Result<ExecResult, DbErr>> {
        Box::pin(async { Err(DbErr::Custom("nothing is stored here".into())) })
    }

    fn query_one(&mut self, _: Statement) -> BoxFuture<'_, Result<Option<QueryResult>, DbErr>> {
        Box::pin(async { self.answer().await.map(|()| None) })
    }

    fn query_all(&mut self, _: Statement) -> BoxFuture<'_, Result<Vec<QueryResult>, DbErr>> {
        Box::pin(async { self.answer().await.map(|()| Vec::new()) })
    }

    fn stream(&mut self, _: Statement) -> BoxStream<'_, Result<QueryResult, DbErr>> {
        futures::stream::empty().boxed()
    }

    fn begin(&mut self) -> BoxFuture<'_, Result<(), DbErr>> {
        Box::pin(self.answer())
    }

    fn begin_limited(&mut self, _: Duration) -> BoxFuture<'_, Result<(), DbErr>> {
        Box::pin(self.answer())
    }

    fn commit(&mut self) -> BoxFuture<'_, Result<(), DbErr>> {
        Box::pin(self.answer())
    }

    fn rollback(&mut self) -> BoxFuture<'_, Result<(), DbErr>> {
        Box::pin(self.answer())
    }

    fn ping(&mut self) -> BoxFuture<'_, Result<(), DbErr>> {
        Box::pin(self.answer())
    }

    fn close(self: Box<Self>) -> BoxFuture<'static, ()> {
        let does = *self.0.close.lock().unwrap();
        Box::pin(async move {
            let _ = does.act().await;
        })
    }
}

/// Settings for a database that is not there.
pub fn settings() -> DbSettings {
    DbSettings::new(DatabaseUrl::parse("postgres://u:secret@nowhere.test/db").unwrap())
}

/// A manager of a scripted database.
pub fn manager(
    script: &Arc<Script>,
    settings: DbSettings,
) -> (Arc<ConnectionManager>, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::default());
    let connector = Arc::new(ScriptedConnector(Arc::clone(script)));
    let given: Arc<dyn Clock> = clock.clone();
    let random = Box::new(|| 0.5);
    (
        ConnectionManager::with_connectors(settings, given, connector, None, random),
        clock,
    )
}

/// Run `story` on a clock that leaps over every wait.
pub fn in_no_time<T>(story: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(story)
}
