//! What the database tells the metrics: how long callers wait for a connection, how long statements
//! take, and what fails. Without a recorder it costs next to nothing.

use std::sync::OnceLock;
use std::time::Duration;

use metrics::{Histogram, Unit, counter, describe_counter, describe_histogram, histogram};
use sea_orm::DbErr;

use super::classify::Classified;

const ACQUIRE: &str = "chancery_db_acquire_duration_seconds";
const CONNECT: &str = "chancery_db_connect_duration_seconds";
const STATEMENT: &str = "chancery_db_statement_duration_seconds";
const SLOW: &str = "chancery_db_slow_statements_total";
const ERRORS: &str = "chancery_db_errors_total";

/// What is recorded with every statement, looked up once.
struct Often {
    acquired: [Histogram; 2],
    statement: [Histogram; 2],
}

/// There from when there is a recorder.
static OFTEN: OnceLock<Often> = OnceLock::new();

const OUTCOMES: [&str; 2] = ["ok", "error"];

/// Say what each of them means, when the recorder is there.
pub fn describe() {
    describe_histogram!(
        ACQUIRE,
        Unit::Seconds,
        "How long a caller waited for a connection of the pool."
    );
    describe_histogram!(
        CONNECT,
        Unit::Seconds,
        "How long it took to open a connection to the database."
    );
    describe_histogram!(
        STATEMENT,
        Unit::Seconds,
        "How long a statement took, from the wait for a connection to the last row."
    );
    describe_counter!(SLOW, "Statements that took longer than DB_SLOW_STATEMENT.");
    describe_counter!(ERRORS, "Failed statements, by the code that callers see.");
    OFTEN.get_or_init(|| Often {
        acquired: OUTCOMES.map(|outcome| histogram!(ACQUIRE, "outcome" => outcome)),
        statement: OUTCOMES.map(|outcome| histogram!(STATEMENT, "outcome" => outcome)),
    });
}

pub(super) fn acquired<T>(took: Duration, result: &Result<T, DbErr>) {
    if let Some(often) = OFTEN.get() {
        often.acquired[usize::from(result.is_err())].record(took.as_secs_f64());
    }
}

pub(super) fn connected<T>(took: Duration, result: &Result<T, DbErr>) {
    let outcome = OUTCOMES[usize::from(result.is_err())];
    histogram!(CONNECT, "outcome" => outcome).record(took.as_secs_f64());
}

pub(super) fn slow() {
    counter!(SLOW).increment(1);
}

pub(super) fn statement(took: Duration, error: Option<&Classified>) {
    if let Some(often) = OFTEN.get() {
        often.statement[usize::from(error.is_some())].record(took.as_secs_f64());
    }
    if let Some(error) = error {
        counter!(ERRORS, "code" => error.outcome.code()).increment(1);
    }
}
