//! The engine on `SQLite`.

use std::fmt::Write as _;

use chrono::{DateTime, Days, NaiveDate, Offset, TimeZone, Utc};
use chrono_tz::Tz;
use sea_orm::QueryResult;
use sea_orm::sqlx::{Decode, Row, Sqlite as Sqlx, TypeInfo, ValueRef};

use super::dialect::{Dialect, pattern, place};
use super::json;
use super::sql::Sql;
use crate::analytics::calendar;
use crate::conversation::{Term, search};
use crate::db::Engine;
use crate::error::{Error, Result};
use crate::explore::bind::{Bucket, Scalar, TextPlace};
use crate::explore::catalog::{Entity, Enumeration, Kind};

pub(super) struct Sqlite;

impl Dialect for Sqlite {
    fn engine(&self) -> Engine {
        Engine::Sqlite
    }

    fn word(&self, sql: &mut Sql<'_>, words: &'static Enumeration, at: usize) {
        sql.bind(words.values[at].value.clone());
    }

    fn sortable(&self, reference: &str, kind: Kind) -> String {
        let Kind::Enum(words) = kind else {
            return reference.to_owned();
        };
        let mut case = format!("CASE {reference}");
        for (at, word) in words.values.iter().enumerate() {
            let value = word.value.replace('\'', "''");
            let _ = write!(case, " WHEN '{value}' THEN {at}");
        }
        case.push_str(" END");
        case
    }

    fn sortable_scalar(&self, sql: &mut Sql<'_>, scalar: &Scalar) {
        match scalar {
            Scalar::Word(_, at) => sql.number(at),
            scalar => sql.scalar(scalar),
        }
    }

    fn is_in(&self, sql: &mut Sql<'_>, reference: &str, _kind: Kind, values: &[Scalar]) {
        sql.push(reference);
        sql.push(" IN (");
        for (at, value) in values.iter().enumerate() {
            sql.push(if at > 0 { ", " } else { "" });
            sql.scalar(value);
        }
        sql.push(")");
    }

    fn has_text(&self, sql: &mut Sql<'_>, reference: &str, place: TextPlace, text: &str) {
        sql.push(&format!("coalesce({reference} LIKE "));
        sql.bind(pattern(place, text));
        sql.push(" ESCAPE '\\', 0)");
    }

    fn has_any(&self, sql: &mut Sql<'_>, reference: &str, texts: &[String]) {
        sql.push(&format!(
            "EXISTS (SELECT 1 FROM json_each({reference}) j WHERE j.value IN ("
        ));
        for (at, text) in texts.iter().enumerate() {
            sql.push(if at > 0 { ", " } else { "" });
            sql.bind(text.clone());
        }
        sql.push("))");
    }

    fn json(
        &self,
        sql: &mut Sql<'_>,
        reference: &str,
        path: &[String],
        eq: Option<&serde_json::Value>,
    ) {
        // Step by step, since a path in the engine's own notation would give names of a certain look
        // (`$.a`, `[0]`) a meaning of their own.
        let mut inside = reference.to_owned();
        sql.push("EXISTS (SELECT 1 FROM ");
        for at in 0..path.len() {
            sql.push(if at > 0 { ", " } else { "" });
            sql.push(&format!("json_each({inside}) j{at}"));
            inside = format!("CASE WHEN j{at}.type IN ('object', 'array') THEN j{at}.value END");
        }
        for (at, step) in path.iter().enumerate() {
            sql.push(if at > 0 { " AND " } else { " WHERE " });
            sql.push(&format!("j{at}.key IN ("));
            sql.bind(step.clone());
            // A number is a name in an object and a place in a list.
            if let Some(place) = place(step) {
                sql.push(&format!(", {place}"));
            }
            sql.push(")");
        }
        let last = format!("j{}", path.len().saturating_sub(1));
        match eq {
            None => {}
            Some(serde_json::Value::Null) => sql.push(&format!(" AND {last}.type = 'null'")),
            Some(serde_json::Value::Bool(truth)) => {
                sql.push(&format!(" AND {last}.type = '{truth}'"));
            }
            Some(serde_json::Value::Number(number)) => {
                sql.push(&format!(
                    " AND {last}.type IN ('integer', 'real') AND {last}.value = "
                ));
                match number.as_i64() {
                    Some(number) => sql.bind(number),
                    None => sql.bind(number.as_f64().unwrap_or_default()),
                }
            }
            Some(text) => {
                sql.push(&format!(" AND {last}.type = 'text' AND {last}.value = "));
                sql.bind(text.as_str().unwrap_or_default().to_owned());
            }
        }
        sql.push(")");
    }

    fn search(&self, sql: &mut Sql<'_>, entity: &Entity, alias: &str, terms: &[Term]) {
        let Some(search) = entity.resource.declaration.search else {
            return;
        };
        let (fts, key) = (search.fts_table, entity.resource.key);
        sql.push(&format!(
            "{alias}.\"{key}\" IN (SELECT d.\"{key}\" FROM \"{fts}\" JOIN \"{fts}_map\" d \
             ON d.docid = \"{fts}\".rowid WHERE \"{fts}\" MATCH "
        ));
        sql.bind(search::sqlite::question(terms));
        sql.push(")");
    }

    fn parents(&self, sql: &mut Sql<'_>, kind: Kind, keys: &[Option<String>]) {
        let value = match kind {
            Kind::Uuid => "unhex(value, '-')",
            _ => "value",
        };
        sql.push(&format!(
            "WITH p AS MATERIALIZED (SELECT {value} AS k, key AS i FROM json_each("
        ));
        sql.bind(serde_json::json!(keys).to_string());
        sql.push("))");
    }

    fn is_lateral(&self) -> bool {
        false
    }

    fn whole(&self, expression: String) -> String {
        expression
    }

    /// Seconds of the bucket's start: for hours since 1970 by UTC, else by the zone's own clocks.
    fn bucket(&self, reference: &str, bucket: Bucket, zone: Tz) -> String {
        // The text is cut, not rounded: the last half millisecond of an hour belongs to that hour.
        let second = format!("unixepoch(substr({reference}, 1, 19))");
        let offset = offset(reference, zone);
        let local = format!("({second} + {offset})");
        match bucket {
            Bucket::Hour => format!("({second} - {})", rest(&local, 3_600)),
            Bucket::Day => format!("({local} - {})", rest(&local, 86_400)),
            // The first of January 1970 was a Thursday.
            Bucket::Week => format!(
                "({local} - {})",
                rest(&format!("({local} + 259200)"), 604_800)
            ),
            Bucket::Month => {
                format!("unixepoch(strftime('%Y-%m-01', {local}, 'unixepoch'))")
            }
        }
    }

    fn write_bucket(
        &self,
        row: &QueryResult,
        at: usize,
        bucket: Bucket,
        zone: Tz,
        out: &mut Vec<u8>,
    ) -> Result<()> {
        if self.is_null(row, at) {
            json::null(out);
            return Ok(());
        }
        let seconds = self.integer(row, at)?;
        let moment = match bucket {
            Bucket::Hour => DateTime::from_timestamp(seconds, 0),
            Bucket::Day | Bucket::Week | Bucket::Month => {
                let days = Days::new(seconds.unsigned_abs() / 86_400);
                let start = NaiveDate::from_ymd_opt(1970, 1, 1).unwrap_or_default();
                let day = if seconds < 0 {
                    start.checked_sub_days(days)
                } else {
                    start.checked_add_days(days)
                };
                day.map(|day| calendar::midnight(day, zone))
            }
        };
        json::time(
            moment.ok_or_else(|| Error::internal("a bucket out of range"))?,
            out,
        );
        Ok(())
    }

    /// A write has the file for itself.
    fn hold(&self) -> &'static str {
        ""
    }

    fn explain(&self) -> Option<&'static str> {
        None
    }

    fn write(&self, row: &QueryResult, at: usize, kind: Kind, out: &mut Vec<u8>) -> Result<()> {
        let row = row
            .try_as_sqlite_row()
            .ok_or_else(|| Error::internal("not a row of SQLite"))?;
        let value = row.try_get_raw(at).map_err(Error::internal)?;
        if value.is_null() {
            json::null(out);
            return Ok(());
        }
        match kind {
            Kind::Uuid => json::uuid(decode::<&[u8]>(value)?, out)?,
            Kind::Text | Kind::Enum(_) | Kind::Date => json::value(decode::<&str>(value)?, out)?,
            Kind::Int | Kind::Big => json::value(&decode::<i64>(value)?, out)?,
            Kind::Float if value.type_info().name() == "INTEGER" => {
                let number = decode::<i64>(value)?;
                out.extend_from_slice(format!("{number}.0").as_bytes());
            }
            Kind::Float => json::value(&decode::<f64>(value)?, out)?,
            Kind::Bool => json::truth(decode::<i64>(value)? != 0, out),
            Kind::Time => json::time(decode::<DateTime<Utc>>(value)?, out),
            Kind::Json | Kind::List => out.extend_from_slice(decode::<&str>(value)?.as_bytes()),
            Kind::Bytes => json::bytes(decode::<&[u8]>(value)?, out),
        }
        Ok(())
    }

    fn is_null(&self, row: &QueryResult, at: usize) -> bool {
        let value = row
            .try_as_sqlite_row()
            .and_then(|row| row.try_get_raw(at).ok());
        value.is_none_or(|value| value.is_null())
    }

    fn integer(&self, row: &QueryResult, at: usize) -> Result<i64> {
        let row = row
            .try_as_sqlite_row()
            .ok_or_else(|| Error::internal("not a row of SQLite"))?;
        let value = row.try_get_raw(at).map_err(Error::internal)?;
        if value.is_null() {
            Ok(0)
        } else {
            decode(value)
        }
    }
}

fn decode<'r, T: Decode<'r, Sqlx>>(
    value: <Sqlx as sea_orm::sqlx::Database>::ValueRef<'r>,
) -> Result<T> {
    T::decode(value).map_err(Error::Internal)
}

/// The zone's offset from UTC in seconds at a time, as a tree of comparisons: the engine knows no
/// zones.
fn offset(reference: &str, zone: Tz) -> String {
    tree(reference, &offsets(zone))
}

/// From when on which offset is in force, in seconds, from 1970 to 2100.
fn offsets(zone: Tz) -> Vec<(DateTime<Utc>, i32)> {
    const WEEK: i64 = 604_800;
    let offset = |second: i64| {
        let moment = DateTime::from_timestamp(second, 0).unwrap_or_default();
        zone.offset_from_utc_datetime(&moment.naive_utc())
            .fix()
            .local_minus_utc()
    };
    let mut found = vec![(DateTime::UNIX_EPOCH, offset(0))];
    let mut start = 0;
    while start < 4_102_444_800 {
        let (mut before, mut after) = (start, start + WEEK);
        if offset(before) != offset(after) {
            while after - before > 1 {
                let middle = before.midpoint(after);
                if offset(middle) == offset(before) {
                    before = middle;
                } else {
                    after = middle;
                }
            }
            let moment = DateTime::from_timestamp(after, 0).unwrap_or_default();
            found.push((moment, offset(after)));
        }
        start += WEEK;
    }
    found
}

/// What is left of `number` over whole multiples of `unit`, never negative.
fn rest(number: &str, unit: u32) -> String {
    format!("(({number} % {unit} + {unit}) % {unit})")
}

fn tree(reference: &str, changes: &[(DateTime<Utc>, i32)]) -> String {
    match changes {
        [] => "0".to_owned(),
        [(_, offset)] => offset.to_string(),
        changes => {
            let (before, after) = changes.split_at(changes.len() / 2);
            format!(
                "CASE WHEN {reference} < '{}' THEN {} ELSE {} END",
                after[0].0.format("%Y-%m-%dT%H:%M:%S"),
                tree(reference, before),
                tree(reference, after),
            )
        }
    }
}
