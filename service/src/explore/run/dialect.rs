//! What the two engines say differently.

use chrono_tz::Tz;
use sea_orm::QueryResult;

use super::sql::Sql;
use crate::conversation::Term;
use crate::db::Engine;
use crate::error::{Error, Result};
use crate::explore::bind::{Bucket, Scalar, TextPlace};
use crate::explore::catalog::{Column, Entity, Enumeration, Kind};

/// What an engine says in its own way.
pub(super) trait Dialect: Sync {
    fn engine(&self) -> Engine;

    /// A word of an enum, as a value to compare a column with.
    fn word(&self, sql: &mut Sql<'_>, words: &'static Enumeration, at: usize);

    /// `reference` as something that sorts alike on both engines: texts by their bytes, words in
    /// their declared order.
    fn sortable(&self, reference: &str, kind: Kind) -> String;

    /// A value to compare with what [`sortable`](Self::sortable) tells.
    fn sortable_scalar(&self, sql: &mut Sql<'_>, scalar: &Scalar);

    /// `reference` is one of the values.
    fn is_in(&self, sql: &mut Sql<'_>, reference: &str, kind: Kind, values: &[Scalar]);

    /// A text has a part, whatever the case of the 26 letters.
    fn has_text(&self, sql: &mut Sql<'_>, reference: &str, place: TextPlace, text: &str);

    /// A list of strings has one of them.
    fn has_any(&self, sql: &mut Sql<'_>, reference: &str, texts: &[String]);

    /// A part of a JSON value is there, or equals a plain value.
    fn json(
        &self,
        sql: &mut Sql<'_>,
        reference: &str,
        path: &[String],
        eq: Option<&serde_json::Value>,
    );

    /// The rows of a searchable table that have the words.
    fn search(&self, sql: &mut Sql<'_>, entity: &Entity, alias: &str, terms: &[Term]);

    /// `WITH p AS (…)`: the parents' keys `k`, numbered by `i` from 0.
    fn parents(&self, sql: &mut Sql<'_>, kind: Kind, keys: &[Option<String>]);

    /// Whether a subquery may look at the row beside it (`LATERAL`).
    fn is_lateral(&self) -> bool;

    /// `reference` as 64 bits, for a sum.
    fn whole(&self, expression: String) -> String;

    /// Where the bucket begins that a time falls into.
    fn bucket(&self, reference: &str, bucket: Bucket, zone: Tz) -> String;

    /// Write what [`bucket`](Self::bucket) told, as a time.
    fn write_bucket(
        &self,
        row: &QueryResult,
        at: usize,
        bucket: Bucket,
        zone: Tz,
        out: &mut Vec<u8>,
    ) -> Result<()>;

    /// The end of a question whose row is held until the write is over.
    fn hold(&self) -> &'static str;

    /// How many rows the planner expects, if there is a planner to ask: the statement's start.
    fn explain(&self) -> Option<&'static str>;

    /// Write a value as JSON.
    fn write(&self, row: &QueryResult, at: usize, kind: Kind, out: &mut Vec<u8>) -> Result<()>;

    /// Whether a value is null.
    fn is_null(&self, row: &QueryResult, at: usize) -> bool;

    /// A whole number; 0 for null.
    fn integer(&self, row: &QueryResult, at: usize) -> Result<i64>;

    /// A value as text that [`parents`](Self::parents) takes.
    fn key(&self, row: &QueryResult, at: usize, kind: Kind) -> Result<Option<String>> {
        if self.is_null(row, at) {
            return Ok(None);
        }
        let mut out = Vec::with_capacity(40);
        self.write(row, at, kind, &mut out)?;
        let json = String::from_utf8(out).map_err(Error::internal)?;
        let text = json
            .strip_prefix('"')
            .and_then(|text| text.strip_suffix('"'));
        match text {
            Some(text) if !text.contains('\\') => Ok(Some(text.to_owned())),
            Some(_) => serde_json::from_str(&json)
                .map(Some)
                .map_err(Error::internal),
            None => Ok(Some(json)),
        }
    }
}

/// The column under an alias.
pub(super) fn reference(alias: &str, column: &Column) -> String {
    format!("{alias}.\"{}\"", column.name)
}

/// The dialect of an engine.
pub(super) fn of(engine: Engine) -> &'static dyn Dialect {
    match engine {
        Engine::Postgres => &super::postgres::Postgres,
        Engine::Sqlite => &super::sqlite::Sqlite,
    }
}

/// A pattern for LIKE with `\` as its escape.
pub(super) fn pattern(place: TextPlace, text: &str) -> String {
    let text = text
        .replace('\\', "\\\\")
        .replace('%', "\\%")
        .replace('_', "\\_");
    match place {
        TextPlace::Contains => format!("%{text}%"),
        TextPlace::Starts => format!("{text}%"),
        TextPlace::Ends => format!("%{text}"),
    }
}

/// The place in a list that a step of a path means: a number, written plainly.
pub(super) fn place(step: &str) -> Option<u32> {
    let place = step.parse::<u32>().ok()?;
    (place.to_string() == step).then_some(place)
}
