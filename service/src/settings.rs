//! What is set at the start: read once by the binary, typed, never asked of the environment again.

use std::net::SocketAddr;
use std::time::Duration;

use ipnet::IpNet;
use secrecy::SecretString;
use url::Url;

/// Where the process runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Environment {
    /// A developer's machine.
    Development,
    /// Under test.
    Test,
    /// Like production, for trying.
    Staging,
    /// The real thing.
    Production,
}

/// Which GraphQL documents run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Documents {
    /// Any; a hash names a trusted document.
    #[default]
    Open,
    /// Any; a hash names one that was sent with it before.
    Automatic,
    /// Trusted documents only.
    Trusted,
}

/// What is set at the start.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where the process runs.
    pub environment: Environment,
    /// The address under which people reach it.
    pub public_url: Option<Url>,
    /// Who may say where a request came from.
    pub trusted_proxies: Vec<IpNet>,
    /// Whose pages may call us from a browser, with the caller's cookie: exact origins.
    pub cors_origins: Vec<String>,
    /// Where the metrics are served; none: beside everything else, to callers on this machine.
    pub metrics_listen: Option<SocketAddr>,
    /// Which GraphQL documents run.
    pub documents: Documents,
    /// The migrations that the code expects to find applied.
    pub steps: Vec<String>,
    /// The address of a `PostgreSQL` session that may LISTEN, where there is one.
    pub listen_url: Option<SecretString>,
    /// How long a session lasts without being used.
    pub session_lifetime: Duration,
    /// How long a verified caller is remembered.
    pub caller_cache: Duration,
    /// How long a worker's claim on a run lasts unless renewed.
    pub run_lease: Duration,
    /// How long an idempotency key is kept.
    pub idempotency_lifetime: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            environment: Environment::Development,
            public_url: None,
            trusted_proxies: Vec::new(),
            cors_origins: Vec::new(),
            metrics_listen: None,
            documents: Documents::Open,
            steps: Vec::new(),
            listen_url: None,
            session_lifetime: Duration::from_hours(14 * 24),
            caller_cache: Duration::from_secs(5),
            run_lease: Duration::from_mins(1),
            idempotency_lifetime: Duration::from_hours(24),
        }
    }
}
