//! What `PostgreSQL` says, by SQLSTATE.

use sea_orm::sqlx::postgres::PgDatabaseError;

use super::{Category, Outcome};

/// The parts of a server's report that matter here.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Report<'a> {
    pub(super) code: &'a str,
    pub(super) message: &'a str,
    pub(super) detail: &'a str,
    pub(super) table: Option<&'a str>,
    pub(super) column: Option<&'a str>,
    pub(super) constraint: Option<&'a str>,
}

impl<'a> Report<'a> {
    pub(super) fn of(error: &'a PgDatabaseError) -> Self {
        Self {
            code: error.code(),
            message: error.message(),
            detail: error.detail().unwrap_or_default(),
            table: error.table(),
            column: error.column(),
            constraint: error.constraint(),
        }
    }
}

pub(super) fn verdict(report: &Report<'_>) -> (Category, Outcome) {
    let owned = |text: Option<&str>| text.map(str::to_owned);
    let statement = match report.code {
        "23505" | "23P01" => Outcome::Unique {
            table: owned(report.table),
            constraint: owned(report.constraint),
            fields: columns(report.detail),
        },
        "23503" => Outcome::ForeignKey {
            constraint: owned(report.constraint),
            fields: columns(report.detail),
        },
        "23502" => Outcome::NotNull {
            field: owned(report.column),
        },
        "23514" | "23000" | "P0001" => Outcome::of_check(owned(report.constraint)),
        "22001" => Outcome::TooLong,
        "22P02" | "22P05" | "22021" | "22003" | "22008" | "54000" => Outcome::RefusedText,
        "40001" | "40P01" | "55P03" => Outcome::Conflict,
        "57014" => Outcome::Timeout,
        // A named statement that the server does not know (any more), or whose result has changed.
        "26000" | "42P05" => Outcome::StalePlan,
        "0A000" if report.message.contains("cached plan") => Outcome::StalePlan,
        _ => return of_server(report.code),
    };
    (Category::UnknownError, statement)
}

fn of_server(code: &str) -> (Category, Outcome) {
    let unreachable = |category| (category, Outcome::Unreachable);
    match code {
        // Ended by an administrator, by a crash, by a start that is not over, by a time limit.
        // Read-only (25006): the server is no longer the primary; a new connection may find the new one.
        "57P01" | "57P02" | "57P03" | "57P05" | "25P03" | "25006" => {
            unreachable(Category::NetworkError)
        }
        "28P01" | "28000" => unreachable(Category::AuthFailed),
        "3D000" | "57P04" => unreachable(Category::DatabaseNotFound),
        "53300" => (Category::PoolExhausted, Outcome::PoolExhausted),
        "42P01" | "42703" | "42883" | "3F000" | "42704" => {
            (Category::SchemaError, Outcome::SchemaOutdated)
        }
        _ if code.starts_with("08") => unreachable(Category::NetworkError),
        // Out of memory, disk or the like, and internal errors of the server.
        _ if code.starts_with("53") || code.starts_with("58") || code.starts_with("XX") => {
            unreachable(Category::UnknownError)
        }
        _ => (Category::UnknownError, Outcome::Internal),
    }
}

/// The columns of `Key (a, b)=(1, 2) already exists.`; of an expression, the column inside.
fn columns(detail: &str) -> Vec<String> {
    let Some(keys) = detail
        .strip_prefix("Key (")
        .and_then(|rest| rest.split_once(")=("))
    else {
        return Vec::new();
    };
    keys.0
        .split(", ")
        .map(|key| {
            let inner = key.rsplit('(').next().unwrap_or(key);
            let end = inner.find(['(', ')', ':', ' ']).unwrap_or(inner.len());
            inner[..end].trim_matches('"').to_owned()
        })
        .filter(|column| !column.is_empty())
        .collect()
}
