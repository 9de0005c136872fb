//! The worker: takes jobs and does them, until the process stops.

use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use entity::platform::job::Model;
use tokio::sync::Notify;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::Instant;
use tracing::{debug, info, warn};

use super::store::{Due, Pick, Whose};
use super::{claim, figures, run, schedule, setting, store};
use crate::ctx::{Ctx, Services};
use crate::db::Reader;
use crate::error::Result;
use crate::signal::Signal;

/// Every so many claims one goes by age alone, so that no priority waits for ever.
const BY_AGE: u32 = 5;
/// How often a claim looks again when others were faster.
const RACES: usize = 3;
/// How often the figures are told.
const FIGURES: Duration = Duration::from_secs(15);

/// A worker of this process.
#[derive(Debug)]
pub struct Worker {
    services: Arc<Services>,
    /// By which the staff knows it.
    name: String,
    /// The lines that it serves; empty: all.
    queues: Vec<String>,
    at_work: AtomicUsize,
    claims: AtomicU32,
    /// Whose turn it was among the first in priority, and among all.
    turns: [Mutex<Whose>; 2],
    /// One of its jobs has ended.
    freed: Notify,
}

/// Counts a job as under way until it is dropped.
struct Place(Arc<Worker>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.at_work.fetch_sub(1, Ordering::AcqRel);
        self.0.freed.notify_one();
    }
}

impl Worker {
    /// A worker that serves `queues`, or all where none is named.
    pub fn new(services: Arc<Services>, queues: Vec<String>) -> Arc<Self> {
        let host = rustix::system::uname();
        let host = host.nodename().to_string_lossy();
        let id = services.ids.fresh(services.clock.now());
        let name: String = format!(
            "{host}:{}:{}",
            std::process::id(),
            &id.simple().to_string()[20..]
        );
        Arc::new(Self {
            services,
            name: name
                .chars()
                .rev()
                .take(255)
                .collect::<Vec<_>>()
                .into_iter()
                .rev()
                .collect(),
            queues,
            at_work: AtomicUsize::default(),
            claims: AtomicU32::default(),
            turns: Default::default(),
            freed: Notify::new(),
        })
    }

    /// By which the staff knows it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether it serves every line.
    pub fn serves_all(&self) -> bool {
        self.queues.is_empty()
    }

    fn ctx(&self) -> Ctx {
        Ctx::system(Arc::clone(&self.services), "jobs")
    }

    /// Work until the process is told to stop. Whatever is under way then is waited for by whoever
    /// waits for [`Jobs::at_work`](super::Jobs::at_work).
    pub async fn attend(self: Arc<Self>) {
        let stop = self.services.stop.clone();
        let mut signals = self.services.signals.listen();
        let mut planned = false;
        let mut told: Option<Instant> = None;
        let mut sick = false;
        info!(worker = self.name, "working at jobs");
        while !stop.is_cancelled() {
            let poll = self.services.configuration.get(&setting::POLL);
            let next = Instant::now() + poll.max(Duration::from_millis(10));
            if !planned {
                planned = schedule::register(&self.ctx()).await.is_ok();
            }
            let looked = self.look_around().await;
            let worked = match looked {
                Ok(()) => self.fill().await,
                failed => failed,
            };
            match (&worked, sick) {
                (Err(error), false) => {
                    warn!(%error, "jobs wait: the database does not answer well");
                }
                (Ok(()), true) => info!("jobs are worked at again"),
                _ => {}
            }
            sick = worked.is_err();
            if !sick && told.is_none_or(|at| at.elapsed() > FIGURES) {
                told = Some(Instant::now());
                figures::tell(&self.ctx()).await;
            }
            // Until the next poll whatever comes is taken as it comes.
            loop {
                let woken = tokio::select! {
                    () = stop.cancelled() => false,
                    () = tokio::time::sleep_until(next) => false,
                    () = self.freed.notified() => true,
                    () = waiting(&mut signals) => true,
                };
                if !woken || sick || self.fill().await.is_err() {
                    break;
                }
            }
        }
        debug!(worker = self.name, "takes no more jobs");
    }

    /// What no signal tells: schedules that are due, and jobs whose worker is gone.
    async fn look_around(&self) -> Result<()> {
        schedule::tick(&self.ctx()).await?;
        self.reclaim().await
    }

    /// Take as many jobs as there is room for, and begin them.
    async fn fill(self: &Arc<Self>) -> Result<()> {
        loop {
            let most = self.services.configuration.get(&setting::CONCURRENCY);
            let most = usize::try_from(most).unwrap_or(1);
            if self.at_work.load(Ordering::Acquire) >= most || self.services.stop.is_cancelled() {
                return Ok(());
            }
            let Some(job) = self.claim().await? else {
                return Ok(());
            };
            let place = self.place();
            let services = Arc::clone(&self.services);
            self.services.jobs.at_work.spawn(async move {
                let _place = place;
                run::run(&services, job).await;
            });
        }
    }

    fn place(self: &Arc<Self>) -> Place {
        self.at_work.fetch_add(1, Ordering::AcqRel);
        Place(Arc::clone(self))
    }

    /// Look around, take one job and do it to its end; whether there was one.
    pub async fn step(self: &Arc<Self>) -> Result<bool> {
        self.look_around().await?;
        let Some(job) = self.claim().await? else {
            return Ok(false);
        };
        let _place = self.place();
        run::run(&self.services, job).await;
        Ok(true)
    }

    /// Take and do jobs until none is due; tells how many.
    pub async fn drain(self: &Arc<Self>) -> Result<usize> {
        let mut done = 0;
        while self.step().await? {
            done += 1;
        }
        Ok(done)
    }

    /// Jobs whose worker was not heard of in time are waiting again, or dead.
    async fn reclaim(&self) -> Result<()> {
        let ctx = self.ctx();
        let reader = ctx.read()?;
        for id in store::abandoned(&reader, ctx.now()).await? {
            let tx = ctx.write().await?;
            let Some(mut job) = store::abandoned_one(&tx, id).await? else {
                continue;
            };
            let worker = job.worker.clone();
            run::give_up(&mut job, tx.now);
            store::save(&tx, &job).await?;
            tx.signal(Signal::JobMoved(id));
            tx.signal(Signal::JobsWaiting);
            tx.commit().await?;
            warn!(job.id = %id, kind = job.kind, worker, state = ?job.state, "a job's worker is gone");
        }
        Ok(())
    }

    /// Take the next job.
    async fn claim(&self) -> Result<Option<Model>> {
        let ctx = self.ctx();
        let reader = ctx.read()?;
        for race in 0..=RACES {
            let due = Due {
                now: ctx.now(),
                kinds: self.services.jobs.kinds.names().collect(),
                queues: self.queues.clone(),
            };
            let Some(first) = store::first_priority(&reader, &due).await? else {
                return Ok(None);
            };
            let turn = self.claims.fetch_add(1, Ordering::Relaxed) % BY_AGE;
            let by_age = turn == BY_AGE - 1;
            let priority = (!by_age).then_some(first);
            let turns = &self.turns[usize::from(by_age)];
            let (whose, priority) = if race == RACES {
                // Others were faster each time: whatever there is.
                (Whose::Anybodys, None)
            } else {
                (
                    self.whose_turn(&reader, &due, priority, turns).await?,
                    priority,
                )
            };
            let pick = Pick {
                due: &due,
                whose,
                priority,
            };
            let tx = ctx.write().await?;
            let until = tx.now + self.services.configuration.get(&setting::LEASE);
            if let Some(job) = claim::take(&tx, &pick, &self.name, until).await? {
                tx.signal(Signal::JobMoved(job.id));
                tx.commit().await?;
                return Ok(Some(job));
            }
        }
        Ok(None)
    }

    /// The next owner behind the last one who has something due; jobs of nobody are one owner's.
    async fn whose_turn(
        &self,
        reader: &Reader,
        due: &Due,
        priority: Option<i32>,
        turns: &Mutex<Whose>,
    ) -> Result<Whose> {
        let last = *turns.lock().unwrap_or_else(PoisonError::into_inner);
        let behind = async |owner| store::owner_after(reader, due, priority, owner).await;
        let nobody = async || store::nobody(reader, due, priority).await;
        // People, then nobody, then people again from the first.
        let next = match last {
            Whose::Of(owner) => match behind(Some(owner)).await? {
                None => match nobody().await? {
                    None => behind(None).await?,
                    found => found,
                },
                found => found,
            },
            Whose::Nobodys | Whose::Anybodys => match behind(None).await? {
                None => nobody().await?,
                found => found,
            },
        };
        let next = next.unwrap_or_default();
        *turns.lock().unwrap_or_else(PoisonError::into_inner) = next;
        Ok(next)
    }
}

/// Wait until it is said that jobs wait, or that something was not heard.
async fn waiting(signals: &mut Receiver<Signal>) {
    loop {
        match signals.recv().await {
            Ok(Signal::JobsWaiting | Signal::Missed) | Err(RecvError::Lagged(_)) => return,
            Ok(_) => {}
            // Nothing will be said any more: the poll is left.
            Err(RecvError::Closed) => std::future::pending().await,
        }
    }
}
