//! Everything about the database that can be set, with its defaults.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::url::DatabaseUrl;

/// How careful `SQLite` is about a power cut.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Synchronous {
    /// A commit is on the disk before it is reported.
    #[default]
    Full,
    /// A power cut may take the last commits with it; the file stays sound.
    Normal,
    /// For throw-away data: a power cut may damage the file.
    Off,
}

/// The settings of the connection. A URL's own parameters win over the fields here.
#[derive(Clone, Debug)]
pub struct DbSettings {
    /// `DATABASE_URL`.
    pub url: DatabaseUrl,
    /// `DATABASE_READ_URL`: a replica for analytics and exploration.
    pub read_url: Option<DatabaseUrl>,
    /// `DATABASE_DIRECT_URL`: past a pooler, for LISTEN, migrations and locks.
    pub direct_url: Option<DatabaseUrl>,
    /// `DB_POOL_SIZE`.
    pub pool_size: u32,
    /// `DB_CONNECTION_TIMEOUT`: how long to wait for a connection, free or new.
    pub connection_timeout: Duration,
    /// `DB_IDLE_TIMEOUT`: how long an idle connection stays open.
    pub idle_timeout: Duration,
    /// How long any connection stays open, so that a fail-over is followed.
    pub max_lifetime: Duration,
    /// `DB_MAX_RETRIES`.
    pub max_retries: u32,
    /// `DB_RETRY_BASE_DELAY`: the wait before the first retry; each next one doubles it.
    pub retry_base_delay: Duration,
    /// The longest wait between two retries.
    pub retry_max_delay: Duration,
    /// Whether waits vary by up to a quarter, so that many processes do not return at once.
    pub retry_jitter: bool,
    /// How often a failed connection is probed.
    pub probe_interval: Duration,
    /// How long a disconnect may take.
    pub disconnect_timeout: Duration,
    /// How long one statement may take, measured here.
    pub statement_deadline: Duration,
    /// How long one statement may take, measured by `PostgreSQL`; less than the deadline, so that
    /// the server ends a slow statement and the connection survives it.
    pub statement_timeout: Duration,
    /// How long `PostgreSQL` waits for a lock.
    pub lock_timeout: Duration,
    /// What `PostgreSQL` calls us in `pg_stat_activity`.
    pub application_name: String,
    /// How many prepared statements a connection keeps.
    pub statement_cache: usize,
    /// `DB_LOG_QUERIES`: log each statement's SQL and time, never its values.
    pub log_queries: bool,
    /// From what time on a statement is logged as slow.
    pub slow_statement: Duration,
    /// `DB_MAX_REPLICA_LAG`: past it, reads go to the primary.
    pub max_replica_lag: Duration,
    /// How often the replica's lag is measured.
    pub replica_check_interval: Duration,
    /// `SQLite`: how careful about a power cut.
    pub sqlite_synchronous: Synchronous,
    /// `SQLite`: how long one attempt waits for another process's lock.
    pub sqlite_busy_timeout: Duration,
    /// `SQLite`: how long a write waits for the writes before it.
    pub sqlite_writer_timeout: Duration,
}

impl DbSettings {
    /// The defaults, for `url`.
    pub fn new(url: DatabaseUrl) -> Self {
        Self {
            url,
            read_url: None,
            direct_url: None,
            pool_size: 10,
            connection_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(10),
            max_lifetime: Duration::from_mins(30),
            max_retries: 5,
            retry_base_delay: Duration::from_secs(1),
            retry_max_delay: Duration::from_secs(30),
            retry_jitter: false,
            probe_interval: Duration::from_secs(30),
            disconnect_timeout: Duration::from_secs(5),
            statement_deadline: Duration::from_secs(14),
            statement_timeout: Duration::from_secs(13),
            lock_timeout: Duration::from_secs(5),
            application_name: "chancery".to_owned(),
            statement_cache: 256,
            log_queries: false,
            slow_statement: Duration::from_secs(1),
            max_replica_lag: Duration::from_secs(10),
            replica_check_interval: Duration::from_secs(5),
            sqlite_synchronous: Synchronous::Full,
            sqlite_busy_timeout: Duration::from_secs(1),
            sqlite_writer_timeout: Duration::from_secs(5),
        }
    }

    /// How many connections the pool for `url` may open.
    pub fn pool_size_of(&self, url: &DatabaseUrl) -> u32 {
        if url.is_in_memory() {
            // Two connections to one in-memory database lock each other out table by table.
            return 1;
        }
        url.parameters().pool_size.unwrap_or(self.pool_size).max(1)
    }

    /// How long to wait for a connection to `url`.
    pub fn connection_timeout_of(&self, url: &DatabaseUrl) -> Duration {
        url.parameters()
            .connection_timeout
            .unwrap_or(self.connection_timeout)
    }

    /// How long one statement may take on `url`.
    pub fn statement_deadline_of(&self, url: &DatabaseUrl) -> Duration {
        url.parameters()
            .statement_deadline
            .unwrap_or(self.statement_deadline)
    }

    /// The setting that leads to another database than [`url`](Self::url), by all that its name tells.
    pub fn elsewhere(&self) -> Option<&'static str> {
        let ways = [
            ("DATABASE_READ_URL", &self.read_url),
            ("DATABASE_DIRECT_URL", &self.direct_url),
        ];
        let is_other = |way: &DatabaseUrl| !self.url.may_be(way);
        let mut others = ways.into_iter();
        let found = others.find(|(_, way)| way.as_ref().is_some_and(is_other));
        found.map(|(variable, _)| variable)
    }

    /// The URL for what needs a session of its own (LISTEN, migrations, locks): the direct one
    /// where it is set, and none where only a pooler in transaction mode is reachable.
    pub fn session_url(&self) -> Option<&DatabaseUrl> {
        match &self.direct_url {
            Some(direct) => Some(direct),
            None if self.url.parameters().pgbouncer => None,
            None => Some(&self.url),
        }
    }
}
