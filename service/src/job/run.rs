//! One try at one job, from its claim to its end.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, SubsecRound as _, Utc};
use entity::platform::job::{JobState, Model};
use futures::FutureExt as _;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use super::backoff::pause;
use super::held::{Halt, Held, succeeded};
use super::task::Ending;
use super::{figures, setting, store};
use crate::actor::Actor;
use crate::ctx::{Ctx, RequestInfo, Services};
use crate::error::{Error, Result};
use crate::operation::{self, Kind, Label};
use crate::signal::Signal;

/// How many letters of a failure are kept.
const LONGEST: usize = 2_000;

/// What became of a try.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Outcome {
    Done,
    Failed {
        because: String,
        after: Option<Duration>,
    },
    Hopeless(String),
    /// It was broken off.
    Broken,
}

/// Do a job that was just claimed, and put down what became of it.
pub(super) async fn run(services: &Arc<Services>, job: Model) {
    let held = Arc::new(Held::new(Arc::clone(services), &job));
    let kept = CancellationToken::new();
    let keeping = {
        let (kept, held) = (kept.clone(), Arc::clone(&held));
        Box::pin(async move { kept.run_until_cancelled_owned(Box::pin(held.keep())).await })
    };
    services.jobs.at_work.spawn(keeping);
    let keeping = kept.drop_guard();
    let began = Instant::now();
    let outcome = attempt(services, &job, &held).await;
    // No heartbeat beside the end: it would find the job gone.
    drop(keeping);
    let told = settle(services, &held, &outcome).await;
    figures::ended(&job.kind, told, began.elapsed());
    match (told, &outcome) {
        ("dead", Outcome::Failed { because, .. } | Outcome::Hopeless(because)) => {
            warn!(job.id = %job.id, kind = job.kind, because, "a job is dead");
        }
        ("failed", Outcome::Failed { because, .. }) => {
            info!(job.id = %job.id, kind = job.kind, because, "a job failed, and comes again");
        }
        _ => {}
    }
}

async fn attempt(services: &Arc<Services>, job: &Model, held: &Arc<Held>) -> Outcome {
    let Some((kind, task)) = services.jobs.kinds.get(&job.kind) else {
        return Outcome::Hopeless(format!("no task is registered as {}", job.kind));
    };
    let request = RequestInfo {
        id: job.id.to_string(),
        ..RequestInfo::default()
    };
    let ctx = Ctx::new(Arc::clone(services), Actor::System(kind), request);
    let payload = job.payload.clone();
    let work = async {
        let ended = AssertUnwindSafe(task.run(&ctx, payload, held))
            .catch_unwind()
            .await;
        if !matches!(ended, Ok(Ok(Ending::Done))) {
            operation::answered(500);
        }
        ended
    };
    let label = Label::new(Kind::Job, kind);
    let request = ctx.request.id.clone();
    let work = operation::within(&services.operations, label, &request, work);
    let patience = async {
        held.halted().await;
        if held.halt() != Some(Halt::Lost) {
            tokio::time::sleep(services.configuration.get(&setting::PATIENCE)).await;
        }
    };
    tokio::select! {
        ended = work => match ended {
            Ok(ended) => judged(job, ended),
            // What it said stands in the log, where the panic went: it may hold anything.
            Err(_) => Outcome::Failed { because: "the task panicked".to_owned(), after: None },
        },
        () = patience => Outcome::Broken,
    }
}

fn judged(job: &Model, ended: Result<Ending>) -> Outcome {
    match ended {
        Ok(Ending::Done) => Outcome::Done,
        Ok(Ending::Again { after, because }) => Outcome::Failed {
            because: cut(&because),
            after: Some(after),
        },
        Ok(Ending::Dead { because }) => Outcome::Hopeless(cut(&because)),
        Err(failure) => {
            if let Error::Internal(cause) = &failure {
                error!(job.id = %job.id, kind = job.kind, cause, "a job failed for reasons of our own");
            }
            // The sentence and the code, not the cause: that may quote values.
            Outcome::Failed {
                because: cut(&format!("{}: {failure}", failure.code())),
                after: None,
            }
        }
    }
}

/// As much of a text as is kept, and nothing that a database refuses.
fn cut(text: &str) -> String {
    text.chars()
        .filter(|letter| *letter != '\0')
        .take(LONGEST)
        .collect()
}

/// Put down what became of a try, and tell it in a word. While the database is away it is tried again
/// for as long as the claim lasts: the work is done, and would have to be done anew.
async fn settle(services: &Arc<Services>, held: &Held, outcome: &Outcome) -> &'static str {
    let lease = services.configuration.get(&setting::LEASE);
    let began = Instant::now();
    loop {
        match put_down(services, held, outcome).await {
            Ok(told) => return told,
            Err(error) if began.elapsed() > lease || services.stop.is_cancelled() => {
                warn!(job.id = %held.id(), %error, "what became of a job was not put down: it comes again");
                return "lost";
            }
            Err(_) => tokio::time::sleep(Duration::from_secs(1)).await,
        }
    }
}

async fn put_down(
    services: &Arc<Services>,
    held: &Held,
    outcome: &Outcome,
) -> Result<&'static str> {
    if held.halt() == Some(Halt::Lost) {
        return Ok("lost");
    }
    let ctx = Ctx::system(Arc::clone(services), "jobs");
    let tx = ctx.write().await?;
    let Some(mut job) = store::mine(&tx, held.hold()).await? else {
        return Ok(if held.was_finished() { "done" } else { "lost" });
    };
    let told = match outcome {
        Outcome::Done => {
            succeeded(&mut job, tx.now);
            job.last_error = None;
            "done"
        }
        _ if job.cancel_requested_at.is_some() => {
            ended(&mut job, JobState::Cancelled, tx.now);
            "cancelled"
        }
        _ if held.halt() == Some(Halt::Stopping) => {
            // It did nothing wrong: the try does not count.
            job.attempt -= 1;
            waiting(&mut job);
            tx.signal(Signal::JobsWaiting);
            "released"
        }
        Outcome::Hopeless(because) => {
            job.last_error = Some(because.clone());
            ended(&mut job, JobState::Dead, tx.now);
            "dead"
        }
        Outcome::Failed { because, .. } if job.attempt >= job.max_attempts => {
            job.last_error = Some(because.clone());
            ended(&mut job, JobState::Dead, tx.now);
            "dead"
        }
        Outcome::Failed { because, after } => {
            job.last_error = Some(because.clone());
            let rest = after.unwrap_or_else(|| rest(services, job.attempt));
            // To the microsecond: finer than that, the engines disagree.
            job.run_at = (tx.now + rest).trunc_subsecs(6);
            waiting(&mut job);
            "failed"
        }
        // Broken off, and yet neither cancelled nor stopping: as if the worker had died.
        Outcome::Broken => {
            give_up(&mut job, tx.now);
            "failed"
        }
    };
    store::save(&tx, &job).await?;
    tx.signal(Signal::JobMoved(job.id));
    tx.commit().await?;
    Ok(told)
}

fn rest(services: &Services, attempt: i32) -> Duration {
    let get = |setting| services.configuration.get(setting);
    let (base, cap) = (get(&setting::RETRY_BASE), get(&setting::RETRY_CAP));
    pause(&*services.chance, base, cap, attempt)
}

fn ended(job: &mut Model, state: JobState, now: DateTime<Utc>) {
    job.state = state;
    job.finished_at = Some(now);
    job.worker = None;
    job.lease_until = None;
}

fn waiting(job: &mut Model) {
    job.state = JobState::Queued;
    job.worker = None;
    job.lease_until = None;
}

/// Its worker was not heard of in time. The try counts: what kills its worker must not do so for
/// ever.
pub(super) fn give_up(job: &mut Model, now: DateTime<Utc>) {
    job.last_error = Some("its worker was not heard of any more".to_owned());
    if job.cancel_requested_at.is_some() {
        ended(job, JobState::Cancelled, now);
    } else if job.attempt >= job.max_attempts {
        ended(job, JobState::Dead, now);
    } else {
        waiting(job);
    }
}
