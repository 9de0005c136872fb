//! The queries of activity.

use entity::Scope;
use sea_orm::{ConnectionTrait, FromQueryResult, Statement, Value};

use crate::analytics::calendar::Bucket;
use crate::analytics::edges::Period;
use crate::analytics::rollup::{DAY, day};
use crate::analytics::series::{Buckets, Range};
use crate::analytics::store::{date, day_of, each, stretch};
use crate::db::{Engine, Reader};
use crate::error::Result;

/// `active(day, user_id)`: who was active on which day (in seconds since 1970), in days of the
/// conditions on rollup and deltas. Few days have open deltas: only those are summed up.
fn active_days(engine: Engine, rollup: &str, deltas: &str) -> String {
    let (own, open) = (date(engine, "r.day"), stretch(engine, "bucket_start", DAY));
    format!(
        "open AS MATERIALIZED (\
             SELECT {open} AS day, user_id, sum(messages) AS messages FROM token_deltas \
             WHERE model IS NULL{deltas} GROUP BY 1, 2\
         ), \
         active AS MATERIALIZED (\
             SELECT {own} AS day, r.user_id FROM user_day_rollups r \
             LEFT JOIN open o ON o.user_id = r.user_id AND o.day = {own} \
             WHERE {rollup} AND r.messages + coalesce(o.messages, 0) > 0 \
             UNION ALL \
             SELECT o.day, o.user_id FROM open o WHERE o.messages > 0 AND NOT EXISTS (\
                 SELECT 1 FROM user_day_rollups r WHERE r.user_id = o.user_id AND {own} = o.day)\
         )"
    )
}

/// The days of UTC that a range touches: from one midnight to another, in seconds since 1970.
fn whole_days(range: Range) -> (i64, i64) {
    let from = range.from.timestamp();
    // A day that is begun counts whole.
    let to = range.to.timestamp() + i64::from(range.to.timestamp_subsec_nanos() > 0);
    (from - from.rem_euclid(DAY), to + (-to).rem_euclid(DAY))
}

/// The edges of days: `edges(at, since, until)`, in seconds since 1970.
fn edges(range: Range, buckets: &Buckets) -> (String, i64, i64) {
    let (from, to) = whole_days(range);
    let starts: Vec<i64> = buckets
        .starts
        .iter()
        .map(chrono::DateTime::timestamp)
        .collect();
    let row = |at: usize| {
        let end = starts.get(at + 1).copied().unwrap_or(to);
        format!("({at}, {}, {end})", starts[at].max(from))
    };
    let rows: Vec<String> = (0..starts.len()).map(row).collect();
    let edges = format!("edges(at, since, until) AS (VALUES {})", rows.join(", "));
    (edges, from, to)
}

#[derive(Debug, FromQueryResult)]
pub(super) struct ActiveRow {
    /// The bucket; -1 is the whole range.
    pub at: i32,
    pub people: i64,
}

/// Until their sums are built, people are told apart one by one.
pub(super) async fn told_apart(
    reader: &Reader,
    scope: Scope,
    period: Period,
    buckets: &Buckets,
) -> Result<Vec<ActiveRow>> {
    debug_assert_eq!(scope, Scope::Everyone);
    let (edges, from, to) = edges(period.range, buckets);
    let days = active_days(
        reader.engine(),
        "r.day >= $1 AND r.day < $2",
        " AND bucket_start >= $3 AND bucket_start < $4",
    );
    // Nobody is there twice on one day; and to know them apart takes most of the time.
    let people = match period.bucket {
        Bucket::Day => "count(*)",
        _ => "count(DISTINCT a.user_id)",
    };
    let sql = format!(
        "WITH {edges}, {days}, \
         placed AS (SELECT e.at, d.day FROM (SELECT DISTINCT day FROM active) d \
                    JOIN edges e ON d.day >= e.since AND d.day < e.until) \
         SELECT p.at, {people} AS people FROM active a JOIN placed p ON p.day = a.day GROUP BY p.at \
         UNION ALL SELECT -1, count(*) FROM (SELECT user_id FROM active GROUP BY user_id) x"
    );
    let values: [Value; 4] = [day(from).into(), day(to).into(), moment(from), moment(to)];
    let statement = Statement::from_sql_and_values(reader.get_database_backend(), sql, values);
    Ok(ActiveRow::find_by_statement(statement).all(reader).await?)
}

/// How many people were active, by the sums, and by the open deltas of those who turn active, or not
/// any more, by them: few, since deltas are folded every few seconds.
pub(super) async fn active(
    reader: &Reader,
    scope: Scope,
    range: Range,
    buckets: &Buckets,
) -> Result<Vec<ActiveRow>> {
    debug_assert_eq!(scope, Scope::Everyone);
    let engine = reader.engine();
    let (from, to) = whole_days(range);
    let mut values: Vec<Value> = vec![day(from).into(), day(to).into(), moment(from), moment(to)];
    let mut rows = vec!["(-1, $1, $2)".to_owned()];
    let ends = buckets
        .starts
        .iter()
        .skip(1)
        .map(chrono::DateTime::timestamp);
    // The end of one is the start of the next.
    let mut since = 1;
    for (at, end) in ends.chain([to]).enumerate() {
        values.push(day(end).into());
        rows.push(format!("({at}, ${since}, ${})", values.len()));
        since = values.len();
    }
    let open = day_of(engine, "bucket_start");
    let (own, since) = (date(engine, "r.day"), date(engine, "e.since"));
    let new = format!(
        "r.day >= e.since AND r.day < e.until AND (r.gap = 0 OR r.gap > ({own} - {since}) / {DAY})"
    );
    let sums = each(engine, "edges", "people", "active_rollups", &new);
    let sql = format!(
        "WITH edges(at, since, until) AS (VALUES {rows}), \
         open AS MATERIALIZED (\
             SELECT {open} AS day, user_id, sum(messages) AS messages FROM token_deltas \
             WHERE model IS NULL AND bucket_start >= $3 AND bucket_start < $4 GROUP BY 1, 2\
         ), \
         turned AS MATERIALIZED (\
             SELECT o.day, o.user_id, coalesce(r.messages, 0) > 0 AS stood FROM open o \
             LEFT JOIN user_day_rollups r ON r.user_id = o.user_id AND r.day = o.day \
             WHERE (coalesce(r.messages, 0) > 0) <> (coalesce(r.messages, 0) + o.messages > 0)\
         ), \
         days AS (\
             SELECT r.day, r.user_id, 1 AS stood, CASE WHEN t.day IS NULL THEN 1 ELSE 0 END AS stands \
             FROM (SELECT DISTINCT user_id FROM turned) u \
             JOIN user_day_rollups r ON r.user_id = u.user_id AND r.day >= $1 AND r.day < $2 \
             LEFT JOIN turned t ON t.user_id = r.user_id AND t.day = r.day \
             WHERE r.messages > 0 \
             UNION ALL SELECT day, user_id, 0, 1 FROM turned WHERE NOT stood\
         ) \
         SELECT at, CAST(sum(people) AS bigint) AS people FROM (\
             SELECT e.at, r.people {sums} UNION ALL \
             SELECT e.at, max(d.stands) - max(d.stood) FROM days d \
             JOIN edges e ON d.day >= e.since AND d.day < e.until GROUP BY e.at, d.user_id\
         ) x GROUP BY at",
        rows = rows.join(", "),
    );
    let statement = Statement::from_sql_and_values(reader.get_database_backend(), sql, values);
    Ok(ActiveRow::find_by_statement(statement).all(reader).await?)
}

fn moment(seconds: i64) -> Value {
    crate::analytics::rollup::moment(seconds).into()
}

#[derive(Debug, FromQueryResult)]
pub(super) struct RetainedRow {
    /// The bucket of their first day.
    pub first: i32,
    /// The bucket in which they were active.
    pub at: i32,
    pub people: i64,
}

/// How many of each cohort were active in which bucket. The first day of everybody is looked for in
/// all days up to the range's end.
pub(super) async fn retained(
    reader: &Reader,
    scope: Scope,
    range: Range,
    buckets: &Buckets,
) -> Result<Vec<RetainedRow>> {
    debug_assert_eq!(scope, Scope::Everyone);
    let (edges, from, to) = edges(range, buckets);
    let days = active_days(reader.engine(), "r.day < $1", " AND bucket_start < $2");
    let sql = format!(
        "WITH {edges}, {days}, \
         begun AS (SELECT user_id, min(day) AS day FROM active GROUP BY user_id \
                   HAVING min(day) >= {from}) \
         SELECT f.at AS first, e.at, count(DISTINCT a.user_id) AS people \
         FROM begun b \
         JOIN edges f ON b.day >= f.since AND b.day < f.until \
         JOIN active a ON a.user_id = b.user_id \
         JOIN edges e ON a.day >= e.since AND a.day < e.until \
         GROUP BY f.at, e.at"
    );
    let values: [Value; 2] = [day(to).into(), moment(to)];
    let statement = Statement::from_sql_and_values(reader.get_database_backend(), sql, values);
    Ok(RetainedRow::find_by_statement(statement)
        .all(reader)
        .await?)
}
