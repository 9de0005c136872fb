//! Every setting of the binary: typed, documented, read once. `--help` is the reference.
//!
//! A flag goes before the environment, the environment before `chancery.toml`, the file before the
//! default. No error shows a value that may be a secret.

mod assemble;
mod document;
mod file;
mod key;
mod private;
mod production;
mod storage;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, ValueEnum};
use ipnet::IpNet;
use secrecy::{ExposeSecret as _, SecretString};
use service::chance::SystemChance;
use service::clock::SystemClock;
use service::configuration::Given;
use service::ctx::Services;
use service::db::{ConnectionManager, DatabaseUrl, DbSettings, Engine, Synchronous};
use service::secret::Keyring;
use service::settings::{Documents, Environment, Settings};
use url::Url;

pub use self::assemble::{assemble, assemble_with};
pub use self::document::document;
pub use self::file::{CommandLine, command_line, scrubbed};
pub use self::key::KeyPlace;
use crate::server::Timeouts;

/// How often the embedded database waits for the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[expect(missing_docs, reason = "the names are SQLite's")]
pub enum SqliteSync {
    Full,
    Normal,
}

/// Where the process runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Env {
    Development,
    Test,
    Staging,
    Production,
}

impl Env {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Development => "development",
            Self::Test => "test",
            Self::Staging => "staging",
            Self::Production => "production",
        }
    }
}

/// Which GraphQL documents run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[expect(missing_docs, reason = "the setting says it")]
pub enum GraphqlDocuments {
    Open,
    Apq,
    Trusted,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[expect(missing_docs, reason = "the names say it")]
pub enum LogFormat {
    Pretty,
    Json,
}

/// What is wrong with the settings.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the sentences say it")]
pub enum ConfigError {
    #[error("DATABASE_URL: {0}")]
    Url(#[from] service::db::UrlError),
    #[error(
        "{0} and DATABASE_URL name two databases: both must lead to the same one, so set both or neither"
    )]
    TwoDatabases(&'static str),
    #[error("not with these settings in production: {}", .0.join("; "))]
    Unsafe(Vec<String>),
    #[error("CHANCERY_SECRET_KEY must be 64 hexadecimal digits")]
    Key,
    #[error("the data directory {path}: {source}")]
    Directory {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("{file}: {what}")]
    File { file: String, what: String },
    #[error("the database: {0}")]
    Database(String),
    #[error("CHANCERY_STORAGE_URL: {0}")]
    Storage(#[from] service::blob::OpenError),
    #[error(transparent)]
    Setting(#[from] service::configuration::Wrong),
    #[error(transparent)]
    Service(#[from] service::Error),
}

/// The settings that every command takes.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Settings")]
pub struct Config {
    /// The address to listen on.
    #[arg(
        long,
        env = "CHANCERY_LISTEN",
        default_value = "127.0.0.1:8080",
        global = true
    )]
    pub listen: SocketAddr,
    /// Where the embedded database and the made secret key live.
    #[arg(long, env = "CHANCERY_DATA_DIR", default_value = "data", global = true)]
    pub data_dir: PathBuf,
    /// The database: a file in the data directory unless set; `postgres://…` in production.
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, global = true)]
    pub database_url: Option<SecretString>,
    /// Where uploaded files are: `file:///directory`, or a bucket, `s3://bucket/prefix`, `gs://…`,
    /// `az://…`, with what their own tools need in the environment (`AWS_ACCESS_KEY_ID`, …). The
    /// directory `files` in the data directory unless set.
    #[arg(
        long,
        env = "CHANCERY_STORAGE_URL",
        hide_env_values = true,
        global = true
    )]
    pub storage_url: Option<Url>,
    /// What a bucket needs beside its address.
    #[arg(skip)]
    pub storage_options: Vec<(String, SecretString)>,
    /// A `PostgreSQL` replica for heavy reads.
    #[arg(long, env = "DATABASE_READ_URL", hide_env_values = true, global = true)]
    pub database_read_url: Option<SecretString>,
    /// A direct way to `PostgreSQL` where `DATABASE_URL` leads to a transaction pooler.
    #[arg(
        long,
        env = "DATABASE_DIRECT_URL",
        hide_env_values = true,
        global = true
    )]
    pub database_direct_url: Option<SecretString>,
    /// How many connections the pool has.
    #[arg(long, env = "DB_POOL_SIZE", default_value_t = 10, global = true)]
    pub db_pool_size: u32,
    /// How long to wait for a connection, in milliseconds.
    #[arg(
        long,
        env = "DB_CONNECTION_TIMEOUT",
        default_value_t = 10_000,
        global = true
    )]
    pub db_connection_timeout: u64,
    /// How long an unused connection stays open, in milliseconds.
    #[arg(long, env = "DB_IDLE_TIMEOUT", default_value_t = 10_000, global = true)]
    pub db_idle_timeout: u64,
    /// How often to try again to connect.
    #[arg(long, env = "DB_MAX_RETRIES", default_value_t = 5, global = true)]
    pub db_max_retries: u32,
    /// The pause before the second try, in milliseconds; it doubles with each.
    #[arg(
        long,
        env = "DB_RETRY_BASE_DELAY",
        default_value_t = 1000,
        global = true
    )]
    pub db_retry_base_delay: u64,
    /// Log every statement with its time, never its values.
    #[arg(long, env = "DB_LOG_QUERIES", global = true)]
    pub db_log_queries: bool,
    /// From how many milliseconds on a statement counts as slow: it is logged, and shown to staff
    #[arg(long, env = "DB_SLOW_STATEMENT", default_value_t = 1000, global = true)]
    pub db_slow_statement: u64,
    /// Vary the pauses by up to a quarter, so that many processes do not return at once
    #[arg(long, env = "DB_RETRY_JITTER", global = true)]
    pub db_retry_jitter: bool,
    /// How far the replica may be behind, in milliseconds, before reads leave it
    #[arg(
        long,
        env = "DB_MAX_REPLICA_LAG",
        default_value_t = 10_000,
        global = true
    )]
    pub db_max_replica_lag: u64,
    /// How careful the embedded database is about a power cut: `full` loses nothing, `normal` may
    /// lose the last moments
    #[arg(
        long,
        env = "CHANCERY_SQLITE_SYNCHRONOUS",
        value_enum,
        default_value_t = SqliteSync::Full,
        global = true
    )]
    pub sqlite_synchronous: SqliteSync,
    /// Where this runs.
    #[arg(long, env = "CHANCERY_ENV", value_enum, global = true)]
    pub environment: Option<Env>,
    /// What other tools call the environment; read when ours is not set.
    #[arg(long, env = "NODE_ENV", value_enum, global = true, hide = true)]
    pub node_env: Option<Env>,
    /// The address under which people reach this server.
    #[arg(long, env = "PUBLIC_URL", value_parser = crate::urls::public, global = true)]
    pub public_url: Option<Url>,
    /// Networks of proxies whose `Forwarded` and `X-Forwarded-…` are believed.
    #[arg(
        long,
        env = "CHANCERY_TRUSTED_PROXIES",
        value_delimiter = ',',
        global = true
    )]
    pub trusted_proxies: Vec<IpNet>,
    /// Origins whose pages may call this server from a browser, with the caller's cookie.
    #[arg(
        long,
        env = "CHANCERY_CORS_ORIGINS",
        value_delimiter = ',',
        value_parser = crate::urls::origin,
        global = true
    )]
    pub cors_origins: Vec<String>,
    /// The key that secrets are sealed under: 64 hexadecimal digits.
    #[arg(
        long,
        env = "CHANCERY_SECRET_KEY",
        hide_env_values = true,
        global = true
    )]
    pub secret_key: Option<SecretString>,
    /// An address of its own for `/metrics`; without one, callers on this machine find it beside
    /// everything else.
    #[arg(long, env = "CHANCERY_METRICS_LISTEN", global = true)]
    pub metrics_listen: Option<SocketAddr>,
    /// Leave the jobs to others: `chancery worker`, or a `serve` without this.
    #[arg(long, env = "CHANCERY_NO_JOBS", global = true)]
    pub no_jobs: bool,
    /// Which GraphQL documents run: `open` takes any, and hashes of trusted ones; `apq` takes any,
    /// and hashes of those that were sent before (automatic persisted queries); `trusted` takes
    /// trusted ones only.
    #[arg(
        long,
        env = "CHANCERY_GRAPHQL_DOCUMENTS",
        value_enum,
        default_value_t = GraphqlDocuments::Open,
        global = true
    )]
    pub graphql_documents: GraphqlDocuments,
    /// How long a request's headers may take to arrive, in seconds.
    #[arg(
        long,
        env = "CHANCERY_HEADER_TIMEOUT",
        default_value_t = 10,
        global = true
    )]
    pub header_timeout: u64,
    /// How long a request's body may take to arrive, in seconds; every 16 KiB earn it one more.
    #[arg(
        long,
        env = "CHANCERY_BODY_TIMEOUT",
        default_value_t = 30,
        global = true
    )]
    pub body_timeout: u64,
    /// How long an answer may take once the request is there, in seconds.
    #[arg(
        long,
        env = "CHANCERY_ANSWER_TIMEOUT",
        default_value_t = 60,
        global = true
    )]
    pub answer_timeout: u64,
    /// How long a worker's claim on a run lasts, in seconds.
    #[arg(long, env = "CHANCERY_RUN_LEASE", default_value_t = 60, global = true)]
    pub run_lease: u64,
    /// The pause between failing readiness and closing the door, in seconds.
    #[arg(long, env = "CHANCERY_DRAIN_DELAY", default_value_t = 5, global = true)]
    pub drain_delay: u64,
    /// How log lines look.
    #[arg(
        long,
        env = "CHANCERY_LOG_FORMAT",
        value_enum,
        default_value = "pretty",
        global = true
    )]
    pub log_format: LogFormat,
    /// What the file and the environment say of run-time settings.
    #[arg(skip)]
    pub given: Given,
}

impl Config {
    /// Where this runs.
    pub fn env(&self) -> Env {
        self.environment
            .or(self.node_env)
            .unwrap_or(Env::Development)
    }

    /// The database's address: the set one, else a file in the data directory.
    pub fn url(&self) -> Result<SecretString, ConfigError> {
        if let Some(url) = &self.database_url {
            return Ok(url.clone());
        }
        self.make_data_dir()?;
        let file = self.data_dir.join("chancery.db");
        self.made(private::database(&file))?;
        Ok(format!("sqlite://{}?mode=rwc", file.display()).into())
    }

    fn make_data_dir(&self) -> Result<(), ConfigError> {
        self.made(private::directory(&self.data_dir))
    }

    fn made(&self, made: std::io::Result<()>) -> Result<(), ConfigError> {
        made.map_err(|source| ConfigError::Directory {
            path: self.data_dir.clone(),
            source,
        })
    }

    /// Whether the database is a file of this process's own.
    pub fn is_embedded(&self) -> Result<bool, ConfigError> {
        Ok(self.db_settings()?.url.engine() == Engine::Sqlite)
    }

    /// Where migrations run: the direct way, where there is one.
    pub fn session_url(&self) -> Result<SecretString, ConfigError> {
        let settings = self.db_settings()?;
        let url = settings.session_url().unwrap_or(&settings.url);
        Ok(url.cleaned().clone())
    }

    /// The file that the database is, if it is one. Makes nothing.
    pub fn database_file(&self) -> Result<Option<PathBuf>, ConfigError> {
        match &self.database_url {
            Some(url) => Ok(DatabaseUrl::parse(url.expose_secret())?.file()),
            None => Ok(Some(self.data_dir.join("chancery.db"))),
        }
    }

    /// A connection manager that gives up at once, for a look at the database.
    pub fn glance(&self) -> Result<Arc<ConnectionManager>, ConfigError> {
        let settings = DbSettings {
            max_retries: 0,
            ..self.db_settings()?
        };
        ConnectionManager::new(settings, Arc::new(SystemClock))
            .map_err(|error| ConfigError::Database(error.to_string()))
    }

    fn db_settings(&self) -> Result<DbSettings, ConfigError> {
        let parse = |url: &Option<SecretString>| {
            url.as_ref()
                .map(|url| DatabaseUrl::parse(url.expose_secret()))
                .transpose()
        };
        let mut settings = DbSettings::new(DatabaseUrl::parse(self.url()?.expose_secret())?);
        settings.read_url = parse(&self.database_read_url)?;
        settings.direct_url = parse(&self.database_direct_url)?;
        if let Some(variable) = settings.elsewhere() {
            return Err(ConfigError::TwoDatabases(variable));
        }
        settings.pool_size = self.db_pool_size;
        settings.connection_timeout = Duration::from_millis(self.db_connection_timeout);
        settings.idle_timeout = Duration::from_millis(self.db_idle_timeout);
        settings.max_retries = self.db_max_retries;
        settings.retry_base_delay = Duration::from_millis(self.db_retry_base_delay);
        settings.log_queries = self.db_log_queries;
        settings.slow_statement = Duration::from_millis(self.db_slow_statement);
        settings.retry_jitter = self.db_retry_jitter;
        settings.max_replica_lag = Duration::from_millis(self.db_max_replica_lag);
        settings.sqlite_synchronous = match self.sqlite_synchronous {
            SqliteSync::Full => Synchronous::Full,
            SqliteSync::Normal => Synchronous::Normal,
        };
        Ok(settings)
    }

    /// How long things may take.
    pub fn timeouts(&self) -> Timeouts {
        Timeouts {
            headers: Duration::from_secs(self.header_timeout),
            body: Duration::from_secs(self.body_timeout),
            answer: Duration::from_secs(self.answer_timeout),
            drain_delay: Duration::from_secs(self.drain_delay),
            ..Timeouts::default()
        }
    }

    /// What secrets are sealed with.
    pub fn keyring(&self) -> Result<Keyring, ConfigError> {
        Ok(Keyring::new(self.key()?))
    }

    /// Everything that the process owns, not yet connected.
    ///
    /// `steps` are the migrations that the code expects to find applied.
    pub fn services(&self, steps: Vec<String>) -> Result<Arc<Services>, ConfigError> {
        let environment = match self.env() {
            Env::Development => Environment::Development,
            Env::Test => Environment::Test,
            Env::Staging => Environment::Staging,
            Env::Production => Environment::Production,
        };
        let wrong = self.unsafe_settings();
        if !wrong.is_empty() {
            return Err(ConfigError::Unsafe(wrong));
        }
        let db = self.db_settings()?;
        let settings = Settings {
            environment,
            public_url: self.public_url.clone(),
            trusted_proxies: self.trusted_proxies.clone(),
            cors_origins: self.cors_origins.clone(),
            metrics_listen: self.metrics_listen,
            documents: match self.graphql_documents {
                GraphqlDocuments::Open => Documents::Open,
                GraphqlDocuments::Apq => Documents::Automatic,
                GraphqlDocuments::Trusted => Documents::Trusted,
            },
            steps,
            listen_url: db.session_url().map(|url| url.cleaned().clone()),
            run_lease: Duration::from_secs(self.run_lease),
            storage: self.storage()?,
            given: self.given.clone(),
            ..Settings::default()
        };
        assemble(
            db,
            settings,
            self.keyring()?,
            Arc::new(SystemClock),
            Arc::new(SystemChance),
        )
    }
}
