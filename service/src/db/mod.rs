//! The database: one connection manager for the process, and the handles that statements run on.

pub mod classify;
mod engine;
mod fault;
mod settings;
mod status;
pub mod url;

pub use self::classify::{Category, Classified, Kind, Outcome, classify};
pub use self::engine::Engine;
pub use self::fault::Fault;
pub use self::settings::{DbSettings, Synchronous};
pub use self::status::{ConnectionResult, DatabaseHealth, LastError, PoolStatus, State, Status};
pub use self::url::{DatabaseUrl, UrlCheck, UrlError, sanitise};
