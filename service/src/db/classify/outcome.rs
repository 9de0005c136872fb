//! What a failed statement means to the one who asked for it.

use std::time::Duration;

/// What a failed statement means to the caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The database cannot be reached, or does not let us in.
    Unreachable,
    /// No connection came free in time.
    PoolExhausted,
    /// The schema is not the one that this version needs.
    SchemaOutdated,
    /// The statement took too long.
    Timeout,
    /// Somebody else was writing the same thing: a serialization failure, a deadlock, a busy file.
    Conflict,
    /// The server's plan of the statement is of an older schema; a new connection makes a new one.
    StalePlan,
    /// A row with these values exists.
    Unique {
        /// The table, where the engine says it.
        table: Option<String>,
        /// The constraint, where the engine says it.
        constraint: Option<String>,
        /// The columns, where the engine says them.
        fields: Vec<String>,
    },
    /// It points at a row that is not there, or is pointed at.
    ForeignKey {
        /// The constraint, where the engine says it.
        constraint: Option<String>,
        /// The columns, where the engine says them.
        fields: Vec<String>,
    },
    /// A value is missing.
    NotNull {
        /// The column, where the engine says it.
        field: Option<String>,
    },
    /// A rule of the table says no.
    Check {
        /// The constraint, where the engine says it.
        constraint: Option<String>,
    },
    /// A value is longer than its column takes.
    TooLong,
    /// A text that the engine does not take: broken JSON, U+0000, too long to index.
    RefusedText,
    /// There is no such row.
    Missing,
    /// Ours to fix.
    Internal,
}

impl Outcome {
    /// A broken CHECK. Our schema bounds the length of a text by one whose name ends in `_length`,
    /// where the engine does not do so by the type.
    pub(super) fn of_check(constraint: Option<String>) -> Self {
        match constraint {
            Some(name) if name.ends_with("_length") => Self::TooLong,
            constraint => Self::Check { constraint },
        }
    }

    /// Its code on both doors.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unreachable => "database_unavailable",
            Self::PoolExhausted => "pool_exhausted",
            Self::SchemaOutdated => "schema_outdated",
            Self::Timeout => "timeout",
            Self::Conflict | Self::StalePlan => "conflict_retry",
            Self::Unique { .. } => "unique_violation",
            Self::ForeignKey { .. } => "foreign_key_violation",
            Self::NotNull { .. } => "not_null",
            Self::Check { .. } => "check",
            Self::TooLong => "value_too_long",
            Self::RefusedText => "invalid",
            Self::Missing => "not_found",
            Self::Internal => "internal",
        }
    }

    /// A sentence that may leave: it names columns, never values and never SQL.
    pub fn sentence(&self) -> String {
        match self {
            Self::Unreachable => "the database cannot be reached; try again".into(),
            Self::PoolExhausted => "the service is busy; try again".into(),
            Self::SchemaOutdated => "the database is being upgraded; try again".into(),
            Self::Timeout => "the database took too long to answer".into(),
            Self::Conflict | Self::StalePlan => {
                "somebody else was writing at the same moment; try again".into()
            }
            Self::Unique { fields, .. } if !fields.is_empty() => {
                format!("there is already a row with the same {}", fields.join(", "))
            }
            Self::Unique { .. } => "there is already such a row".into(),
            Self::ForeignKey { fields, .. } if !fields.is_empty() => {
                format!(
                    "{} points at a row that is not there, or is in use",
                    fields.join(", ")
                )
            }
            Self::ForeignKey { .. } => "it points at a row that is not there, or is in use".into(),
            Self::NotNull { field: Some(field) } => format!("{field} must have a value"),
            Self::NotNull { field: None } => "a required value is missing".into(),
            Self::Check { .. } => "a value breaks a rule of its table".into(),
            Self::TooLong => "a value is too long".into(),
            Self::RefusedText => "a text contains something that cannot be stored".into(),
            Self::Missing => "there is no such row".into(),
            Self::Internal => "internal error".into(),
        }
    }

    /// The columns that it is about.
    pub fn columns(&self) -> &[String] {
        match self {
            Self::Unique { fields, .. } | Self::ForeignKey { fields, .. } => fields,
            Self::NotNull { field } => field.as_slice(),
            _ => &[],
        }
    }

    /// Name the columns as the caller knows them.
    pub fn rename(&mut self, name: impl Fn(&str) -> String) {
        let fields = match self {
            Self::Unique { fields, .. } | Self::ForeignKey { fields, .. } => fields.as_mut_slice(),
            Self::NotNull { field } => field.as_mut_slice(),
            _ => &mut [],
        };
        for field in fields {
            *field = name(field);
        }
    }

    /// When to try again, if that helps.
    pub const fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Conflict | Self::StalePlan | Self::PoolExhausted => Some(Duration::from_secs(1)),
            Self::Unreachable => Some(Duration::from_secs(5)),
            Self::SchemaOutdated => Some(Duration::from_secs(30)),
            _ => None,
        }
    }
}
