//! The queries that move and prove the rollup of runs.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use entity::analytics::day_pack::PackSubject;
use entity::analytics::run_delta;
use entity::analytics::run_rollup::{self, RollupGrain};
use entity::id::RunDeltaId;
use entity::pipeline::run::RunStatus;
use sea_orm::sea_query::{Alias, Expr, ExprTrait, OnConflict};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter, Statement, Value,
};

use super::{Additions, Key, Place};
use crate::analytics::rollup::compare::LIMIT;
use crate::analytics::rollup::store::oldest;
use crate::analytics::rollup::sums::{day, moment};
use crate::analytics::rollup::{DAY, HOUR, QUARTER, packs};
use crate::analytics::store::stretch;
use crate::db::Engine;
use crate::error::Result;
use crate::write::Write;

/// How many keys one statement names.
const KEYS: usize = 1_000;

/// Some of the open deltas.
pub(super) async fn open(
    tx: &Write,
    limit: u64,
) -> Result<(Vec<RunDeltaId>, Vec<(i64, Place, i64)>)> {
    use run_delta::{Column, Entity};
    let rows = oldest::<Entity>(tx, (Column::BucketStart, Column::Id), limit).await?;
    let pair = |row: run_delta::Model| {
        let place = Place {
            status: row.status,
            stage: row.current_stage,
        };
        (row.id, (row.bucket_start.timestamp(), place, row.count))
    };
    Ok(rows.into_iter().map(pair).unzip())
}

/// Add to the rollup. Who calls it holds the rollups.
pub(super) async fn apply(tx: &Write, additions: Additions) -> Result<()> {
    use run_rollup::{Column, Entity};
    let mut touched = BTreeSet::new();
    let moved: BTreeSet<NaiveDate> = additions
        .iter()
        .filter(|(key, count)| key.grain != RollupGrain::Month && **count != 0)
        .map(|(key, _)| day(key.start))
        .collect();
    packs::forget_days(tx, PackSubject::Runs, moved).await?;
    let rows = additions.into_iter().filter(|(_, count)| *count != 0);
    let rows: Vec<run_rollup::Model> = rows
        .map(|(key, count)| {
            if count < 0 {
                touched.insert(moment(key.start));
            }
            run_rollup::Model {
                id: tx.fresh(),
                grain: key.grain,
                bucket_start: moment(key.start),
                status: key.place.status,
                current_stage: key.place.stage,
                count,
                created_at: tx.now,
                updated_at: tx.now,
            }
        })
        .collect();
    let mut conflict = OnConflict::columns([
        Column::Grain,
        Column::BucketStart,
        Column::Status,
        Column::CurrentStage,
    ]);
    let more = Expr::col((Alias::new("excluded"), Column::Count));
    conflict
        .value(Column::Count, Expr::col((Entity, Column::Count)).add(more))
        .update_column(Column::UpdatedAt);
    tx.merge_all::<Entity>(rows, &conflict).await?;
    // What is taken away whole leaves no row.
    let touched: Vec<_> = touched.into_iter().collect();
    for some in touched.chunks(KEYS) {
        Entity::delete_many()
            .filter(Column::BucketStart.is_in(some.iter().copied()))
            .filter(Column::Grain.is_in(super::GRAINS))
            .filter(Column::Count.eq(0_i64))
            .exec(tx)
            .await?;
    }
    Ok(())
}

/// The first moment with anything in it, from `from` on (in seconds since 1970).
pub(super) async fn next(
    conn: &impl ConnectionTrait,
    engine: Engine,
    from: Option<i64>,
) -> Result<Option<i64>> {
    let rows = [("runs", "created_at"), ("run_deltas", "bucket_start")];
    first_of(conn, engine, from, &rows, "run_rollups").await
}

/// The first moment of tables of `rows`, and of a rollup of theirs, from `from` on.
pub(in crate::analytics::rollup) async fn first_of(
    conn: &impl ConnectionTrait,
    engine: Engine,
    from: Option<i64>,
    rows: &[(&str, &str)],
    rollup: &str,
) -> Result<Option<i64>> {
    let values: Vec<Value> = from.iter().map(|from| moment(*from).into()).collect();
    let part = |table: &str, column: &str, condition: &str| {
        let at = stretch(engine, &format!("min({column})"), QUARTER);
        let since = from.map_or(String::new(), |_| format!(" AND {column} >= $1"));
        format!("SELECT {at} AS moment FROM {table} WHERE {condition}{since}")
    };
    let rows = rows
        .iter()
        .map(|(table, column)| part(table, column, "1 = 1"));
    // By grain, since that is how its index begins.
    let grains = ["QUARTER", "HOUR", "DAY", "MONTH"].into_iter();
    let sums = grains.map(|grain| part(rollup, "bucket_start", &format!("grain = '{grain}'")));
    let parts: Vec<String> = rows.chain(sums).collect();
    let parts = parts.join(" UNION ALL ");
    let sql = format!("SELECT min(moment) AS moment FROM ({parts}) x");
    let statement = Statement::from_sql_and_values(conn.get_database_backend(), sql, values);
    Ok(match conn.query_one_raw(statement).await? {
        Some(row) => row.try_get("", "moment")?,
        None => None,
    })
}

#[derive(Debug, FromQueryResult)]
struct Row {
    grain: RollupGrain,
    moment: i64,
    status: RunStatus,
    stage: i32,
    count: i64,
}

/// What the sums of a month lack of the rows, in one snapshot; at most [`LIMIT`] of them.
pub(super) async fn compare(
    conn: &impl ConnectionTrait,
    engine: Engine,
    (from, to): (i64, i64),
) -> Result<Vec<(Key, i64)>> {
    let (rows, deltas, rollup) = (
        stretch(engine, "created_at", QUARTER),
        stretch(engine, "bucket_start", QUARTER),
        stretch(engine, "bucket_start", QUARTER),
    );
    // A whole stretch of seconds, also before 1970.
    let within = |seconds: i64| format!("moment - ((moment % {seconds}) + {seconds}) % {seconds}");
    let grains: Vec<String> = [
        ("QUARTER", "moment".to_owned()),
        ("HOUR", within(HOUR)),
        ("DAY", within(DAY)),
        ("MONTH", format!("CAST({from} AS bigint)")),
    ]
    .into_iter()
    .map(|(grain, at)| {
        format!(
            "SELECT '{grain}' AS grain, {at} AS moment, status, stage, count FROM each_quarter \
             UNION ALL "
        )
    })
    .collect();
    let sql = format!(
        "WITH each_quarter AS (\
             SELECT {rows} AS moment, CAST(status AS text) AS status, current_stage AS stage, \
                    count(*) AS count \
             FROM runs WHERE created_at >= $1 AND created_at < $2 GROUP BY 1, 2, 3 \
             UNION ALL \
             SELECT {deltas}, CAST(status AS text), current_stage, -count \
             FROM run_deltas WHERE bucket_start >= $1 AND bucket_start < $2\
         ) \
         SELECT grain, moment, status, stage, CAST(sum(count) AS bigint) AS count FROM (\
             {grains}SELECT CAST(grain AS text), {rollup}, CAST(status AS text), current_stage, -count \
             FROM run_rollups WHERE grain IN ('QUARTER', 'HOUR', 'DAY', 'MONTH') \
               AND bucket_start >= $1 AND bucket_start < $2\
         ) x GROUP BY grain, moment, status, stage HAVING sum(count) <> 0 LIMIT {LIMIT}",
        grains = grains.concat(),
    );
    let values: [Value; 2] = [moment(from).into(), moment(to).into()];
    let statement = Statement::from_sql_and_values(conn.get_database_backend(), sql, values);
    let rows = Row::find_by_statement(statement).all(conn).await?;
    let pair = |row: Row| {
        let place = Place {
            status: row.status,
            stage: row.stage,
        };
        let key = Key {
            grain: row.grain,
            start: row.moment,
            place,
        };
        (key, row.count)
    };
    Ok(rows.into_iter().map(pair).collect())
}
