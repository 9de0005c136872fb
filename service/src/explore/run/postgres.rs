//! The engine on `PostgreSQL`.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;
use sea_orm::QueryResult;
use sea_orm::sqlx::{Row, ValueRef};

use super::dialect::{Dialect, pattern, place};
use super::json;
use super::sql::Sql;
use crate::conversation::{Term, search};
use crate::db::Engine;
use crate::error::{Error, Result};
use crate::explore::bind::{Bucket, Scalar, TextPlace};
use crate::explore::catalog::{Entity, Enumeration, Kind};

/// Seconds from 1970 to 2000, where the server's times begin.
const EPOCH: i64 = 946_684_800;

pub(super) struct Postgres;

impl Dialect for Postgres {
    fn engine(&self) -> Engine {
        Engine::Postgres
    }

    fn word(&self, sql: &mut Sql<'_>, words: &'static Enumeration, at: usize) {
        sql.push("CAST(");
        sql.bind(words.values[at].value.clone());
        sql.push(&format!(" AS \"{}\")", words.database));
    }

    fn sortable(&self, reference: &str, kind: Kind) -> String {
        match kind {
            Kind::Text => format!("{reference} COLLATE \"C\""),
            _ => reference.to_owned(),
        }
    }

    fn sortable_scalar(&self, sql: &mut Sql<'_>, scalar: &Scalar) {
        sql.scalar(scalar);
    }

    fn is_in(&self, sql: &mut Sql<'_>, reference: &str, kind: Kind, values: &[Scalar]) {
        let texts = values.iter().map(|value| match value {
            Scalar::Uuid(id) => Some(id.to_string()),
            Scalar::Text(text) => Some(text.clone()),
            Scalar::Int(number) => Some(number.to_string()),
            Scalar::Word(words, at) => Some(words.values[*at].value.clone()),
            _ => None,
        });
        sql.push(reference);
        let Some(texts) = texts.map(|text| text.map(Some)).collect::<Option<Vec<_>>>() else {
            sql.push(" IN (");
            for (at, value) in values.iter().enumerate() {
                sql.push(if at > 0 { ", " } else { "" });
                sql.scalar(value);
            }
            sql.push(")");
            return;
        };
        // One parameter, however many values: one statement for the server's cache.
        sql.push(" = ANY(CAST(CAST(");
        sql.bind(array(&texts));
        sql.push(&format!(" AS text) AS {}[]))", element(kind)));
    }

    fn has_text(&self, sql: &mut Sql<'_>, reference: &str, place: TextPlace, text: &str) {
        sql.push(&format!("coalesce({reference} COLLATE \"C\" ILIKE "));
        sql.bind(pattern(place, text));
        sql.push(" ESCAPE '\\', false)");
    }

    fn has_any(&self, sql: &mut Sql<'_>, reference: &str, texts: &[String]) {
        let texts: Vec<_> = texts.iter().cloned().map(Some).collect();
        sql.push(&format!("coalesce({reference} ?| CAST(CAST("));
        sql.bind(array(&texts));
        sql.push(" AS text) AS text[]), false)");
    }

    fn json(
        &self,
        sql: &mut Sql<'_>,
        reference: &str,
        path: &[String],
        eq: Option<&serde_json::Value>,
    ) {
        sql.push(&"(".repeat(path.len()));
        sql.push(reference);
        for step in path {
            // Only a plain number may be a place in a list: `#>` would count -1 from its end.
            if place(step).is_some() {
                sql.push(" #> CAST(CAST(");
                sql.bind(array(&[Some(step.clone())]));
                sql.push(" AS text) AS text[]))");
            } else {
                sql.push(" -> CAST(");
                sql.bind(step.clone());
                sql.push(" AS text))");
            }
        }
        match eq {
            None => sql.push(" IS NOT NULL"),
            Some(value) => {
                sql.push(" IS NOT DISTINCT FROM CAST(CAST(");
                sql.bind(value.to_string());
                sql.push(" AS text) AS jsonb)");
            }
        }
    }

    fn search(&self, sql: &mut Sql<'_>, entity: &Entity, alias: &str, terms: &[Term]) {
        let Some(search) = entity.resource.declaration.search else {
            return;
        };
        let query = search::postgres::query(terms, &mut |value| sql.mark(value));
        sql.push(&format!("{alias}.\"{}\" @@ ({query})", search.vector));
    }

    fn parents(&self, sql: &mut Sql<'_>, kind: Kind, keys: &[Option<String>]) {
        sql.push("WITH p AS (SELECT u.k, u.i - 1 AS i FROM unnest(CAST(CAST(");
        sql.bind(array(keys));
        sql.push(&format!(
            " AS text) AS {}[])) WITH ORDINALITY u(k, i))",
            element(kind)
        ));
    }

    fn is_lateral(&self) -> bool {
        true
    }

    fn whole(&self, expression: String) -> String {
        format!("CAST({expression} AS bigint)")
    }

    fn bucket(&self, reference: &str, bucket: Bucket, zone: Tz) -> String {
        let unit = match bucket {
            Bucket::Hour => "hour",
            Bucket::Day => "day",
            Bucket::Week => "week",
            Bucket::Month => "month",
        };
        format!("date_trunc('{unit}', {reference}, '{}')", zone.name())
    }

    fn write_bucket(
        &self,
        row: &QueryResult,
        at: usize,
        _bucket: Bucket,
        _zone: Tz,
        out: &mut Vec<u8>,
    ) -> Result<()> {
        self.write(row, at, Kind::Time, out)
    }

    fn hold(&self) -> &'static str {
        " FOR UPDATE OF t0"
    }

    fn explain(&self) -> Option<&'static str> {
        Some("EXPLAIN (FORMAT JSON)")
    }

    fn write(&self, row: &QueryResult, at: usize, kind: Kind, out: &mut Vec<u8>) -> Result<()> {
        let row = row
            .try_as_pg_row()
            .ok_or_else(|| Error::internal("not a row of PostgreSQL"))?;
        let value = row.try_get_raw(at).map_err(Error::internal)?;
        if value.is_null() {
            json::null(out);
            return Ok(());
        }
        let bytes = value.as_bytes().map_err(Error::Internal)?;
        match kind {
            Kind::Uuid => json::uuid(bytes, out)?,
            Kind::Text | Kind::Enum(_) => {
                json::value(std::str::from_utf8(bytes).map_err(Error::internal)?, out)?;
            }
            Kind::Int | Kind::Big => json::value(&whole(bytes)?, out)?,
            Kind::Float => json::value(&float(bytes)?, out)?,
            Kind::Bool => json::truth(bytes.first() == Some(&1), out),
            Kind::Time => {
                let moment = moment(whole(bytes)?);
                json::time(
                    moment.ok_or_else(|| Error::internal("a time out of range"))?,
                    out,
                );
            }
            Kind::Date => {
                let start = NaiveDate::from_ymd_opt(2000, 1, 1).unwrap_or_default();
                let day = start.checked_add_signed(TimeDelta::days(whole(bytes)?));
                json::value(&day, out)?;
            }
            // `jsonb` says its version first.
            Kind::Json | Kind::List => match bytes {
                [1, text @ ..] | text => out.extend_from_slice(text),
            },
            Kind::Bytes => json::bytes(bytes, out),
        }
        Ok(())
    }

    fn is_null(&self, row: &QueryResult, at: usize) -> bool {
        let value = row.try_as_pg_row().and_then(|row| row.try_get_raw(at).ok());
        value.is_none_or(|value| value.is_null())
    }

    fn integer(&self, row: &QueryResult, at: usize) -> Result<i64> {
        let row = row
            .try_as_pg_row()
            .ok_or_else(|| Error::internal("not a row of PostgreSQL"))?;
        let value = row.try_get_raw(at).map_err(Error::internal)?;
        if value.is_null() {
            return Ok(0);
        }
        whole(value.as_bytes().map_err(Error::Internal)?)
    }
}

/// The moment so many microseconds after the server's times begin; none for its `infinity`.
fn moment(micros: i64) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp_micros(micros.checked_add(EPOCH * 1_000_000)?)
}

/// A whole number as the server sends it, most significant byte first.
fn whole(bytes: &[u8]) -> Result<i64> {
    let wide = || -> Option<i64> {
        Some(match bytes.len() {
            8 => i64::from_be_bytes(bytes.try_into().ok()?),
            4 => i32::from_be_bytes(bytes.try_into().ok()?).into(),
            2 => i16::from_be_bytes(bytes.try_into().ok()?).into(),
            _ => return None,
        })
    };
    wide().ok_or_else(|| Error::internal("a whole number of an odd length"))
}

fn float(bytes: &[u8]) -> Result<f64> {
    let wide = || -> Option<f64> {
        Some(match bytes.len() {
            8 => f64::from_be_bytes(bytes.try_into().ok()?),
            4 => f32::from_be_bytes(bytes.try_into().ok()?).into(),
            _ => return None,
        })
    };
    wide().ok_or_else(|| Error::internal("a number of an odd length"))
}

fn element(kind: Kind) -> String {
    match kind {
        Kind::Uuid => "uuid".to_owned(),
        Kind::Int | Kind::Big => "bigint".to_owned(),
        Kind::Enum(words) => format!("\"{}\"", words.database),
        _ => "text".to_owned(),
    }
}

/// An array as the server reads it from text.
fn array(values: &[Option<String>]) -> String {
    let mut out = String::with_capacity(2 + values.len() * 38);
    out.push('{');
    for (at, value) in values.iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        match value {
            None => out.push_str("NULL"),
            Some(text) => {
                out.push('"');
                if text.contains(['"', '\\']) {
                    out.push_str(&text.replace('\\', "\\\\").replace('"', "\\\""));
                } else {
                    out.push_str(text);
                }
                out.push('"');
            }
        }
    }
    out.push('}');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_without_end_is_no_moment() {
        assert_eq!(moment(i64::MAX), None);
        assert_eq!(moment(i64::MIN), None);
        assert_eq!(moment(-EPOCH * 1_000_000), Some(DateTime::UNIX_EPOCH));
    }
}
