//! What jobs tell the metrics: how many wait and since when, how many ended how, and how long they
//! took.
//!
//! How many wait is the database's figure, told by every process that works at jobs; what ended is the
//! process's own.

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::{DateTime, Utc};
use entity::platform::job::JobState;
use metrics::{
    Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram,
};

use super::store;
use crate::ctx::Ctx;
use crate::error::Result;

const JOBS: &str = "chancery_jobs";
const OLDEST: &str = "chancery_jobs_oldest_waiting_seconds";
const ENDED: &str = "chancery_jobs_tries_total";
const DURATION: &str = "chancery_job_duration_seconds";

/// How the jobs stand that are not over.
#[derive(Clone, Debug, Default)]
pub struct Standing {
    /// How many, by queue and state.
    pub counts: Vec<(String, JobState, i64)>,
    /// Since when the job waits that was due first.
    pub oldest: Option<DateTime<Utc>>,
}

/// How the jobs stand that are not over: for the doctor and the metrics.
pub async fn look(conn: &crate::db::Reader, now: DateTime<Utc>) -> Result<Standing> {
    store::standing(conn, now).await
}

/// Say what each of them means, when the recorder is there.
pub fn describe() {
    describe_gauge!(
        JOBS,
        "Jobs that wait, run or are dead, by queue and state; every process tells the same."
    );
    describe_gauge!(
        OLDEST,
        Unit::Seconds,
        "How long the job has been due that has been waiting longest."
    );
    describe_counter!(
        ENDED,
        "Tries at jobs in this process, by kind and by what became of them."
    );
    describe_histogram!(DURATION, Unit::Seconds, "How long a try at a job took.");
}

/// A try has ended.
pub(super) fn ended(kind: &str, told: &'static str, took: Duration) {
    counter!(ENDED, "kind" => kind.to_owned(), "outcome" => told).increment(1);
    histogram!(DURATION, "kind" => kind.to_owned()).record(took.as_secs_f64());
}

/// Tell how the jobs stand. Where that cannot be known now, the next time is soon.
pub(super) async fn tell(ctx: &Ctx) {
    let Ok(reader) = ctx.read() else { return };
    let Ok(standing) = look(&reader, ctx.now()).await else {
        return;
    };
    let age = standing.oldest.map(|oldest| ctx.now() - oldest);
    let age = age.and_then(|age| age.to_std().ok()).unwrap_or_default();
    gauge!(OLDEST).set(age.as_secs_f64());
    // An empty line is told as well.
    let counted = standing.counts.iter().map(|(queue, ..)| queue.clone());
    let known = ctx.services.jobs.kinds.queues().map(str::to_owned);
    let queues: BTreeSet<String> = counted.chain(known).collect();
    for queue in queues {
        for (state, name) in [
            (JobState::Queued, "queued"),
            (JobState::Running, "running"),
            (JobState::Dead, "dead"),
        ] {
            let counted = standing.counts.iter();
            let mut counted = counted.filter(|(of, at, _)| *of == queue && *at == state);
            let count = counted.next().map_or(0, |(.., count)| *count);
            let count = u32::try_from(count).unwrap_or(u32::MAX);
            gauge!(JOBS, "queue" => queue.clone(), "state" => name).set(f64::from(count));
        }
    }
}
