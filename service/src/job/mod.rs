//! Jobs: work that follows from a write, queued in the same transaction, done at least once.
//!
//! What a kind of job does is a [`Task`], registered once in [`Kinds`]. [`enqueue`] is a part: the row
//! stands in the caller's open write, so a job follows exactly the writes that happened. A [`Worker`]
//! claims one job at a time under a lease and a fence, renews the lease while it works, and names the
//! fence in every write; a holder whose lease ran out writes nothing. A worker that dies has used a
//! try up; one that stops gives back what it holds, and has not.
//!
//! Owners take turns, so that ten thousand jobs of one hold up nobody else's; lower priorities go
//! first, and every fifth claim goes by age alone, so that none waits for ever. A job whose tries are
//! used up is dead until somebody of the staff tries it again.
//!
//! A schedule queues a job whenever it is due, once over all workers; times that were missed are
//! made up for by one.
//!
//! Not here: what the tasks do. Each stands in its domain's `job.rs`.

mod backoff;
mod claim;
mod cron;
mod error;
mod figures;
mod held;
mod kinds;
mod new;
mod policy;
mod run;
mod schedule;
pub mod setting;
mod steer;
mod store;
mod task;
mod worker;

use tokio_util::task::TaskTracker;

pub use self::error::Error;
pub use self::figures::{Standing, describe, look};
pub use self::held::{Halt, Held};
pub use self::kinds::ours;
pub use self::new::{NewJob, enqueue, enqueue_all};
pub(crate) use self::schedule::written as schedule_written;
pub use self::steer::{Replay, cancel, replay, retry};
pub use self::task::{Ending, Kinds, Nothing, Task};
pub use self::worker::Worker;

/// What the process knows of jobs.
#[derive(Debug, Default)]
pub struct Jobs {
    /// What each kind of job does, and what is done on schedule.
    pub kinds: Kinds,
    /// The jobs and workers at work in this process; a stop waits for them before it closes the
    /// database.
    pub at_work: TaskTracker,
}

impl Jobs {
    /// Jobs of `kinds`.
    pub fn new(kinds: Kinds) -> Self {
        Self {
            kinds,
            at_work: TaskTracker::new(),
        }
    }
}
