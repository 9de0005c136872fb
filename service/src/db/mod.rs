//! The database: one connection manager for the process, and the handles that statements run on.
//!
//! [`ConnectionManager::read`] gives a [`Reader`], [`ConnectionManager::begin`] a [`Transaction`];
//! both take any query of `SeaORM`. Every statement has a deadline on our side; one that passes it
//! loses its connection, so that a server that hangs cannot keep the pool. While the database is
//! away, every handle says so at once.
//!
//! Errors travel as `SeaORM`'s own; [`classify()`] tells what they mean.

pub mod classify;
mod connect;
mod engine;
mod fault;
mod health;
mod lease;
mod log;
pub mod measure;
mod monitor;
mod ongoing;
mod pool;
mod reader;
mod replica;
pub mod retry;
mod session;
mod settings;
mod status;
pub mod text;
mod transaction;
pub mod url;
mod writer;

pub use self::classify::{Category, Classified, Kind, Outcome, classify};
pub use self::connect::{ConnectionManager, Random};
pub use self::engine::Engine;
pub use self::fault::Fault;
pub use self::log::{Observation, Observer};
pub use self::ongoing::{RunningStatement, SlowStatement};
pub use self::reader::{Reader, Source};
pub use self::replica::ReplicaStatus;
pub use self::session::{Connector, PostgresConnector, Session, SqliteConnector, connector};
pub use self::settings::{DbSettings, Synchronous};
pub use self::status::{ConnectionResult, DatabaseHealth, LastError, PoolStatus, State, Status};
pub use self::transaction::Transaction;
pub use self::url::{DatabaseUrl, UrlCheck, UrlError, sanitise};
pub use self::writer::WriterStatus;
