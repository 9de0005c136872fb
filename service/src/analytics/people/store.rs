//! The queries of activity.

use entity::Scope;
use sea_orm::{ConnectionTrait, FromQueryResult, Statement, Value};

use crate::analytics::rollup::{DAY, day};
use crate::analytics::series::{Buckets, Range};
use crate::analytics::store::stretch;
use crate::db::{Engine, Reader};
use crate::error::Result;

/// `active(day, user_id)`: who was active on which day (in seconds since 1970), in days of the
/// conditions on rollup and deltas.
fn active_days(engine: Engine, rollup: &str, deltas: &str) -> String {
    let (own, open) = (
        stretch(engine, "day", DAY),
        stretch(engine, "bucket_start", DAY),
    );
    format!(
        "active AS MATERIALIZED (\
             SELECT day, user_id FROM (\
                 SELECT {own} AS day, user_id, messages FROM user_day_rollups{rollup} \
                 UNION ALL \
                 SELECT {open} AS day, user_id, messages FROM token_deltas \
                 WHERE model IS NULL{deltas}\
             ) x GROUP BY day, user_id HAVING sum(messages) > 0\
         )"
    )
}

/// The edges of days: `edges(at, since, until)`, in seconds since 1970.
fn edges(range: Range, buckets: &Buckets) -> (String, i64, i64) {
    let whole = |seconds: i64| seconds - seconds.rem_euclid(DAY);
    let from = whole(range.from.timestamp());
    // A day that is begun counts whole.
    let to = range.to.timestamp() + i64::from(range.to.timestamp_subsec_nanos() > 0);
    let to = to + (-to).rem_euclid(DAY);
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

pub(super) async fn active(
    reader: &Reader,
    scope: Scope,
    range: Range,
    buckets: &Buckets,
) -> Result<Vec<ActiveRow>> {
    debug_assert_eq!(scope, Scope::Everyone);
    let (edges, from, to) = edges(range, buckets);
    let days = active_days(
        reader.engine(),
        " WHERE day >= $1 AND day < $2",
        " AND bucket_start >= $3 AND bucket_start < $4",
    );
    let sql = format!(
        "WITH {edges}, {days} \
         SELECT e.at, count(DISTINCT a.user_id) AS people \
         FROM edges e JOIN active a ON a.day >= e.since AND a.day < e.until GROUP BY e.at \
         UNION ALL SELECT -1, count(DISTINCT user_id) FROM active"
    );
    let values: [Value; 4] = [day(from).into(), day(to).into(), moment(from), moment(to)];
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
    let days = active_days(reader.engine(), " WHERE day < $1", " AND bucket_start < $2");
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
