//! On `SQLite` a column's type is a hint, and every value has a type of its own: what decides is what
//! the type does to a value that is written, and what the values that stand there are.

use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend, DbErr, Statement};

use super::Verdict;
use crate::schema::{Column, quoted};

/// What a type does to values ("Determination Of Column Affinity").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Affinity {
    Integer,
    Text,
    Blob,
    Real,
    Numeric,
}

fn affinity(kind: &str) -> Affinity {
    let kind = kind.to_uppercase();
    let has = |part: &str| kind.contains(part);
    if has("INT") {
        Affinity::Integer
    } else if has("CHAR") || has("CLOB") || has("TEXT") {
        Affinity::Text
    } else if kind.is_empty() || has("BLOB") {
        Affinity::Blob
    } else if has("REAL") || has("FLOA") || has("DOUB") {
        Affinity::Real
    } else {
        Affinity::Numeric
    }
}

/// What a value of ours is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Value {
    /// 16 bytes.
    Uuid,
    Bytes,
    Time,
    Day,
    Number,
    Text,
}

fn value(expected: &str) -> Value {
    let has = |part: &str| expected.contains(part);
    if has("uuid") {
        Value::Uuid
    } else if has("blob") {
        Value::Bytes
    } else if has("timestamp") {
        Value::Time
    } else if has("date_text") {
        Value::Day
    } else if has("int") || has("bool") {
        Value::Number
    } else {
        Value::Text
    }
}

/// Whether a column of type `live` keeps what is written into one of type `expected`.
pub(super) fn kind(expected: &str, live: &str) -> (Verdict, String) {
    if expected == live {
        return (Verdict::Ok, String::new());
    }
    let keeps = match (value(expected), affinity(live)) {
        // No type changes bytes; a time and a day do not look like a number.
        (Value::Uuid | Value::Bytes | Value::Time | Value::Day, _)
        | (Value::Text, Affinity::Text | Affinity::Blob)
        | (Value::Number, Affinity::Integer | Affinity::Numeric) => true,
        (Value::Text | Value::Number, _) => false,
    };
    if keeps {
        let note = format!("is declared {live} where ours is {expected}: it keeps what ours does");
        (Verdict::Warn, note)
    } else {
        let note = format!("a column of {live} makes something else of what is written");
        (Verdict::Refuse, note)
    }
}

/// How many values of a column our program could not read, and what they should be.
pub(super) async fn unreadable(
    db: &impl ConnectionTrait,
    table: &str,
    expected: &Column,
) -> Result<Option<(i64, &'static str)>, DbErr> {
    let column = quoted(&expected.name);
    let (test, what) = match value(&expected.kind) {
        Value::Uuid => (
            format!("typeof({column}) = 'blob' AND length({column}) = 16"),
            "UUIDs of 16 bytes",
        ),
        Value::Bytes => (format!("typeof({column}) = 'blob'"), "bytes"),
        Value::Time => (
            format!("typeof({column}) = 'text' AND {column} GLOB '????-??-??T??:??:??*+00:00'"),
            "times as in 2025-01-31T12:00:00+00:00",
        ),
        Value::Day => (
            format!("typeof({column}) = 'text' AND {column} GLOB '????-??-??'"),
            "days as in 2025-01-31",
        ),
        Value::Number => (format!("typeof({column}) = 'integer'"), "whole numbers"),
        Value::Text => (format!("typeof({column}) = 'text'"), "texts"),
    };
    let sql = format!(
        "SELECT count(*) FROM {} WHERE {column} IS NOT NULL AND NOT ({test})",
        quoted(table)
    );
    let row = db
        .query_one_raw(Statement::from_string(DbBackend::Sqlite, sql))
        .await?;
    let rows: i64 = row.map_or(Ok(0), |row| row.try_get_by_index(0))?;
    Ok((rows > 0).then_some((rows, what)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_may_be_spelled_otherwise_where_it_keeps_what_is_written() {
        for (expected, live, verdict) in [
            ("uuid_text", "uuid_text", Verdict::Ok),
            ("uuid_text", "blob", Verdict::Warn),
            ("timestamp_with_timezone_text", "datetime", Verdict::Warn),
            ("timestamp_with_timezone_text", "text", Verdict::Warn),
            ("varchar", "text", Verdict::Warn),
            ("varchar", "integer", Verdict::Refuse),
            ("json_text", "jsonb", Verdict::Refuse),
            ("integer", "bigint", Verdict::Warn),
            ("boolean", "text", Verdict::Refuse),
        ] {
            assert_eq!(kind(expected, live).0, verdict, "{expected} as {live}");
        }
    }
}
