//! A job that is held: what its task may ask and say while it runs, and what keeps the claim alive.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use entity::id::JobId;
use entity::platform::job::Model;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Instant, MissedTickBehavior, interval_at};
use tokio_util::sync::CancellationToken;
use tracing::debug;

use super::error::Error;
use super::{setting, store};
use crate::ctx::{Ctx, Services};
use crate::error::Result;
use crate::signal::Signal;
use crate::write::Write;

/// Which claim of which job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Hold {
    pub(super) id: JobId,
    pub(super) fence: i64,
}

/// Why a job is to end before it is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Halt {
    /// Somebody called it off.
    Cancelled,
    /// The process stops: the job is given back.
    Stopping,
    /// The claim ran out: the job is somebody else's.
    Lost,
}

/// A job that this process holds.
#[derive(Debug)]
pub struct Held {
    services: Arc<Services>,
    hold: Hold,
    attempt: i32,
    max_attempts: i32,
    progress: AtomicI32,
    lease_until: Mutex<DateTime<Utc>>,
    why: Mutex<Option<Halt>>,
    halted: CancellationToken,
    finished: AtomicBool,
}

impl Held {
    pub(super) fn new(services: Arc<Services>, job: &Model) -> Self {
        Self {
            services,
            hold: Hold {
                id: job.id,
                fence: job.fence,
            },
            attempt: job.attempt,
            max_attempts: job.max_attempts,
            progress: AtomicI32::new(job.progress),
            lease_until: Mutex::new(job.lease_until.unwrap_or(job.updated_at)),
            why: Mutex::default(),
            halted: CancellationToken::new(),
            finished: AtomicBool::default(),
        }
    }

    /// The job.
    pub fn id(&self) -> JobId {
        self.hold.id
    }

    /// The number of this try, from 1.
    pub fn attempt(&self) -> i32 {
        self.attempt
    }

    /// Whether there is no other try after this one.
    pub fn is_last_try(&self) -> bool {
        self.attempt >= self.max_attempts
    }

    /// Why it is to end before it is done, if it is.
    pub fn halt(&self) -> Option<Halt> {
        *self.why.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wait until it is to end before it is done. A task that goes on for long is broken off then,
    /// wherever it waits; what it has open is rolled back.
    pub async fn halted(&self) {
        self.halted.cancelled().await;
    }

    /// Refuse when it is to end before it is done: for a task that does its work in portions, between
    /// two of them.
    pub fn check(&self) -> Result<()> {
        match self.halt() {
            Some(_) => Err(Error::HoldOver.into()),
            None => Ok(()),
        }
    }

    /// Say how far it is, in percent. Not while a write is open.
    pub async fn progress(&self, percent: i32) -> Result<()> {
        let percent = percent.clamp(0, 100);
        if self.progress.swap(percent, Ordering::Relaxed) == percent {
            return Ok(());
        }
        let tx = self.ctx().write().await?;
        if !store::progress(&tx, self.hold, percent).await? {
            self.end(Halt::Lost);
            return Err(Error::HoldOver.into());
        }
        tx.signal(Signal::JobMoved(self.hold.id));
        tx.commit().await
    }

    /// End the job as done in the open write, so that its effect and its end are one. Refuses when
    /// the claim is not in force any more; then the effect must not be, either.
    pub async fn finish(&self, tx: &Write) -> Result<()> {
        let Some(mut job) = store::mine(tx, self.hold).await? else {
            return Err(Error::HoldOver.into());
        };
        succeeded(&mut job, tx.now);
        store::save(tx, &job).await?;
        tx.signal(Signal::JobMoved(job.id));
        self.finished.store(true, Ordering::Release);
        Ok(())
    }

    pub(super) fn hold(&self) -> Hold {
        self.hold
    }

    /// Whether the task ended the job by itself, provided that it was committed.
    pub(super) fn was_finished(&self) -> bool {
        self.finished.load(Ordering::Acquire)
    }

    pub(super) fn end(&self, why: Halt) {
        let mut known = self.why.lock().unwrap_or_else(PoisonError::into_inner);
        // Nothing is worse than to have lost it.
        if known.is_none() || why == Halt::Lost {
            *known = Some(why);
        }
        drop(known);
        self.halted.cancel();
    }

    fn ctx(&self) -> Ctx {
        Ctx::system(Arc::clone(&self.services), "jobs")
    }

    /// Keep the claim alive, and hear what is said about the job, until that is dropped.
    pub(super) async fn keep(self: Arc<Self>) {
        let services = Arc::clone(&self.services);
        let mut signals = services.signals.listen();
        let pause = services.configuration.get(&setting::HEARTBEAT);
        // Whatever was set: one heartbeat may be missed.
        let most = services.configuration.get(&setting::LEASE) / 3;
        let pause = pause.min(most).max(Duration::from_millis(10));
        let mut beats = interval_at(Instant::now() + pause, pause);
        beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut stopping = false;
        loop {
            let looked = tokio::select! {
                _ = beats.tick() => self.beat().await,
                () = services.stop.cancelled(), if !stopping => {
                    stopping = true;
                    self.end(Halt::Stopping);
                    Ok(())
                }
                heard = signals.recv() => match heard {
                    Ok(Signal::JobMoved(id)) if id == self.hold.id => self.look().await,
                    Ok(Signal::Missed) | Err(RecvError::Lagged(_)) => self.look().await,
                    Ok(_) => Ok(()),
                    Err(RecvError::Closed) => return,
                },
            };
            if let Err(error) = looked {
                debug!(%error, job.id = %self.hold.id, "the claim was not renewed");
                let until = *self
                    .lease_until
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner);
                if self.ctx().now() > until {
                    self.end(Halt::Lost);
                }
            }
        }
    }

    async fn beat(&self) -> Result<()> {
        let ctx = self.ctx();
        let tx = ctx.write().await?;
        let until = tx.now + ctx.configuration().get(&setting::LEASE);
        let job = store::renew(&tx, self.hold, until).await?;
        tx.commit().await?;
        if job.is_some() {
            *self
                .lease_until
                .lock()
                .unwrap_or_else(PoisonError::into_inner) = until;
        }
        self.heed(job.as_ref());
        Ok(())
    }

    async fn look(&self) -> Result<()> {
        let job = store::find(&self.ctx().read()?, self.hold.id).await?;
        let mine = job.filter(|job| job.fence == self.hold.fence && job.worker.is_some());
        self.heed(mine.as_ref());
        Ok(())
    }

    /// Take note of how the job stands; nothing, where it is not ours any more.
    fn heed(&self, job: Option<&Model>) {
        match job {
            Some(job) if job.cancel_requested_at.is_some() => self.end(Halt::Cancelled),
            Some(_) => {}
            // What was finished is nobody's.
            None if self.was_finished() => {}
            None => self.end(Halt::Lost),
        }
    }
}

/// The job is done.
pub(super) fn succeeded(job: &mut Model, now: DateTime<Utc>) {
    use entity::platform::job::JobState;
    job.state = JobState::Succeeded;
    job.progress = 100;
    job.finished_at = Some(now);
    job.worker = None;
    job.lease_until = None;
}
