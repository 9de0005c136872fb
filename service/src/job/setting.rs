//! The settings of jobs.

use std::time::Duration;

use crate::configuration::{Bounds, Setting};

/// How long a claim lasts unless it is renewed.
pub const LEASE: Setting<Duration> = Setting {
    key: "jobs.lease",
    description: "How long a worker's claim on a job lasts unless renewed, in seconds. A worker that \
                  died has its jobs done by others this much later.",
    default: || Duration::from_secs(30),
    bounds: Bounds::of(1, 3_600),
    sensitive: false,
    live: true,
};

/// How often a claim is renewed.
pub const HEARTBEAT: Setting<Duration> = Setting {
    key: "jobs.heartbeat",
    description: "How often a worker renews its claim on a job, in seconds: a third of jobs.lease or \
                  less.",
    default: || Duration::from_secs(10),
    bounds: Bounds::of(0, 1_200),
    sensitive: false,
    live: true,
};

/// How often a worker looks for what no signal tells.
pub const POLL: Setting<Duration> = Setting {
    key: "jobs.poll",
    description: "How often a worker looks for jobs whose time has come, for claims that ran out and \
                  for schedules, in seconds. New jobs are told by signals and do not wait for it.",
    default: || Duration::from_secs(1),
    bounds: Bounds::of(0, 60),
    sensitive: false,
    live: true,
};

/// How many jobs a process does at once.
pub const CONCURRENCY: Setting<i64> = Setting {
    key: "jobs.concurrency",
    description: "How many jobs one process does at once. Each may need a connection or two of the \
                  pool.",
    default: || 4,
    bounds: Bounds::of(1, 256),
    sensitive: false,
    live: true,
};

/// The pause after the first failed try.
pub const RETRY_BASE: Setting<Duration> = Setting {
    key: "jobs.retry_base",
    description: "The pause after a job's first failed try, in seconds; it doubles with each, give or \
                  take a fifth.",
    default: || Duration::from_secs(5),
    bounds: Bounds::of(0, 3_600),
    sensitive: false,
    live: true,
};

/// The longest pause.
pub const RETRY_CAP: Setting<Duration> = Setting {
    key: "jobs.retry_cap",
    description: "The longest pause between two tries of a job, in seconds.",
    default: || Duration::from_hours(1),
    bounds: Bounds::of(0, 604_800),
    sensitive: false,
    live: true,
};

/// How long a job may go on after it was told to stop.
pub const PATIENCE: Setting<Duration> = Setting {
    key: "jobs.patience",
    description: "How long a running job may go on after it was cancelled, or after the process was \
                  told to stop, before it is broken off, in seconds.",
    default: || Duration::from_secs(8),
    bounds: Bounds::of(0, 20),
    sensitive: false,
    live: true,
};

/// How long a job stays that was done.
pub const RETENTION: Setting<Duration> = Setting {
    key: "jobs.retention",
    description: "How long a job stays that was done or cancelled, in seconds. Dead ones stay for 30 \
                  days.",
    default: || Duration::from_hours(7 * 24),
    bounds: Bounds::of(0, 2_592_000),
    sensitive: false,
    live: true,
};
