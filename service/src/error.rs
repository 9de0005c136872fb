//! What an operation can answer instead of a result.
//!
//! A domain says no with a [`Refusal`]: a sentence for people, a code for programs, a kind for the
//! door. Everything else is trouble with the database or ours to fix. Errors are dressed (as an
//! RFC 9457 problem, as GraphQL extensions) at the door and nowhere else.

use std::fmt;
use std::time::Duration;

use sea_orm::DbErr;

use crate::db::classify::{Outcome, classify};

/// The result of an operation.
pub type Result<T> = std::result::Result<T, Error>;

/// What sort of no it is; the door turns it into a status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The request cannot be read (400).
    Malformed,
    /// Nobody is known behind the request (401).
    Unauthenticated,
    /// The caller may not (403).
    Denied,
    /// No such row, or not the caller's (404).
    NotFound,
    /// The way it was asked is not one of the route's (405).
    Method,
    /// No type of answer is accepted that the route has (406).
    NotAcceptable,
    /// The request did not arrive in time (408).
    Slow,
    /// The state of things forbids it (409).
    Conflict,
    /// It was there, and is no more (410).
    Gone,
    /// The version that was read is not the version that stands (412).
    Precondition,
    /// The body is larger than the route takes (413).
    TooLarge,
    /// The body is of a type that the route does not take (415).
    MediaType,
    /// No part of the content is in the range that was asked for (416).
    Range,
    /// It can be read, and is wrong (422).
    Invalid,
    /// Somebody holds it (423).
    Locked,
    /// The version that was read must be named (428).
    PreconditionRequired,
    /// Too many, try later (429).
    TooMany,
    /// What came is not what was sent (460, as tus has it).
    Checksum,
    /// Ours to fix (500).
    Internal,
    /// Not now (503).
    Unavailable,
    /// It took too long (504).
    Timeout,
}

/// One field that is wrong, as RFC 6901 points at it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct FieldError {
    /// A JSON pointer into the body (`/messages/3/content`), or a parameter's name.
    pub pointer: String,
    /// What is wrong with it, for people.
    pub detail: String,
}

impl FieldError {
    /// `detail` is wrong at `pointer`.
    pub fn new(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self {
            pointer: pointer.into(),
            detail: detail.into(),
        }
    }
}

/// A line of docs/errors.md: what a code means and what to do about it.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// The code: a promise, never reused for something else.
    pub code: &'static str,
    /// What sort of no it is.
    pub kind: Kind,
    /// What the caller can do about it.
    pub advice: &'static str,
}

/// A limit that is used up: so many within such a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// What the limit is called: lower case and hyphens.
    pub policy: &'static str,
    /// How many there may be.
    pub quota: u32,
    /// Within what time.
    pub window: Duration,
}

/// A no that the caller can act on.
pub trait Refusal: std::error::Error + Send + Sync + 'static {
    /// What sort of no it is.
    fn kind(&self) -> Kind;

    /// Its code.
    fn code(&self) -> &'static str;

    /// The fields that are wrong, if it is about fields.
    fn fields(&self) -> Vec<FieldError> {
        Vec::new()
    }

    /// When to try again, if that helps.
    fn retry_after(&self) -> Option<Duration> {
        None
    }

    /// The limit that is used up, if that is why.
    fn limit(&self) -> Option<Limit> {
        None
    }
}

/// Declares a domain's refusals: each with its kind, code, sentence and advice, so that the code
/// and docs/errors.md cannot part ways.
macro_rules! refusals {
    (
        $(#[$doc:meta])*
        $vis:vis enum $name:ident {$(
            $(#[$variant_doc:meta])*
            $variant:ident $(($($tuple:ty),+))? $({$($field:ident: $field_type:ty),+})?
                => $kind:ident, $code:literal, $sentence:tt, $advice:literal;
        )+}
    ) => {
        $(#[$doc])*
        #[derive(Debug, thiserror::Error)]
        $vis enum $name {$(
            $(#[$variant_doc])*
            #[error($sentence)]
            $variant $(($($tuple),+))? $({$(
                #[doc = concat!("The sentence's `", stringify!($field), "`.")]
                $field: $field_type
            ),+})?,
        )+}

        impl $name {
            /// The codes of this domain.
            pub(crate) const TABLE: &'static [$crate::error::Entry] = &[$(
                $crate::error::Entry {
                    code: $code,
                    kind: $crate::error::Kind::$kind,
                    advice: $advice,
                },
            )+];

            /// Its place in the table.
            fn entry(&self) -> (&'static str, $crate::error::Kind) {
                match self {$(
                    Self::$variant { .. } => ($code, $crate::error::Kind::$kind),
                )+}
            }
        }
    };
}
pub(crate) use refusals;

/// What an operation can answer instead of a result.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The caller can act on it.
    #[error("{0}")]
    Refused(Box<dyn Refusal>),
    /// The database said no, or nothing.
    #[error("{}", .0.outcome.sentence())]
    Database(#[source] Box<Failure>),
    /// Ours to fix. Its text never leaves.
    #[error("internal error")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// A failure of the database with what it means.
#[derive(Debug)]
pub struct Failure {
    /// What it means to the caller.
    pub outcome: Outcome,
    /// What the driver said; for the log only.
    pub cause: DbErr,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.cause.fmt(f)
    }
}

impl std::error::Error for Failure {}

impl<R: Refusal> From<R> for Error {
    fn from(refusal: R) -> Self {
        Self::Refused(Box::new(refusal))
    }
}

impl From<DbErr> for Error {
    fn from(cause: DbErr) -> Self {
        let outcome = classify(&cause).outcome;
        Self::Database(Box::new(Failure { outcome, cause }))
    }
}

impl Error {
    /// Something that cannot happen has happened.
    pub fn internal(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Internal(cause.into())
    }

    /// What sort of no it is.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Refused(refusal) => refusal.kind(),
            Self::Database(failure) => kind_of(&failure.outcome),
            Self::Internal(_) => Kind::Internal,
        }
    }

    /// Its code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Refused(refusal) => refusal.code(),
            Self::Database(failure) => failure.outcome.code(),
            Self::Internal(_) => "internal",
        }
    }

    /// The fields that are wrong.
    pub fn fields(&self) -> Vec<FieldError> {
        match self {
            Self::Refused(refusal) => refusal.fields(),
            Self::Database(failure) => fields_of(&failure.outcome),
            Self::Internal(_) => Vec::new(),
        }
    }

    /// When to try again, if that helps.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Refused(refusal) => refusal.retry_after(),
            Self::Database(failure) => failure.outcome.retry_after(),
            Self::Internal(_) => None,
        }
    }

    /// The limit that is used up, if that is why.
    pub fn limit(&self) -> Option<Limit> {
        match self {
            Self::Refused(refusal) => refusal.limit(),
            Self::Database(_) | Self::Internal(_) => None,
        }
    }

    /// Whether a unique rule was broken: somebody else was first.
    pub fn is_unique_violation(&self) -> bool {
        matches!(self, Self::Database(failure) if matches!(failure.outcome, Outcome::Unique { .. }))
    }
}

fn kind_of(outcome: &Outcome) -> Kind {
    let code = outcome.code();
    let known = [DATABASE, Common::TABLE]
        .concat()
        .into_iter()
        .find(|entry| entry.code == code);
    known.map_or(Kind::Internal, |entry| entry.kind)
}

fn fields_of(outcome: &Outcome) -> Vec<FieldError> {
    let pointer = |column: &String| FieldError::new(format!("/{column}"), outcome.sentence());
    outcome.columns().iter().map(pointer).collect()
}

/// What the database can answer that a check before the write does not catch.
const DATABASE: &[Entry] = &[
    Entry {
        code: "unique_violation",
        kind: Kind::Conflict,
        advice: "A row with the same values of the named fields exists: use another value.",
    },
    Entry {
        code: "foreign_key_violation",
        kind: Kind::Malformed,
        advice: "The row that it points at is not there, or the row is still pointed at.",
    },
    Entry {
        code: "not_null",
        kind: Kind::Malformed,
        advice: "Give the named field a value.",
    },
    Entry {
        code: "check",
        kind: Kind::Malformed,
        advice: "Keep to the documented bounds.",
    },
    Entry {
        code: "value_too_long",
        kind: Kind::Malformed,
        advice: "Shorten the value.",
    },
    Entry {
        code: "conflict_retry",
        kind: Kind::Unavailable,
        advice: "Send the request again after Retry-After: others were writing the same rows.",
    },
    Entry {
        code: "pool_exhausted",
        kind: Kind::Unavailable,
        advice: "Send the request again after Retry-After. Often? Raise DB_POOL_SIZE.",
    },
    Entry {
        code: "database_unavailable",
        kind: Kind::Unavailable,
        advice: "Send the request again after Retry-After. Operators find the cause in the log.",
    },
    Entry {
        code: "schema_outdated",
        kind: Kind::Unavailable,
        advice: "Migrations are pending: run `chancery migrate up`.",
    },
    Entry {
        code: "timeout",
        kind: Kind::Timeout,
        advice: "Ask for less at once, or try again.",
    },
];

const INTERNAL: &[Entry] = &[Entry {
    code: "internal",
    kind: Kind::Internal,
    advice: "Ours to fix. Tell the operator the request id: it leads to the log line.",
}];

refusals! {
    /// Refusals that belong to no domain.
    pub enum Common {
        /// Nobody is known behind the request.
        Unauthenticated => Unauthenticated, "unauthenticated",
            "sign in, or send an API key",
            "Sign in at POST /api/v1/session, or send an API key as Authorization: Bearer.";
        /// The caller is known and may not.
        Denied => Denied, "forbidden",
            "you may not do this",
            "Ask an admin for the role, or for a key with the scope, that the route names.";
        /// No such row, or not the caller's.
        NotFound { what: &'static str } => NotFound, "not_found",
            "there is no such {what}",
            "Check the id. A row of somebody else answers the same.";
        /// A value that can be read, and is wrong.
        Invalid { fields: Vec<FieldError> } => Invalid, "invalid",
            "some values are not valid",
            "Each entry of `errors` points at a value and says what is wrong with it.";
        /// A cursor that this list did not give out.
        Cursor => Malformed, "cursor.bad",
            "the cursor is not one of this list",
            "Start again at the first page: a cursor belongs to its list, order and filter.";
        /// A page that is too small or too large.
        Limit { max: u64 } => Invalid, "limit.out_of_range",
            "limit must be between 1 and {max}",
            "Ask for fewer rows a page and follow the Link header.";
        /// The version that was read is not the version that stands.
        VersionConflict => Precondition, "version.conflict",
            "somebody else changed it since you read it",
            "Read it again, and send the change with the new ETag in If-Match.";
        /// The version that was read must be named.
        VersionRequired => PreconditionRequired, "version.required",
            "name the version that you read in If-Match",
            "Read the resource and send its ETag in If-Match.";
    }
}

impl Refusal for Common {
    fn kind(&self) -> Kind {
        self.entry().1
    }

    fn code(&self) -> &'static str {
        self.entry().0
    }

    fn fields(&self) -> Vec<FieldError> {
        match self {
            Self::Invalid { fields } => fields.clone(),
            _ => Vec::new(),
        }
    }
}

impl Common {
    /// One value is wrong.
    pub fn invalid(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::Invalid {
            fields: vec![FieldError::new(pointer, detail)],
        }
    }
}

/// Every code that the service can answer with, for docs/errors.md.
pub fn table() -> Vec<Entry> {
    [
        Common::TABLE,
        DATABASE,
        INTERNAL,
        crate::agent::Error::TABLE,
        crate::analytics::Error::TABLE,
        crate::blob::Error::TABLE,
        crate::configuration::Error::TABLE,
        crate::conversation::Error::TABLE,
        crate::document::Error::TABLE,
        crate::explore::Error::TABLE,
        crate::feed::Error::TABLE,
        crate::idempotency::Error::TABLE,
        crate::identity::Error::TABLE,
        crate::job::Error::TABLE,
        crate::integration::Error::TABLE,
        crate::nft::Error::TABLE,
        crate::notification::Error::TABLE,
        crate::pipeline::Error::TABLE,
        crate::saved::Error::TABLE,
        crate::upload::Error::TABLE,
        crate::video::Error::TABLE,
        crate::webhook::Error::TABLE,
    ]
    .concat()
}
