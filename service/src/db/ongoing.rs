//! The statements that run now, and those of late that were slow: what a keeper looks at first.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::time::Instant;

use super::text::without_values;
use crate::operation::{self, Label, Running};

/// How many slow statements are kept.
const KEPT: usize = 200;

/// A statement that runs now.
#[derive(Clone, Debug)]
pub struct RunningStatement {
    /// Its text, without values.
    pub sql: String,
    /// For how long, the wait for a connection included.
    pub elapsed: Duration,
    /// What it is run for.
    pub operation: Option<Label>,
    /// In answer to what request.
    pub request_id: Option<String>,
}

/// A statement that was slow.
#[derive(Clone, Debug)]
pub struct SlowStatement {
    /// Its text, without values.
    pub sql: String,
    /// When it ended.
    pub at: DateTime<Utc>,
    /// From the wait for a connection to the last row.
    pub elapsed: Duration,
    /// How many rows it brought or changed.
    pub rows: u64,
    /// What it was run for.
    pub operation: Option<Label>,
    /// In answer to what request.
    pub request_id: Option<String>,
    /// The code that the caller heard, where it failed.
    pub failure: Option<&'static str>,
}

/// What one process remembers of its statements.
#[derive(Debug, Default)]
pub(super) struct Memory {
    running: Mutex<(u64, BTreeMap<u64, Arc<Begun>>)>,
    slow: Mutex<VecDeque<SlowStatement>>,
}

#[derive(Debug)]
struct Begun {
    sql: String,
    at: Instant,
    operation: Option<Arc<Running>>,
}

impl Begun {
    fn whose(&self) -> (Option<Label>, Option<String>) {
        let running = self.operation.as_ref();
        let request = running.map(|running| running.request().to_owned());
        (
            running.map(|running| running.label()),
            request.filter(|id| !id.is_empty()),
        )
    }
}

/// A statement under way; forgotten when dropped.
#[derive(Debug)]
pub(super) struct Ongoing {
    memory: Arc<Memory>,
    key: u64,
    begun: Arc<Begun>,
}

impl Ongoing {
    pub(super) fn sql(&self) -> &str {
        &self.begun.sql
    }

    pub(super) fn elapsed(&self) -> Duration {
        self.begun.at.elapsed()
    }

    /// Add it to the figures of its operation.
    pub(super) fn charge(&self, rows: u64) {
        if let Some(operation) = &self.begun.operation {
            operation.charge(self.elapsed(), rows);
        }
    }
}

impl Drop for Ongoing {
    fn drop(&mut self) {
        lock(&self.memory.running).1.remove(&self.key);
    }
}

impl Memory {
    /// A statement begins, for the operation of this task.
    pub(super) fn begin(self: &Arc<Self>, sql: String) -> Ongoing {
        let begun = Arc::new(Begun {
            sql,
            at: Instant::now(),
            operation: operation::current(),
        });
        let mut running = lock(&self.running);
        let key = running.0;
        running.0 += 1;
        running.1.insert(key, Arc::clone(&begun));
        drop(running);
        Ongoing {
            memory: Arc::clone(self),
            key,
            begun,
        }
    }

    /// A statement was slow.
    pub(super) fn slow(
        &self,
        statement: &Ongoing,
        at: DateTime<Utc>,
        rows: u64,
        failure: Option<&'static str>,
    ) {
        let (operation, request_id) = statement.begun.whose();
        let slow = SlowStatement {
            sql: without_values(statement.sql()),
            at,
            elapsed: statement.elapsed(),
            rows,
            operation,
            request_id,
            failure,
        };
        let mut kept = lock(&self.slow);
        kept.truncate(KEPT - 1);
        kept.push_front(slow);
    }

    /// The slow ones, the last first.
    pub(super) fn slow_statements(&self) -> Vec<SlowStatement> {
        lock(&self.slow).iter().cloned().collect()
    }

    pub(super) fn forget_slow(&self) {
        lock(&self.slow).clear();
    }

    /// The running ones, the oldest first.
    pub(super) fn running_statements(&self) -> Vec<RunningStatement> {
        let running: Vec<_> = lock(&self.running).1.values().map(Arc::clone).collect();
        let told = running.into_iter().map(|begun| {
            let (operation, request_id) = begun.whose();
            RunningStatement {
                sql: without_values(&begun.sql),
                elapsed: begun.at.elapsed(),
                operation,
                request_id,
            }
        });
        told.collect()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_so_many_slow_statements_are_kept_and_the_last_come_first() {
        let memory = Arc::new(Memory::default());
        for rows in 0..500 {
            let statement = memory.begin("SELECT 'secret'".to_owned());
            assert_eq!(memory.running_statements()[0].sql, "SELECT ?");
            memory.slow(&statement, DateTime::UNIX_EPOCH, rows, None);
        }
        assert!(memory.running_statements().is_empty());
        let kept = memory.slow_statements();
        assert_eq!((kept.len(), kept[0].rows), (KEPT, 499));
        assert_eq!(kept[0].sql, "SELECT ?");
        memory.forget_slow();
        assert!(memory.slow_statements().is_empty());
    }
}
