//! What is set at the start: read once by the binary, typed, never asked of the environment again.

use std::net::SocketAddr;
use std::time::Duration;

use ipnet::IpNet;
use secrecy::SecretString;
use url::Url;

use crate::configuration::Given;

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

impl Environment {
    /// Its name, as it is set and as rows of settings and flags have it.
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

/// Where files are.
#[derive(Clone, Debug)]
pub struct Storage {
    /// The store's address: `file:///directory`, `s3://bucket/prefix`, `gs://…`, `az://…`, `memory:///`.
    pub url: Url,
    /// What a bucket needs beside its address, as its own tools name it: `aws_access_key_id`, …
    pub options: Vec<(String, SecretString)>,
}

impl Default for Storage {
    fn default() -> Self {
        Self {
            url: Url::parse("memory:///").expect("it is an address"),
            options: Vec::new(),
        }
    }
}

/// What a socket of subscriptions may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Socket {
    /// How long the first message may be waited for.
    pub hello: Duration,
    /// How often the other side is asked whether it is there; silent thrice as long, it is not.
    pub ping: Duration,
    /// How long one message may take to be taken.
    pub patience: Duration,
    /// How often the caller is looked at again, beside every signal about them.
    pub recheck: Duration,
    /// How many operations it runs at once.
    pub operations: usize,
    /// How many sockets one person has at once.
    pub each: usize,
    /// How many sockets there are at once whose caller is known.
    pub all: usize,
    /// How many there are beside them of whom nobody knows yet whose they are.
    pub unknown: usize,
    /// How many of those come from one address.
    pub address: usize,
}

impl Default for Socket {
    fn default() -> Self {
        Self {
            hello: Duration::from_secs(10),
            ping: Duration::from_secs(20),
            patience: Duration::from_secs(10),
            recheck: Duration::from_secs(30),
            operations: 20,
            each: 50,
            all: 2_000,
            unknown: 200,
            address: 20,
        }
    }
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
    /// What a socket of subscriptions may take.
    pub socket: Socket,
    /// How long a GraphQL operation may take.
    pub operation_deadline: Duration,
    /// How long a list that no index serves may take.
    pub unserved_deadline: Duration,
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
    /// Where files are.
    pub storage: Storage,
    /// What the file and the environment say of run-time settings.
    pub given: Given,
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
            socket: Socket::default(),
            operation_deadline: Duration::from_secs(10),
            unserved_deadline: Duration::from_secs(2),
            steps: Vec::new(),
            listen_url: None,
            session_lifetime: Duration::from_hours(14 * 24),
            caller_cache: Duration::from_secs(5),
            run_lease: Duration::from_mins(1),
            idempotency_lifetime: Duration::from_hours(24),
            storage: Storage::default(),
            given: Given::default(),
        }
    }
}
