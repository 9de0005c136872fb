//! A job that is to be done.

use chrono::{DateTime, SubsecRound as _, Utc};
use entity::id::{JobId, UserId};
use entity::platform::job::{JobState, Model};
use serde_json::Value;

use super::store;
use super::task::Task;
use crate::error::{Error, Result};
use crate::signal::Signal;
use crate::write::Write;

/// How many new jobs of one write are told of one by one.
const TOLD: usize = 100;

/// A job that is to be done.
#[derive(Clone, Debug)]
pub struct NewJob {
    pub(super) kind: String,
    pub(super) queue: String,
    pub(super) payload: Value,
    pub(super) priority: i32,
    pub(super) run_at: Option<DateTime<Utc>>,
    pub(super) max_attempts: i32,
    pub(super) unique_key: Option<String>,
    pub(super) owner: Option<UserId>,
}

impl NewJob {
    /// `T`'s job about `payload`: for nobody in particular, as soon as may be.
    pub fn of<T: Task>(payload: &T::Payload) -> Result<Self> {
        Ok(Self {
            kind: T::KIND.to_owned(),
            queue: T::QUEUE.to_owned(),
            payload: serde_json::to_value(payload).map_err(Error::internal)?,
            priority: 0,
            run_at: None,
            max_attempts: T::TRIES,
            unique_key: None,
            owner: None,
        })
    }

    /// Not before `moment`.
    #[must_use]
    pub fn not_before(mut self, moment: DateTime<Utc>) -> Self {
        self.run_at = Some(moment);
        self
    }

    /// In another place of the line: lower goes first, and 0 is the usual one.
    #[must_use]
    pub fn with_priority(mut self, priority: i32) -> Self {
        self.priority = priority;
        self
    }

    /// At most one open job has `key`: where one is queued or running, this one is folded into it. So
    /// a task that must see what is written while it runs takes no key.
    #[must_use]
    pub fn once_as(mut self, key: impl Into<String>) -> Self {
        self.unique_key = Some(key.into());
        self
    }

    /// For a person: their jobs take turns with those of others, and go when the person goes.
    #[must_use]
    pub fn owned_by(mut self, owner: UserId) -> Self {
        self.owner = Some(owner);
        self
    }

    fn row(self, tx: &Write) -> Model {
        Model {
            id: tx.fresh(),
            kind: self.kind,
            payload: self.payload,
            queue: self.queue,
            state: JobState::Queued,
            priority: self.priority,
            run_at: self.run_at.unwrap_or(tx.now).trunc_subsecs(6),
            attempt: 0,
            max_attempts: self.max_attempts,
            unique_key: self.unique_key,
            owner_id: self.owner,
            worker: None,
            lease_until: None,
            fence: 0,
            progress: 0,
            cancel_requested_at: None,
            last_error: None,
            finished_at: None,
            created_at: tx.now,
            updated_at: tx.now,
        }
    }
}

/// Queue a job in the open write; tells its id, or that of the open job that it was folded into. A
/// job that waits for its first try then comes as early as the earlier of the two.
pub async fn enqueue(tx: &Write, new: NewJob) -> Result<JobId> {
    known(tx, &new)?;
    put(tx, new).await
}

/// As [`enqueue`], also for a kind that only another version of the program knows.
pub(super) async fn put(tx: &Write, new: NewJob) -> Result<JobId> {
    let mut row = new.row(tx);
    // An open job with the key may end between the two statements.
    for _ in 0..3 {
        if store::insert(tx, row.clone()).await? {
            told(tx, row.id);
            return Ok(row.id);
        }
        let Some(key) = &row.unique_key else { break };
        if let Some(open) = store::open_as(tx, key).await? {
            if open.state == JobState::Queued && open.attempt == 0 {
                let run_at = open.run_at.min(row.run_at);
                let priority = open.priority.min(row.priority);
                store::hasten(tx, open.id, run_at, priority).await?;
                told(tx, open.id);
            }
            return Ok(open.id);
        }
        row.id = tx.fresh();
    }
    Err(Error::internal("a job was not queued"))
}

/// Queue many jobs in a few statements; those whose key is taken are left out.
pub async fn enqueue_all(tx: &Write, new: impl IntoIterator<Item = NewJob>) -> Result<()> {
    let mut rows = Vec::new();
    for job in new {
        known(tx, &job)?;
        rows.push(job.row(tx));
    }
    let ids: Vec<JobId> = rows.iter().map(|row| row.id).collect();
    store::insert_all(tx, rows).await?;
    tx.signal(Signal::JobsWaiting);
    // Each is told of by a statement; so many would hold up the write, and are heard of when they run.
    if ids.len() <= TOLD {
        for id in ids {
            told(tx, id);
        }
    }
    Ok(())
}

/// A job that nobody can do would wait for ever.
fn known(tx: &Write, new: &NewJob) -> Result<()> {
    if tx.services().jobs.kinds.knows(&new.kind) {
        return Ok(());
    }
    Err(Error::internal(format!(
        "no task is registered as {}",
        new.kind
    )))
}

fn told(tx: &Write, id: JobId) {
    tx.signal(Signal::JobMoved(id));
    tx.signal(Signal::JobsWaiting);
}
