//! Jobs steered by the staff: tried again, called off.

use chrono::{DateTime, Utc};
use entity::id::JobId;
use entity::platform::job::{JobState, Model};
use serde_json::json;

use super::error::Error;
use super::{policy, store};
use crate::audit;
use crate::ctx::Ctx;
use crate::error::{Common, Result};
use crate::signal::Signal;
use crate::write::Write;

/// The most jobs that are tried again at once.
const MOST: u64 = 1_000;

/// Which dead jobs are tried again.
#[derive(Clone, Debug, Default)]
pub struct Replay {
    /// Only those of this kind.
    pub kind: Option<String>,
    /// Only those of this line.
    pub queue: Option<String>,
    /// Only those that died since.
    pub since: Option<DateTime<Utc>>,
    /// At most so many, up to 1,000; the oldest go first.
    pub most: u64,
}

/// Let a job that is dead or cancelled be tried again, with all its tries; one that waits for another
/// try, or for its time, is tried now.
pub async fn retry(ctx: &Ctx, id: JobId) -> Result<Model> {
    policy::steer(&ctx.actor)?;
    let tx = ctx.write().await?;
    let job = store::held(&tx, id).await?;
    if job.state == JobState::Running || job.state == JobState::Succeeded {
        let (state, wanted) = (job.state, "be tried again");
        return Err(Error::InvalidTransition { state, wanted }.into());
    }
    if let Some(open) = other(&tx, &job).await? {
        return Err(Error::AlreadyOpen { id: open }.into());
    }
    let job = again(&tx, job, "job.retry").await?;
    tx.commit().await?;
    Ok(job)
}

/// Let dead jobs be tried again; tells how many. One whose work another job has taken on stays dead.
pub async fn replay(ctx: &Ctx, which: Replay) -> Result<u64> {
    policy::steer(&ctx.actor)?;
    if which.most == 0 || which.most > MOST {
        return Err(Common::Limit { max: MOST }.into());
    }
    let (kind, queue) = (which.kind.as_deref(), which.queue.as_deref());
    let tx = ctx.write().await?;
    let mut count = 0;
    for job in store::dead(&tx, kind, queue, which.since, which.most).await? {
        if other(&tx, &job).await?.is_none() {
            again(&tx, job, "job.replay").await?;
            count += 1;
        }
    }
    tx.commit().await?;
    Ok(count)
}

/// Call a job off. One that waits is cancelled at once; one that runs is told so, and is cancelled as
/// soon as it heeds it, or is broken off.
pub async fn cancel(ctx: &Ctx, id: JobId) -> Result<Model> {
    policy::steer(&ctx.actor)?;
    let tx = ctx.write().await?;
    let mut job = store::held(&tx, id).await?;
    let before = json!({ "state": job.state, "attempt": job.attempt });
    match job.state {
        JobState::Queued => {
            job.state = JobState::Cancelled;
            job.finished_at = Some(tx.now);
        }
        // It was told so already.
        JobState::Running if job.cancel_requested_at.is_some() => return Ok(job),
        JobState::Running => {}
        state => {
            let wanted = "be cancelled";
            return Err(Error::InvalidTransition { state, wanted }.into());
        }
    }
    job.cancel_requested_at = Some(tx.now);
    put_down(&tx, &job, "job.cancel", before).await?;
    tx.commit().await?;
    Ok(job)
}

/// The open job that does the same.
async fn other(tx: &Write, job: &Model) -> Result<Option<JobId>> {
    let Some(key) = &job.unique_key else {
        return Ok(None);
    };
    let open = store::open_as(tx, key).await?;
    Ok(open.map(|open| open.id).filter(|id| *id != job.id))
}

async fn again(tx: &Write, mut job: Model, action: &'static str) -> Result<Model> {
    let before = json!({ "state": job.state, "attempt": job.attempt });
    job.state = JobState::Queued;
    job.attempt = 0;
    job.run_at = tx.now;
    job.progress = 0;
    job.finished_at = None;
    job.cancel_requested_at = None;
    put_down(tx, &job, action, before).await?;
    tx.signal(Signal::JobsWaiting);
    Ok(job)
}

async fn put_down(
    tx: &Write,
    job: &Model,
    action: &'static str,
    before: serde_json::Value,
) -> Result<()> {
    store::save(tx, job).await?;
    tx.signal(Signal::JobMoved(job.id));
    let entry = audit::Entry {
        action,
        resource_type: "job",
        resource_id: job.id.to_string(),
        before: Some(before),
        after: Some(json!({ "state": job.state, "kind": job.kind })),
    };
    audit::record(tx, entry).await
}
