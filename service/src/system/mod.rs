//! The process and its database, for those who keep them running: connections, statements and what
//! they cost, locks, tables, migrations, drift, jobs, versions, health.
//!
//! It is read by staff; an admin may begin the statistics anew. No statement is shown with its
//! values. What a process counts is its own: several processes tell several stories.
//!
//! Not here: mending. The connection is made anew by [`crate::health::reconnect`], the schema by the
//! migration commands, which also compare it in full.

mod connection;
mod drift;
mod jobs;
mod policy;
mod postgres;
mod schema;
mod sqlite;
mod statements;
mod storage;
mod store;

pub use self::connection::{Pool, PoolSource, health, pool};
pub use self::drift::{Difference, Drift, Finding, drift};
pub use self::jobs::{DeadJob, Jobs, Line, jobs};
pub use self::schema::{Applied, Migrations, Versions, migrations, versions};
pub use self::statements::{
    Activity, LockWait, Locks, ServerSession, ServerStatement, SlowQueries, Usage, activity, locks,
    operations, reset, slow_queries,
};
pub use self::storage::{Estimate, Storage, Table, TableUse, estimates, storage};
pub(crate) use self::store::oldest_job;
