//! What is said about statements: their SQL and their time, never their values.

use std::time::Duration;

use sea_orm::DbErr;

use super::classify::Classified;
use super::settings::DbSettings;

/// One statement that was run, for metrics and for tests that count.
#[derive(Clone, Copy, Debug)]
pub struct Observation<'a> {
    /// The SQL with its placeholders.
    pub sql: &'a str,
    /// From the wait for a connection to the last row.
    pub elapsed: Duration,
    /// What it failed with.
    pub error: Option<&'a DbErr>,
}

/// Is told of every statement.
pub type Observer = Box<dyn Fn(&Observation<'_>) + Send + Sync>;

pub(super) fn statement(settings: &DbSettings, sql: &str, elapsed: Duration) {
    let ms = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
    if elapsed >= settings.slow_statement {
        tracing::warn!(target: "chancery::sql", elapsed_ms = ms, sql, "slow statement");
    } else if settings.log_queries {
        tracing::info!(target: "chancery::sql", elapsed_ms = ms, sql, "statement");
    }
}

pub(super) fn connected(database: &dyn std::fmt::Display, retries: u32) {
    tracing::info!(target: "chancery::db", %database, retries, "the database is connected");
}

pub(super) fn trouble(database: &dyn std::fmt::Display, what: &str, error: &Classified) {
    tracing::warn!(
        target: "chancery::db",
        %database,
        category = error.category.name(),
        code = error.code.as_deref(),
        error = %error.text,
        steps = error.steps().join("; "),
        "{what}"
    );
}
