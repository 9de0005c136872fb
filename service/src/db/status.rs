//! What can be told about the connection: for health, metrics, the doctor and the log.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::classify::{Category, Classified, Kind};

/// Where the connection stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// The first connection is being made.
    Connecting,
    /// Statements run.
    Connected,
    /// It is away; a probe goes out at every interval until it is back.
    Failed,
    /// It was lost a moment ago, or a reconnect was asked for.
    Reconnecting,
    /// Nobody wants it.
    Closed,
}

impl State {
    /// Its name in reports and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Connecting => "connecting",
            Self::Connected => "connected",
            Self::Failed => "failed",
            Self::Reconnecting => "reconnecting",
            Self::Closed => "closed",
        }
    }
}

impl std::fmt::Display for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// The last error, as an admin sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastError {
    /// What is wrong.
    pub category: Category,
    /// Whether trying again can help.
    pub kind: Kind,
    /// The SQLSTATE, or `SQLite`'s extended code.
    pub code: Option<String>,
    /// What the driver said, without secrets.
    pub message: String,
    /// What to do about it.
    pub steps: Vec<String>,
}

impl From<&Classified> for LastError {
    fn from(error: &Classified) -> Self {
        Self {
            category: error.category,
            kind: error.kind,
            code: error.code.clone(),
            message: error.text.clone(),
            steps: error.steps().iter().map(ToString::to_string).collect(),
        }
    }
}

/// How the connection fares.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// Whether statements run.
    pub connected: bool,
    /// Where it stands.
    pub state: State,
    /// When it was last made.
    pub last_connected_at: Option<DateTime<Utc>>,
    /// Why it is away; `None` while connected.
    pub last_error: Option<LastError>,
    /// How often it was tried again since it was last there.
    pub retry_count: u32,
}

/// What `connect` and `reconnect` came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectionResult {
    /// Whether the database is connected now.
    pub success: bool,
    /// Why not.
    pub error: Option<LastError>,
    /// How often it was tried again.
    pub retry_count: u32,
}

/// What the pool holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PoolStatus {
    /// How many connections it may open.
    pub max: u32,
    /// How many are open.
    pub size: u32,
    /// How many of them wait for work.
    pub idle: u32,
    /// How many of them work.
    pub in_use: u32,
    /// How many callers wait for one.
    pub waiting: u32,
}

/// The answer of a probe.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatabaseHealth {
    /// Whether a connection was had and `SELECT 1` answered.
    pub healthy: bool,
    /// How long it took, in milliseconds.
    pub latency_ms: u64,
    /// The connection.
    pub connection: Status,
    /// The pool.
    pub pool: PoolStatus,
    /// Why it is not healthy.
    pub error: Option<LastError>,
}
