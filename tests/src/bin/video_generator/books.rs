//! The jobs that the generator has taken on.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// A job.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    /// Its number, from 1.
    pub(crate) number: u64,
    /// What the generator calls it.
    pub(crate) id: String,
    /// What whoever sent it calls it.
    pub(crate) name: String,
}

/// Jobs by the names that they were sent under.
#[derive(Debug, Default)]
pub(crate) struct Books(Mutex<HashMap<String, Job>>);

impl Books {
    /// The job of that name, and whether it is a new one.
    pub(crate) fn take(&self, name: &str) -> (Job, bool) {
        let mut jobs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(job) = jobs.get(name) {
            return (job.clone(), false);
        }
        let number = jobs.len() as u64 + 1;
        // Another run of the generator must not give the same ids again.
        let begun = std::time::SystemTime::UNIX_EPOCH
            .elapsed()
            .unwrap_or_default();
        let job = Job {
            number,
            id: format!("gen_{:x}_{number}", begun.as_micros()),
            name: name.to_owned(),
        };
        jobs.insert(name.to_owned(), job.clone());
        (job, true)
    }
}
