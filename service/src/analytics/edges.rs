//! Buckets as a table within a statement: what falls between two edges is read by the index, and
//! exactly, whatever clocks the edges come from.

use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, FromQueryResult, Statement, Value};

use super::calendar::Bucket;
use super::series::{Buckets, Range};
use crate::error::Result;

/// A statement over buckets, with its values.
#[derive(Debug)]
pub(super) struct Draft {
    /// `edges(at, since, until)`: one row a bucket, cut by the range.
    pub edges: String,
    /// The values so far.
    values: Vec<Value>,
}

impl Draft {
    /// The buckets of a range.
    pub(super) fn of(range: Range, buckets: &Buckets) -> Self {
        let mut draft = Self {
            edges: String::new(),
            values: vec![range.from.into()],
        };
        let mut rows = Vec::new();
        for at in 0..buckets.starts.len() {
            let end = buckets.starts.get(at + 1).copied().unwrap_or(range.to);
            let since = draft.values.len();
            let until = draft.mark(end);
            rows.push(format!("({at}, ${since}, {until})"));
        }
        draft.edges = format!("edges(at, since, until) AS (VALUES {})", rows.join(", "));
        draft
    }

    /// The range alone, `$1` and `$2`, as one bucket.
    pub(super) fn whole(range: Range) -> Self {
        Self {
            edges: "edges(at, since, until) AS (VALUES (0, $1, $2))".to_owned(),
            values: vec![range.from.into(), range.to.into()],
        }
    }

    /// A value's place.
    pub(super) fn mark(&mut self, value: impl Into<Value>) -> String {
        self.values.push(value.into());
        format!("${}", self.values.len())
    }

    /// The rows of `sql`.
    pub(super) async fn rows<R: FromQueryResult>(
        &self,
        conn: &impl ConnectionTrait,
        sql: String,
    ) -> Result<Vec<R>> {
        let backend = conn.get_database_backend();
        let statement = Statement::from_sql_and_values(backend, sql, self.values.clone());
        Ok(R::find_by_statement(statement).all(conn).await?)
    }

    /// The only row of `sql`.
    pub(super) async fn row<R: FromQueryResult + Default>(
        &self,
        conn: &impl ConnectionTrait,
        sql: String,
    ) -> Result<R> {
        let mut rows = self.rows(conn, sql).await?;
        Ok(rows.pop().unwrap_or_default())
    }
}

/// A question about a stretch of time, by buckets.
#[derive(Clone, Copy, Debug)]
pub struct Period {
    /// The time.
    pub range: Range,
    /// How finely.
    pub bucket: Bucket,
    /// By whose clocks.
    pub zone: chrono_tz::Tz,
}

impl Period {
    pub(super) fn buckets(&self) -> Result<Buckets> {
        Buckets::of(self.range, self.bucket, self.zone)
    }
}

/// Where the buckets of a series begin, with what each has.
pub(super) fn filled<T: Default>(buckets: &Buckets) -> Vec<(DateTime<Utc>, T)> {
    let empty = |start: &DateTime<Utc>| (*start, T::default());
    buckets.starts.iter().map(empty).collect()
}

/// How long things took: the least that this part of them did not take longer than
/// (`percentile_disc`).
#[derive(Clone, Copy, Debug, Default, PartialEq, FromQueryResult)]
pub struct Percentiles {
    /// How many were measured.
    pub count: i64,
    /// What they took on the average.
    pub mean: Option<f64>,
    /// Half of them took no longer.
    pub p50: Option<i64>,
    /// 95 in 100 took no longer.
    pub p95: Option<i64>,
    /// 99 in 100 took no longer.
    pub p99: Option<i64>,
}

/// The columns of [`Percentiles`] over `ranked`, which has `value`, its place `n` in order from 1,
/// and the number `c` of values.
pub(super) const PERCENTILES: &str = "coalesce(max(c), 0) AS count, \
    avg(CAST(value AS double precision)) AS mean, \
    min(CASE WHEN n >= (c * 50 + 99) / 100 THEN value END) AS p50, \
    min(CASE WHEN n >= (c * 95 + 99) / 100 THEN value END) AS p95, \
    min(CASE WHEN n >= (c * 99 + 99) / 100 THEN value END) AS p99";

/// The places of `value` among those that have the same `keys`.
pub(super) fn ranked(keys: &str) -> String {
    let by = if keys.is_empty() {
        String::new()
    } else {
        format!("PARTITION BY {keys} ")
    };
    format!(
        "row_number() OVER ({by}ORDER BY value) AS n, count(*) OVER ({}) AS c",
        by.trim_end()
    )
}
