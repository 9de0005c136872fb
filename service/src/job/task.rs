//! What a job does, by its kind.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::held::Held;
use crate::ctx::Ctx;
use crate::error::Result;

/// What a kind of job does.
///
/// It may be run again after it was done: let its effect be the same, or end it in the transaction of
/// its effect ([`Held::finish`]). It runs as [`Actor::System`](crate::actor::Actor::System) under its
/// kind's name.
pub trait Task: Send + Sync + 'static {
    /// The kind's name, as `domain.verb`: a promise to the rows that are queued already.
    const KIND: &'static str;
    /// The line in which its jobs wait.
    const QUEUE: &'static str = "default";
    /// How many times a worker takes such a job before it is dead.
    const TRIES: i32 = 10;
    /// What it is about: ids, not copies.
    type Payload: Serialize + DeserializeOwned + Send + Sync + 'static;

    /// Do it. An error is a failed try: the job comes again after a pause.
    fn run(
        &self,
        ctx: &Ctx,
        payload: Self::Payload,
        held: &Held,
    ) -> impl Future<Output = Result<Ending>> + Send;
}

/// How a try ended that did not go wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It is done.
    Done,
    /// It failed, and is to be tried again after a pause of the task's own choice, if tries are left.
    Again {
        /// How long the pause is.
        after: Duration,
        /// Why, for the staff: never a secret.
        because: String,
    },
    /// It failed, and no other try would help.
    Dead {
        /// Why, for the staff: never a secret.
        because: String,
    },
}

/// The payload of a task that needs none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Nothing {}

/// A task, whatever its payload.
pub(super) trait Erased: Send + Sync {
    fn run<'a>(
        &'a self,
        ctx: &'a Ctx,
        payload: Value,
        held: &'a Held,
    ) -> BoxFuture<'a, Result<Ending>>;
}

impl<T: Task> Erased for T {
    fn run<'a>(
        &'a self,
        ctx: &'a Ctx,
        payload: Value,
        held: &'a Held,
    ) -> BoxFuture<'a, Result<Ending>> {
        async move {
            match serde_json::from_value(payload) {
                Ok(payload) => Task::run(self, ctx, payload, held).await,
                Err(error) => Ok(Ending::Dead {
                    // Where it is wrong, and never what stands there.
                    because: format!(
                        "the payload is not one of {}: {:?}",
                        T::KIND,
                        error.classify()
                    ),
                }),
            }
        }
        .boxed()
    }
}

/// A job that is queued by the clock.
#[derive(Clone, Debug)]
pub(super) struct Planned {
    pub(super) name: &'static str,
    pub(super) kind: &'static str,
    pub(super) queue: &'static str,
    pub(super) cron: &'static str,
}

/// The kinds of jobs, with what each does, and what is done on schedule.
#[derive(Clone, Default)]
pub struct Kinds {
    tasks: BTreeMap<&'static str, (&'static str, Arc<dyn Erased>)>,
    planned: Vec<Planned>,
}

impl Kinds {
    /// The same, and `task` beside.
    #[must_use]
    pub fn with<T: Task>(mut self, task: T) -> Self {
        self.tasks.insert(T::KIND, (T::QUEUE, Arc::new(task)));
        self
    }

    /// The same, and `task` beside, which is done whenever `cron` says so by the clock of UTC. The
    /// schedule is called as the kind is; an admin may change it, and that stays.
    #[must_use]
    pub fn every<T: Task<Payload = Nothing>>(mut self, cron: &'static str, task: T) -> Self {
        self.planned.push(Planned {
            name: T::KIND,
            kind: T::KIND,
            queue: T::QUEUE,
            cron,
        });
        self.with(task)
    }

    /// Their names.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.tasks.keys().copied()
    }

    /// Whether there is a task for `kind`.
    pub fn knows(&self, kind: &str) -> bool {
        self.tasks.contains_key(kind)
    }

    pub(super) fn planned(&self) -> &[Planned] {
        &self.planned
    }

    /// The task of `kind`, with its name as it was registered.
    pub(super) fn get(&self, kind: &str) -> Option<(&'static str, Arc<dyn Erased>)> {
        let found = self.tasks.get_key_value(kind);
        found.map(|(name, (_, task))| (*name, Arc::clone(task)))
    }

    /// The lines in which their jobs wait, unless somebody says otherwise.
    pub(super) fn queues(&self) -> impl Iterator<Item = &'static str> {
        self.tasks.values().map(|(queue, _)| *queue)
    }
}

impl fmt::Debug for Kinds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.names()).finish()
    }
}
