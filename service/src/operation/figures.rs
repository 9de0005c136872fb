//! The figures of every operation, by its name: a bounded number of names, counted without a lock.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::histogram::Histogram;
use super::{Kind, Label, Running};

/// What has a name too many is counted under.
const OTHERS: &str = "(others)";

/// What the operations of this process came to since a moment.
#[derive(Debug)]
pub struct Operations {
    since: Mutex<DateTime<Utc>>,
    named: RwLock<HashMap<Label, Arc<Figures>>>,
}

/// The figures of one name.
#[derive(Clone, Debug)]
pub struct Statistics {
    /// What it is called.
    pub label: Label,
    /// How often it was asked for.
    pub calls: u64,
    /// How often the caller was refused (4xx).
    pub refusals: u64,
    /// How often it failed (5xx).
    pub errors: u64,
    /// The times that 50, 95 and 99 in a hundred were within, to a sixteenth.
    pub percentiles: [Duration; 3],
    /// The longest of all.
    pub slowest: Duration,
    /// All of them together.
    pub total: Duration,
    /// How many statements it ran.
    pub statements: u64,
    /// How many rows those brought or changed.
    pub rows: u64,
    /// How long they took.
    pub database: Duration,
}

#[derive(Debug, Default)]
struct Figures {
    calls: AtomicU64,
    refusals: AtomicU64,
    errors: AtomicU64,
    statements: AtomicU64,
    rows: AtomicU64,
    database: AtomicU64,
    total: AtomicU64,
    slowest: AtomicU64,
    times: Histogram,
}

/// How many names of a kind are told apart. Those of GraphQL are the callers' to choose.
const fn most(kind: Kind) -> usize {
    match kind {
        Kind::Rest => 512,
        Kind::Graphql => 256,
        Kind::Job | Kind::Command => 128,
    }
}

impl Operations {
    /// Nothing yet, as of `now`.
    pub fn new(now: DateTime<Utc>) -> Self {
        Self {
            since: Mutex::new(now),
            named: RwLock::default(),
        }
    }

    /// Since when it is counted.
    pub fn since(&self) -> DateTime<Utc> {
        *self.since.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begin again at `now`.
    pub(crate) fn reset(&self, now: DateTime<Utc>) {
        self.named
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
        *self.since.lock().unwrap_or_else(PoisonError::into_inner) = now;
    }

    /// The figures of every name, those with the most time in the database first.
    pub fn statistics(&self) -> Vec<Statistics> {
        let named = self.named.read().unwrap_or_else(PoisonError::into_inner);
        let mut all: Vec<_> = named
            .iter()
            .map(|(label, figures)| figures.told(label.clone()))
            .collect();
        drop(named);
        all.sort_by(|a, b| (b.database, &a.label).cmp(&(a.database, &b.label)));
        all
    }

    /// Add an operation that is over.
    pub(super) fn add(&self, running: &Running, took: Duration) {
        let figures = self.figures(running.label());
        let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        let add = |to: &AtomicU64, much| to.fetch_add(much, Ordering::Relaxed);
        let of = |from: &AtomicU64| from.load(Ordering::Relaxed);
        add(&figures.calls, 1);
        match running.status.load(Ordering::Relaxed) {
            0..400 => 0,
            400..500 => add(&figures.refusals, 1),
            _ => add(&figures.errors, 1),
        };
        add(&figures.statements, of(&running.statements));
        add(&figures.rows, of(&running.rows));
        add(&figures.database, of(&running.database));
        add(&figures.total, nanos);
        figures.slowest.fetch_max(nanos, Ordering::Relaxed);
        figures.times.add(took);
    }

    fn figures(&self, mut label: Label) -> Arc<Figures> {
        let named = self.named.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(figures) = named.get(&label) {
            return Arc::clone(figures);
        }
        drop(named);
        let mut named = self.named.write().unwrap_or_else(PoisonError::into_inner);
        let kin = named.keys().filter(|known| known.kind == label.kind);
        if kin.count() >= most(label.kind) && !named.contains_key(&label) {
            label.name = OTHERS.into();
        }
        Arc::clone(named.entry(label).or_default())
    }
}

impl Figures {
    fn told(&self, label: Label) -> Statistics {
        let of = |from: &AtomicU64| from.load(Ordering::Relaxed);
        Statistics {
            label,
            calls: of(&self.calls),
            refusals: of(&self.refusals),
            errors: of(&self.errors),
            percentiles: self.times.percentiles(),
            slowest: Duration::from_nanos(of(&self.slowest)),
            total: Duration::from_nanos(of(&self.total)),
            statements: of(&self.statements),
            rows: of(&self.rows),
            database: Duration::from_nanos(of(&self.database)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{answered, current, learn, within};
    use super::*;

    fn label(name: &str) -> Label {
        Label::new(Kind::Graphql, name)
    }

    #[tokio::test]
    async fn an_operation_is_added_to_its_name() {
        let operations = Arc::new(Operations::new(DateTime::UNIX_EPOCH));
        within(&operations, Label::new(Kind::Rest, "door"), "r", async {
            learn(Kind::Graphql, || "Runs".to_owned());
            learn(Kind::Graphql, || "Others".to_owned());
            current().unwrap().charge(Duration::from_millis(3), 20);
            current().unwrap().charge(Duration::from_millis(4), 1);
            answered(503);
            answered(404);
        })
        .await;
        within(&operations, label("Runs"), "r", async { answered(404) }).await;
        let given_up = within(
            &operations,
            label("Runs"),
            "r",
            std::future::pending::<()>(),
        );
        assert!(futures::FutureExt::now_or_never(given_up).is_none());

        let told = operations.statistics();
        assert_eq!(told.len(), 1, "{told:?}");
        let runs = &told[0];
        assert_eq!((runs.calls, runs.refusals, runs.errors), (3, 1, 1));
        assert_eq!((runs.statements, runs.rows), (2, 21));
        assert_eq!(runs.database, Duration::from_millis(7));
        assert!(runs.slowest <= runs.total);
        assert!(current().is_none());

        operations.reset(DateTime::UNIX_EPOCH + chrono::TimeDelta::days(1));
        assert!(operations.statistics().is_empty());
        assert_eq!(operations.since().timestamp(), 86_400);
    }

    #[tokio::test]
    async fn invented_names_do_not_fill_the_memory() {
        let operations = Arc::new(Operations::new(DateTime::UNIX_EPOCH));
        for number in 0..1_000 {
            let name = format!("{number}{}", "x".repeat(500));
            within(&operations, label(&name), "", async {}).await;
        }
        within(&operations, Label::new(Kind::Job, "upkeep"), "", async {}).await;
        let told = operations.statistics();
        assert_eq!(told.len(), most(Kind::Graphql) + 2);
        assert!(told.iter().all(|one| one.label.name.len() <= 120));
        let others = told.iter().find(|one| &*one.label.name == OTHERS);
        let kept = u64::try_from(most(Kind::Graphql)).unwrap();
        assert_eq!(others.unwrap().calls, 1_000 - kept);
    }
}
