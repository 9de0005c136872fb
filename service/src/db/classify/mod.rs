//! What a database error means: to the operator (a category with steps to mend it), to the retry
//! loop (temporary or permanent), and to the caller (an outcome with a code).
//!
//! `SeaORM` itself tells only unique and foreign-key violations apart, so this reads the SQLSTATE,
//! `SQLite`'s extended code and the kind of the i/o error.

mod outcome;
mod postgres;
mod sqlite;
mod steps;
#[cfg(test)]
mod tests;

use std::fmt;
use std::io;

use sea_orm::sqlx::postgres::PgDatabaseError;
use sea_orm::sqlx::sqlite::SqliteError;
use sea_orm::{ConnAcquireErr, DbErr, RuntimeErr, SqlxError};
use serde::{Deserialize, Serialize};

pub use self::outcome::Outcome;
use super::fault::Fault;
use super::url::sanitise_text;

/// What is wrong, for the operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Category {
    /// Refused, reset, timed out, unreachable, shutting down.
    NetworkError,
    /// No connection came free, or the server has no more to give.
    PoolExhausted,
    /// The host's name does not resolve.
    DnsError,
    /// The user or the password is not accepted.
    AuthFailed,
    /// There is no such database.
    DatabaseNotFound,
    /// TLS could not be agreed on, or a certificate is not trusted.
    SslError,
    /// The schema is not the one that this version needs.
    SchemaError,
    /// The rest.
    UnknownError,
}

impl Category {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::NetworkError,
        Self::PoolExhausted,
        Self::DnsError,
        Self::AuthFailed,
        Self::DatabaseNotFound,
        Self::SslError,
        Self::SchemaError,
        Self::UnknownError,
    ];

    /// Its name in logs and reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NetworkError => "NETWORK_ERROR",
            Self::PoolExhausted => "POOL_EXHAUSTED",
            Self::DnsError => "DNS_ERROR",
            Self::AuthFailed => "AUTH_FAILED",
            Self::DatabaseNotFound => "DATABASE_NOT_FOUND",
            Self::SslError => "SSL_ERROR",
            Self::SchemaError => "SCHEMA_ERROR",
            Self::UnknownError => "UNKNOWN_ERROR",
        }
    }

    /// Whether trying again can help.
    pub const fn kind(self) -> Kind {
        match self {
            Self::NetworkError | Self::PoolExhausted | Self::DnsError | Self::UnknownError => {
                Kind::Temporary
            }
            Self::AuthFailed | Self::DatabaseNotFound | Self::SslError | Self::SchemaError => {
                Kind::Permanent
            }
        }
    }

    /// What to do about it, first things first.
    pub const fn steps(self) -> &'static [&'static str] {
        steps::of(self)
    }
}

impl fmt::Display for Category {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Whether trying again can help.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// It may pass by itself.
    Temporary,
    /// Somebody has to change something.
    Permanent,
}

/// An error with what it means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Classified {
    /// What is wrong, for the operator.
    pub category: Category,
    /// Whether trying again can help.
    pub kind: Kind,
    /// What it means to the caller.
    pub outcome: Outcome,
    /// The SQLSTATE, or `SQLite`'s extended code.
    pub code: Option<String>,
    /// What the driver said, without the secrets of URLs. For logs and admins only.
    pub text: String,
}

impl Classified {
    /// What to do about it, first things first.
    pub fn steps(&self) -> &'static [&'static str] {
        self.category.steps()
    }

    /// Whether the connection that met the error may be used again.
    pub(super) fn spoils_connection(&self) -> bool {
        matches!(self.outcome, Outcome::Unreachable | Outcome::StalePlan)
    }

    /// Whether the error speaks of the server rather than of the statement.
    pub(super) fn doubts_server(&self) -> bool {
        matches!(self.category, Category::NetworkError | Category::DnsError)
    }
}

impl fmt::Display for Classified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.category, self.text)
    }
}

impl std::error::Error for Classified {}

/// What `error` means.
pub fn classify(error: &DbErr) -> Classified {
    let (category, outcome, code) = match error {
        DbErr::ConnectionAcquire(ConnAcquireErr::Timeout) => {
            (Category::PoolExhausted, Outcome::PoolExhausted, None)
        }
        DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed) => {
            (Category::NetworkError, Outcome::Unreachable, None)
        }
        DbErr::Conn(RuntimeErr::SqlxError(cause))
        | DbErr::Exec(RuntimeErr::SqlxError(cause))
        | DbErr::Query(RuntimeErr::SqlxError(cause)) => of_driver(cause),
        DbErr::RecordNotFound(_) | DbErr::RecordNotUpdated => {
            (Category::UnknownError, Outcome::Missing, None)
        }
        _ => (Category::UnknownError, Outcome::Internal, None),
    };
    Classified {
        category,
        kind: category.kind(),
        outcome,
        code,
        text: sanitise_text(&error.to_string()),
    }
}

type Verdict = (Category, Outcome, Option<String>);

fn of_driver(cause: &SqlxError) -> Verdict {
    match cause {
        SqlxError::Database(error) => {
            let code = error.code().map(std::borrow::Cow::into_owned);
            let (category, outcome) =
                if let Some(error) = error.try_downcast_ref::<PgDatabaseError>() {
                    postgres::verdict(&postgres::Report::of(error))
                } else if error.try_downcast_ref::<SqliteError>().is_some() {
                    let number = code.as_deref().and_then(|code| code.parse().ok());
                    sqlite::verdict(number.unwrap_or(1), error.message())
                } else {
                    (Category::UnknownError, Outcome::Internal)
                };
            (category, outcome, code)
        }
        SqlxError::Io(error) => {
            let category = of_io(error);
            (category, Outcome::Unreachable, None)
        }
        SqlxError::Tls(_) => (Category::SslError, Outcome::Unreachable, None),
        SqlxError::PoolTimedOut => (Category::PoolExhausted, Outcome::PoolExhausted, None),
        SqlxError::PoolClosed => (Category::NetworkError, Outcome::Unreachable, None),
        // The session is in an unknown state: not this error alone is lost, the connection is.
        SqlxError::Protocol(_) | SqlxError::WorkerCrashed | SqlxError::BeginFailed => {
            (Category::UnknownError, Outcome::Unreachable, None)
        }
        SqlxError::RowNotFound => (Category::UnknownError, Outcome::Missing, None),
        SqlxError::ColumnNotFound(_) | SqlxError::TypeNotFound { .. } => {
            (Category::SchemaError, Outcome::SchemaOutdated, None)
        }
        SqlxError::AnyDriverError(error) | SqlxError::Configuration(error) => {
            match error.downcast_ref::<Fault>() {
                Some(fault) => of_fault(fault),
                None => (Category::UnknownError, Outcome::Internal, None),
            }
        }
        _ => (Category::UnknownError, Outcome::Internal, None),
    }
}

fn of_fault(fault: &Fault) -> Verdict {
    let category = |last: &Option<Box<Classified>>, otherwise| {
        last.as_ref().map_or(otherwise, |last| last.category)
    };
    match fault {
        Fault::Unavailable { last, .. } => (
            category(last, Category::NetworkError),
            Outcome::Unreachable,
            None,
        ),
        Fault::Exhausted { last_connect, .. } => (
            category(last_connect, Category::PoolExhausted),
            Outcome::PoolExhausted,
            None,
        ),
        Fault::ConnectTimeout { .. } | Fault::Silent { .. } | Fault::Closed => {
            (Category::NetworkError, Outcome::Unreachable, None)
        }
        Fault::Deadline { .. } => (Category::NetworkError, Outcome::Timeout, None),
        Fault::WriterBusy { .. } => (Category::PoolExhausted, Outcome::Conflict, None),
        Fault::TransactionOver => (Category::UnknownError, Outcome::Internal, None),
    }
}

/// The category of an i/o error. The standard library has no kind for a failed look-up, so that one
/// is known by what the resolvers of the usual systems say.
fn of_io(error: &io::Error) -> Category {
    const RESOLVER: [&str; 6] = [
        "lookup address",
        "name resolution",
        "name or service not known",
        "nodename nor servname",
        "no such host",
        "no address associated",
    ];
    let text = error.to_string().to_ascii_lowercase();
    if RESOLVER.iter().any(|words| text.contains(words)) {
        return Category::DnsError;
    }
    match error.kind() {
        // rustls reports a bad handshake as invalid data.
        io::ErrorKind::InvalidData => Category::SslError,
        io::ErrorKind::PermissionDenied
        | io::ErrorKind::InvalidInput
        | io::ErrorKind::Unsupported
        | io::ErrorKind::OutOfMemory
        | io::ErrorKind::StorageFull => Category::UnknownError,
        _ => Category::NetworkError,
    }
}
