//! Tables of errors and what they mean.

use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::time::Duration;

use sea_orm::{DbErr, RuntimeErr, SqlxError};

use super::postgres::{Report, verdict};
use super::*;
use crate::db::State;

fn driver(error: SqlxError) -> Classified {
    classify(&DbErr::Conn(RuntimeErr::SqlxError(Arc::new(error))))
}

#[test]
fn every_sqlstate_of_the_contract_has_its_category_and_outcome() {
    use Category as C;
    use Outcome as O;
    let table = [
        ("57P01", C::NetworkError, O::Unreachable),
        ("57P02", C::NetworkError, O::Unreachable),
        ("57P03", C::NetworkError, O::Unreachable),
        ("08006", C::NetworkError, O::Unreachable),
        ("08P01", C::NetworkError, O::Unreachable),
        ("25006", C::NetworkError, O::Unreachable),
        ("53300", C::PoolExhausted, O::PoolExhausted),
        ("53100", C::UnknownError, O::Unreachable),
        ("28P01", C::AuthFailed, O::Unreachable),
        ("28000", C::AuthFailed, O::Unreachable),
        ("3D000", C::DatabaseNotFound, O::Unreachable),
        ("42P01", C::SchemaError, O::SchemaOutdated),
        ("42703", C::SchemaError, O::SchemaOutdated),
        ("40001", C::UnknownError, O::Conflict),
        ("40P01", C::UnknownError, O::Conflict),
        ("55P03", C::UnknownError, O::Conflict),
        ("57014", C::UnknownError, O::Timeout),
        ("22P02", C::UnknownError, O::RefusedText),
        ("22P05", C::UnknownError, O::RefusedText),
        ("22021", C::UnknownError, O::RefusedText),
        ("54000", C::UnknownError, O::RefusedText),
        ("22001", C::UnknownError, O::TooLong),
        ("26000", C::UnknownError, O::StalePlan),
        ("23514", C::UnknownError, O::Check { constraint: None }),
        ("42601", C::UnknownError, O::Internal),
        ("", C::UnknownError, O::Internal),
    ];
    for (code, category, outcome) in table {
        assert_eq!(
            verdict(&Report {
                code,
                ..Report::default()
            }),
            (category, outcome),
            "{code}"
        );
    }
    let stale = Report {
        code: "0A000",
        message: "cached plan must not change result type",
        ..Report::default()
    };
    assert_eq!(verdict(&stale).1, O::StalePlan);
    assert_eq!(
        verdict(&Report {
            code: "0A000",
            ..Report::default()
        })
        .1,
        O::Internal
    );
}

#[test]
fn postgres_violations_name_what_they_are_about() {
    let unique = |detail| {
        verdict(&Report {
            code: "23505",
            detail,
            table: Some("app_user"),
            constraint: Some("app_user_key"),
            ..Report::default()
        })
        .1
    };
    for (detail, fields) in [
        (
            "Key (email)=(ann@example.test) already exists.",
            vec!["email"],
        ),
        (
            "Key (user_id, external_id)=(1, (2)) already exists.",
            vec!["user_id", "external_id"],
        ),
        (
            "Key (lower(email::text))=(ann) already exists.",
            vec!["email"],
        ),
        ("Key (\"order\")=(1) already exists.", vec!["order"]),
        ("Der Schlüssel »(email)=(x)« existiert bereits.", vec![]),
        ("", vec![]),
    ] {
        assert_eq!(
            unique(detail),
            Outcome::Unique {
                table: Some("app_user".into()),
                constraint: Some("app_user_key".into()),
                fields: fields.into_iter().map(String::from).collect(),
            }
        );
    }
    let foreign = Report {
        code: "23503",
        detail: "Key (run_id)=(7) is not present in table \"run\".",
        constraint: Some("card_run_id_fkey"),
        ..Report::default()
    };
    assert_eq!(
        verdict(&foreign).1,
        Outcome::ForeignKey {
            constraint: Some("card_run_id_fkey".into()),
            fields: vec!["run_id".into()],
        }
    );
    let null = Report {
        code: "23502",
        column: Some("title"),
        ..Report::default()
    };
    assert_eq!(
        verdict(&null).1,
        Outcome::NotNull {
            field: Some("title".into())
        }
    );
}

#[test]
fn every_code_of_sqlite_has_its_category_and_outcome() {
    use Category as C;
    use Outcome as O;
    let unique = |table: Option<&str>, constraint: Option<&str>, fields: &[&str]| O::Unique {
        table: table.map(String::from),
        constraint: constraint.map(String::from),
        fields: fields.iter().map(ToString::to_string).collect(),
    };
    let table = [
        (5, "database is locked", C::UnknownError, O::Conflict),
        (517, "database is locked", C::UnknownError, O::Conflict),
        (
            262,
            "database table is locked",
            C::UnknownError,
            O::Conflict,
        ),
        (9, "interrupted", C::UnknownError, O::Timeout),
        (
            14,
            "unable to open database file",
            C::DatabaseNotFound,
            O::Unreachable,
        ),
        (778, "disk I/O error", C::UnknownError, O::Unreachable),
        (
            26,
            "file is not a database",
            C::UnknownError,
            O::Unreachable,
        ),
        (1, "no such table: run", C::SchemaError, O::SchemaOutdated),
        (1, "no such column: x", C::SchemaError, O::SchemaOutdated),
        (
            1,
            "table run has no column named x",
            C::SchemaError,
            O::SchemaOutdated,
        ),
        (1, "malformed JSON", C::UnknownError, O::RefusedText),
        (
            1,
            "near \"SELEC\": syntax error",
            C::UnknownError,
            O::Internal,
        ),
        (18, "string or blob too big", C::UnknownError, O::TooLong),
        (
            2067,
            "UNIQUE constraint failed: run.user_id, run.external_id",
            C::UnknownError,
            unique(Some("run"), None, &["user_id", "external_id"]),
        ),
        (
            1555,
            "UNIQUE constraint failed: run.id",
            C::UnknownError,
            unique(Some("run"), None, &["id"]),
        ),
        (
            2067,
            "UNIQUE constraint failed: index 'run_lower'",
            C::UnknownError,
            unique(None, Some("run_lower"), &[]),
        ),
        (
            787,
            "FOREIGN KEY constraint failed",
            C::UnknownError,
            O::ForeignKey {
                constraint: None,
                fields: vec![],
            },
        ),
        (
            1299,
            "NOT NULL constraint failed: run.topic",
            C::UnknownError,
            O::NotNull {
                field: Some("topic".into()),
            },
        ),
        (
            275,
            "CHECK constraint failed: stage_range",
            C::UnknownError,
            O::Check {
                constraint: Some("stage_range".into()),
            },
        ),
    ];
    for (code, message, category, outcome) in table {
        assert_eq!(
            sqlite::verdict(code, message),
            (category, outcome),
            "{code} {message}"
        );
    }
}

#[test]
fn a_check_of_a_length_says_that_the_value_is_too_long() {
    let check = |name: &str| Outcome::Check {
        constraint: Some(name.to_owned()),
    };
    for (name, outcome) in [
        ("runs_company_id_length", Outcome::TooLong),
        ("runs_status_check", check("runs_status_check")),
        ("length_of_stay", check("length_of_stay")),
    ] {
        let report = postgres::Report {
            code: "23514",
            constraint: Some(name),
            ..postgres::Report::default()
        };
        assert_eq!(postgres::verdict(&report).1, outcome);
        let message = format!("CHECK constraint failed: {name}");
        assert_eq!(sqlite::verdict(275, &message).1, outcome);
    }
}

#[test]
fn io_errors_are_of_the_network_or_of_the_resolver() {
    let of = |error: io::Error| driver(SqlxError::Io(error)).category;
    for kind in [
        ErrorKind::ConnectionRefused,
        ErrorKind::ConnectionReset,
        ErrorKind::ConnectionAborted,
        ErrorKind::NotConnected,
        ErrorKind::TimedOut,
        ErrorKind::HostUnreachable,
        ErrorKind::NetworkUnreachable,
        ErrorKind::BrokenPipe,
        ErrorKind::UnexpectedEof,
        ErrorKind::NotFound,
    ] {
        assert_eq!(of(kind.into()), Category::NetworkError, "{kind:?}");
    }
    for text in [
        "failed to lookup address information: Name or service not known",
        "failed to lookup address information: Temporary failure in name resolution",
        "nodename nor servname provided, or not known",
        "No such host is known. (os error 11001)",
    ] {
        assert_eq!(of(io::Error::other(text)), Category::DnsError, "{text}");
    }
    assert_eq!(of(ErrorKind::InvalidData.into()), Category::SslError);
    assert_eq!(
        of(ErrorKind::PermissionDenied.into()),
        Category::UnknownError
    );
    assert_eq!(
        driver(SqlxError::Tls("no".into())).category,
        Category::SslError
    );
}

#[test]
fn our_own_faults_travel_through_the_driver_s_error() {
    let refused = driver(SqlxError::Io(ErrorKind::ConnectionRefused.into()));
    let waited = Duration::from_secs(10);
    let table = [
        (
            Fault::Unavailable {
                state: State::Failed,
                last: None,
            },
            Category::NetworkError,
            Outcome::Unreachable,
        ),
        (
            Fault::Exhausted {
                waited,
                last_connect: None,
            },
            Category::PoolExhausted,
            Outcome::PoolExhausted,
        ),
        (
            Fault::Exhausted {
                waited,
                last_connect: Some(Box::new(refused)),
            },
            Category::NetworkError,
            Outcome::PoolExhausted,
        ),
        (
            Fault::ConnectTimeout { waited },
            Category::NetworkError,
            Outcome::Unreachable,
        ),
        (
            Fault::Deadline { after: waited },
            Category::NetworkError,
            Outcome::Timeout,
        ),
        (
            Fault::Silent { after: waited },
            Category::NetworkError,
            Outcome::Unreachable,
        ),
        (
            Fault::WriterBusy { waited },
            Category::PoolExhausted,
            Outcome::Conflict,
        ),
        (Fault::Closed, Category::NetworkError, Outcome::Unreachable),
    ];
    for (fault, category, outcome) in table {
        let text = fault.to_string();
        let classified = classify(&fault.into());
        assert_eq!(
            (classified.category, &classified.outcome),
            (category, &outcome),
            "{text}"
        );
        assert!(classified.text.contains(&text), "{text}");
    }
    let full = classify(&DbErr::ConnectionAcquire(ConnAcquireErr::Timeout));
    assert_eq!(full.category, Category::PoolExhausted);
}

#[test]
fn every_category_has_a_kind_steps_and_a_stable_name() {
    for category in Category::ALL {
        assert!(!category.steps().is_empty());
        assert_eq!(serde_json::to_value(category).unwrap(), category.name());
        let permanent = matches!(
            category,
            Category::AuthFailed
                | Category::DatabaseNotFound
                | Category::SslError
                | Category::SchemaError
        );
        assert_eq!(category.kind() == Kind::Permanent, permanent, "{category}");
    }
}

#[test]
fn the_text_of_an_error_shows_no_password() {
    let error = io::Error::other("cannot reach postgres://u:hunter2@h/db");
    let classified = driver(SqlxError::Io(error));
    assert!(!classified.text.contains("hunter2"), "{}", classified.text);
}
