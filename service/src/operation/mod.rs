//! What the process is asked to do, and what that costs: calls, failures, times, statements, rows.
//!
//! A door opens an operation with [`within`]; a task-local carries it to every statement that runs
//! inside, and its end adds it to the figures of its name ([`Operations`]). Work that is spawned
//! beside it belongs to nobody. Statements that run at the same time each count with their own time,
//! so that the time in the database may be longer than the operation.

mod figures;
mod histogram;

use std::fmt;
use std::sync::atomic::{AtomicU16, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

pub use self::figures::{Operations, Statistics};

/// The longest name that is kept.
const LONGEST: usize = 120;

tokio::task_local! {
    static CURRENT: Arc<Running>;
}

/// By which door it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// A route.
    Rest,
    /// A GraphQL operation.
    Graphql,
    /// Work that nobody waits for.
    Job,
    /// A command of the binary.
    Command,
}

impl Kind {
    /// Its name in reports and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rest => "rest",
            Self::Graphql => "graphql",
            Self::Job => "job",
            Self::Command => "command",
        }
    }
}

/// What an operation is called.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Label {
    /// By which door it came.
    pub kind: Kind,
    /// Its name there: method and route, operation name, job, command.
    pub name: Arc<str>,
}

impl Label {
    /// The operation `name` of `kind`; a name that is too long is cut.
    pub fn new(kind: Kind, name: &str) -> Self {
        let end = name
            .char_indices()
            .nth(LONGEST)
            .map_or(name.len(), |(at, _)| at);
        Self {
            kind,
            name: Arc::from(&name[..end]),
        }
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind.name(), self.name)
    }
}

/// An operation under way.
#[derive(Debug)]
pub struct Running {
    label: Mutex<Label>,
    request: String,
    statements: AtomicU64,
    rows: AtomicU64,
    /// Time in the database, in nanoseconds.
    database: AtomicU64,
    /// The worst status that it answered with.
    status: AtomicU16,
}

impl Running {
    fn new(label: Label, request: &str) -> Self {
        Self {
            label: Mutex::new(label),
            request: request.to_owned(),
            statements: AtomicU64::default(),
            rows: AtomicU64::default(),
            database: AtomicU64::default(),
            status: AtomicU16::default(),
        }
    }

    /// What it is called.
    pub fn label(&self) -> Label {
        let label = self.label.lock().unwrap_or_else(PoisonError::into_inner);
        label.clone()
    }

    /// The id of the request that it answers; empty where there is none.
    pub fn request(&self) -> &str {
        &self.request
    }

    /// Add a statement that took `took` and brought `rows`.
    pub(crate) fn charge(&self, took: Duration, rows: u64) {
        let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        self.statements.fetch_add(1, Ordering::Relaxed);
        self.rows.fetch_add(rows, Ordering::Relaxed);
        self.database.fetch_add(nanos, Ordering::Relaxed);
    }

    /// It answered with `status`; only the worst counts.
    pub fn answered(&self, status: u16) {
        self.status.fetch_max(status, Ordering::Relaxed);
    }
}

/// The operation that this task works on.
pub fn current() -> Option<Arc<Running>> {
    CURRENT.try_with(Arc::clone).ok()
}

/// The operation of this task turns out to be one of `kind`, with a name of its own: a door within
/// a door tells it, and only the first time counts.
pub fn learn(kind: Kind, name: impl FnOnce() -> String) {
    let Some(running) = current() else { return };
    let mut label = running.label.lock().unwrap_or_else(PoisonError::into_inner);
    if label.kind != kind {
        *label = Label::new(kind, &name());
    }
}

/// The operation of this task answers somebody with `status`: a GraphQL answer tells it for each
/// field, and its own status is 200.
pub fn answered(status: u16) {
    let _ = CURRENT.try_with(|running| running.answered(status));
}

/// Do `work` as the operation `label`, in answer to `request`. What is given up in the middle counts
/// as well.
pub fn within<F: Future>(
    operations: &Arc<Operations>,
    label: Label,
    request: &str,
    work: F,
) -> impl Future<Output = F::Output> + use<F> {
    let running = Arc::new(Running::new(label, request));
    let ending = Ending {
        operations: Arc::clone(operations),
        running: Arc::clone(&running),
        began: Instant::now(),
    };
    // The work of a request is large, and would be moved about.
    let work = CURRENT.scope(running, Box::pin(work));
    async move {
        let _ending = ending;
        work.await
    }
}

/// Adds the operation to its figures when it is dropped.
struct Ending {
    operations: Arc<Operations>,
    running: Arc<Running>,
    began: Instant,
}

impl Drop for Ending {
    fn drop(&mut self) {
        let took = self.began.elapsed();
        self.operations.add(&self.running, took);
    }
}
