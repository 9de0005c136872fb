//! What of each bucket is read from sums by quarter, hour, day and month, and what from the rows: nothing
//! is widened. A sum answers for whole buckets of its own, the rows for what is left at the edges.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, Utc};
use sea_orm::{ConnectionTrait, FromQueryResult, Statement, Value};

use super::cover::{Piece, Source, Stretch, Unit, cover};
use super::packed::{Plan, Subject};
use super::rollup::QUARTER;
use super::rollup::moment;
use super::series::{Buckets, Range};
use crate::error::Result;

/// What the rows answer for, towards one bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Rest {
    at: i64,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
}

/// A statement over parts, with its values.
#[derive(Debug, Default)]
pub(super) struct Parts {
    tables: Vec<String>,
    values: Vec<Value>,
    marks: BTreeMap<DateTime<Utc>, usize>,
    whole: Vec<Stretch>,
    rest: Vec<Rest>,
}

/// A table of edges within the statement: `(at, sign, since, until)`.
pub(super) type Edges = String;

const fn source(unit: Unit) -> Source {
    Source {
        table: "",
        column: "bucket_start",
        unit,
        tokens: "",
    }
}

/// The sums, the coarsest first.
const SUMS: &[Source] = &[
    source(Unit::Month),
    source(Unit::Day),
    source(Unit::Hour),
    source(Unit::Quarter),
];

const fn grain(unit: Unit) -> &'static str {
    match unit {
        Unit::Month => "MONTH",
        Unit::Day => "DAY",
        Unit::Hour => "HOUR",
        Unit::Quarter => "QUARTER",
    }
}

/// The first quarter of an hour that begins at a moment or later, and the one that the moment is in.
fn quarters(at: DateTime<Utc>) -> (i64, i64) {
    let seconds = at.timestamp();
    // A moment within a second is after the second's begin.
    let up = seconds + i64::from(at.timestamp_subsec_nanos() > 0);
    (
        up + (-up).rem_euclid(QUARTER),
        seconds - seconds.rem_euclid(QUARTER),
    )
}

impl Parts {
    /// The parts of the buckets of a range.
    pub(super) fn of(range: Range, buckets: &Buckets) -> Self {
        let mut parts = Self::default();
        let ends = buckets.starts.iter().skip(1).chain([&range.to]);
        for (at, (start, end)) in (0..).zip(buckets.starts.iter().zip(ends)) {
            let (from, to) = ((*start).max(range.from), (*end).min(range.to));
            let (first, last) = (quarters(from).0, quarters(to).1);
            if first >= last {
                parts.rest.push(Rest { at, from, to });
                continue;
            }
            parts.whole.push(Stretch {
                at,
                from: first,
                to: last,
                minus: false,
            });
            let edges = [(from, moment(first)), (moment(last), to)];
            let edges = edges.into_iter().filter(|(from, to)| from < to);
            parts
                .rest
                .extend(edges.map(|(from, to)| Rest { at, from, to }));
        }
        parts
    }

    fn mark(&mut self, at: DateTime<Utc>) -> String {
        let values = &mut self.values;
        let place = *self.marks.entry(at).or_insert_with(|| {
            values.push(at.into());
            values.len()
        });
        format!("${place}")
    }

    fn table(&mut self, rows: impl IntoIterator<Item = (Rest, i32)>) -> Option<Edges> {
        let mut lines = Vec::new();
        for (row, sign) in rows {
            let (from, to) = (self.mark(row.from), self.mark(row.to));
            lines.push(format!("({}, {sign}, {from}, {to})", row.at));
        }
        if lines.is_empty() {
            return None;
        }
        let name = format!("e{}", self.tables.len());
        let lines = lines.join(", ");
        self.tables.push(format!(
            "{name}(at, sign, since, until) AS (VALUES {lines})"
        ));
        Some(name)
    }

    fn stretches(&mut self, stretches: &[Stretch]) -> Option<Edges> {
        let row = |one: &Stretch| {
            let rest = Rest {
                at: one.at,
                from: moment(one.from),
                to: moment(one.to),
            };
            (rest, if one.minus { -1 } else { 1 })
        };
        let rows: Vec<(Rest, i32)> = stretches.iter().map(row).collect();
        self.table(rows)
    }

    /// The time that sums answer for (in seconds since 1970).
    pub(super) fn span(&self) -> Option<(i64, i64)> {
        Some((self.whole.first()?.from, self.whole.last()?.to))
    }

    /// What is read from packs, when these days are `packed`, and what from sums.
    pub(super) fn plan(&self, packed: &BTreeSet<NaiveDate>) -> Plan {
        Plan::of(cover(SUMS, &self.whole, &[]), packed)
    }

    /// What reads the packs of a plan, with `rest` behind the day and its bytes.
    pub(super) fn packs(
        &mut self,
        plan: &Plan,
        subject: Subject,
        packed: &BTreeSet<NaiveDate>,
        rest: &str,
    ) -> Vec<String> {
        plan.branches(subject, packed, rest, &mut self.values)
    }

    /// The edges of what is read from sums, with their grain.
    pub(super) fn sums(&mut self) -> Vec<(&'static str, Edges)> {
        self.loose(cover(SUMS, &self.whole, &[]))
    }

    /// The same, of some of it.
    pub(super) fn loose(&mut self, pieces: Vec<Piece>) -> Vec<(&'static str, Edges)> {
        let edges = pieces.into_iter().filter_map(|piece| {
            let edges = self.stretches(&piece.stretches)?;
            Some((grain(piece.source.unit), edges))
        });
        edges.collect()
    }

    /// `FROM` with what is open in the deltas `table`, as `r` with its `columns` and its `count`, at its
    /// bucket `e` of the answer: of all that sums answer for. The deltas are few, so they are read once
    /// and then placed, not looked up for each bucket.
    pub(super) fn deltas(&mut self, table: &str, columns: &str) -> Option<String> {
        let (since, until) = self.span()?;
        let whole = std::mem::take(&mut self.whole);
        let edges = self.stretches(&whole);
        self.whole = whole;
        let (since, until) = (self.mark(moment(since)), self.mark(moment(until)));
        Some(format!(
            "FROM (SELECT bucket_start, {columns}, CAST(sum(count) AS bigint) AS count FROM {table} \
                   WHERE bucket_start >= {since} AND bucket_start < {until} \
                   GROUP BY bucket_start, {columns}) r \
             JOIN {} e ON r.bucket_start >= e.since AND r.bucket_start < e.until",
            edges?
        ))
    }

    /// The edges of what is read from rows.
    pub(super) fn rows(&mut self) -> Option<Edges> {
        let rest = std::mem::take(&mut self.rest);
        let edges = self.table(rest.iter().map(|rest| (*rest, 1)));
        self.rest = rest;
        edges
    }

    /// The rows of the `branches` of one statement.
    pub(super) async fn all<R: FromQueryResult>(
        self,
        conn: &impl ConnectionTrait,
        select: &str,
        branches: &[String],
        then: &str,
    ) -> Result<Vec<R>> {
        let sql = format!(
            "WITH {} {select}({}) x{then}",
            self.tables.join(", "),
            branches.join(" UNION ALL "),
        );
        let backend = conn.get_database_backend();
        let statement = Statement::from_sql_and_values(backend, sql, self.values);
        Ok(R::find_by_statement(statement).all(conn).await?)
    }
}

#[cfg(test)]
mod tests {
    use chrono_tz::Tz;

    use super::super::calendar::Bucket;
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn rows_answer_for_what_sums_cannot() {
        let range = Range {
            from: at("2026-03-01T23:59:59.000001Z"),
            to: at("2026-03-03T10:07:00Z"),
        };
        let buckets = Buckets::of(range, Bucket::Day, Tz::UTC).unwrap();
        let parts = Parts::of(range, &buckets);
        let told: Vec<_> = parts
            .rest
            .iter()
            .map(|rest| (rest.at, rest.from, rest.to))
            .collect();
        assert_eq!(
            told,
            [
                (0, range.from, at("2026-03-02T00:00:00Z")),
                (2, at("2026-03-03T10:00:00Z"), range.to),
            ]
        );
        let whole: Vec<_> = parts
            .whole
            .iter()
            .map(|one| (one.at, moment(one.from), moment(one.to)))
            .collect();
        assert_eq!(
            whole,
            [
                (1, at("2026-03-02T00:00:00Z"), at("2026-03-03T00:00:00Z")),
                (2, at("2026-03-03T00:00:00Z"), at("2026-03-03T10:00:00Z")),
            ]
        );
    }

    #[test]
    fn nothing_is_read_twice_and_nothing_left_out() {
        for (from, to, zone) in [
            (
                "2026-01-17T03:04:05.6Z",
                "2026-05-02T00:00:00.000001Z",
                Tz::Asia__Kathmandu,
            ),
            (
                "1970-02-03T04:05:06Z",
                "1971-02-03T04:05:06Z",
                Tz::Africa__Monrovia,
            ),
            ("2026-01-01T00:00:00Z", "2026-12-01T00:00:00Z", Tz::UTC),
        ] {
            let range = Range {
                from: at(from),
                to: at(to),
            };
            let buckets = Buckets::of(range, Bucket::Month, zone).unwrap();
            let mut parts = Parts::of(range, &buckets);
            let of_sums: i64 = cover(SUMS, &parts.whole, &[])
                .iter()
                .flat_map(|piece| &piece.stretches)
                .map(|one| (one.to - one.from) * if one.minus { -1 } else { 1 })
                .sum();
            let of_rows: chrono::TimeDelta =
                parts.rest.iter().map(|rest| rest.to - rest.from).sum();
            assert_eq!(
                chrono::TimeDelta::seconds(of_sums) + of_rows,
                range.to - range.from,
                "{zone}"
            );
            assert!(!parts.sums().is_empty());
        }
    }
}
