//! The jobs: how many stand where, what waits longest, what nobody could do.

use chrono::{DateTime, Utc};
use entity::id::JobId;
use entity::platform::job::JobState;

use super::{policy, store};
use crate::ctx::Ctx;
use crate::error::Result;

/// How many of the dead are named.
const NAMED: u64 = 20;

/// How the jobs stand.
#[derive(Clone, Debug)]
pub struct Jobs {
    /// How many, by queue and state.
    pub lines: Vec<Line>,
    /// Since when the job waits that was due first; nothing, where none is due.
    pub oldest_waiting: Option<DateTime<Utc>>,
    /// Those that failed for good, the latest first.
    pub dead: Vec<DeadJob>,
}

/// The jobs of one queue that stand alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The queue.
    pub queue: String,
    /// Where they stand.
    pub state: JobState,
    /// How many.
    pub count: i64,
}

/// A job that failed for good.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the fields are those of `jobs`")]
pub struct DeadJob {
    pub id: JobId,
    pub kind: String,
    pub queue: String,
    pub attempt: i32,
    pub finished_at: Option<DateTime<Utc>>,
}

/// How the jobs stand.
pub async fn jobs(ctx: &Ctx) -> Result<Jobs> {
    policy::read(&ctx.actor)?;
    let reader = ctx.read()?;
    let (lines, oldest_waiting, dead) = futures::try_join!(
        store::job_lines(&reader),
        store::oldest_job(&reader, ctx.now()),
        store::dead_jobs(&reader, NAMED),
    )?;
    Ok(Jobs {
        lines,
        oldest_waiting,
        dead,
    })
}
