//! The queries that move and prove the rollup of stage times.

use std::collections::{BTreeMap, BTreeSet};

use entity::analytics::run_rollup::RollupGrain;
use entity::analytics::{stage_delta, stage_rollup};
use entity::id::{StageDeltaId, StageRollupId};
use entity::{Scope, Scoped};
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter, Statement, Value,
};

use super::{Additions, Key, Same, Took};
use crate::analytics::histogram::Histogram;
use crate::analytics::rollup::QUARTER;
use crate::analytics::rollup::runs::first_of;
use crate::analytics::rollup::store::oldest;
use crate::analytics::rollup::sums::moment;
use crate::analytics::store::stretch;
use crate::db::Engine;
use crate::error::Result;
use crate::write::Write;

/// How many keys one statement names.
const KEYS: usize = 1_000;

/// Some of the open deltas.
pub(super) async fn open(tx: &Write, limit: u64) -> Result<(Vec<StageDeltaId>, Vec<Same>)> {
    use stage_delta::{Column, Entity};
    let rows = oldest::<Entity>(tx, (Column::BucketStart, Column::Id), limit).await?;
    let pair = |row: stage_delta::Model| {
        let same = Same {
            moment: row.bucket_start.timestamp(),
            stage: row.stage_number,
            duration: row.duration_ms,
            count: row.count,
        };
        (row.id, same)
    };
    Ok(rows.into_iter().map(pair).unzip())
}

/// What is none of ours counts as nothing: a rebuild finds that.
fn read(row: &stage_rollup::Model) -> (Key, Took) {
    let key = Key {
        grain: row.grain,
        start: row.bucket_start.timestamp(),
        stage: row.stage_number,
    };
    let took = Took {
        count: row.count,
        total: row.total_ms,
        histogram: Histogram::unpack(&row.histogram).unwrap_or_default(),
    };
    (key, took)
}

/// Add to the rollup. Who calls it holds the rollups: a histogram is read, added to, and written.
pub(super) async fn apply(tx: &Write, additions: Additions) -> Result<()> {
    use stage_rollup::{Column, Entity};
    let mut starts: BTreeMap<RollupGrain, BTreeSet<i64>> = BTreeMap::new();
    for key in additions.keys() {
        starts.entry(key.grain).or_default().insert(key.start);
    }
    let mut standing: BTreeMap<Key, (StageRollupId, Took)> = BTreeMap::new();
    for (grain, starts) in starts {
        let starts: Vec<i64> = starts.into_iter().collect();
        for some in starts.chunks(KEYS) {
            let rows = Entity::within(Scope::Everyone)
                .filter(Column::Grain.eq(grain))
                .filter(Column::BucketStart.is_in(some.iter().map(|start| moment(*start))));
            for row in rows.all(tx).await? {
                let (key, took) = read(&row);
                standing.insert(key, (row.id, took));
            }
        }
    }
    let (mut rows, mut gone) = (Vec::new(), Vec::new());
    for (key, more) in additions {
        if more.is_nothing() {
            continue;
        }
        let (id, mut took) = match standing.remove(&key) {
            Some((id, took)) => (Some(id), took),
            None => (None, Took::default()),
        };
        took.merge(&more, 1);
        // What is taken away whole leaves no row.
        if took.is_nothing() {
            gone.extend(id);
            continue;
        }
        rows.push(stage_rollup::Model {
            id: id.unwrap_or_else(|| tx.fresh()),
            grain: key.grain,
            bucket_start: moment(key.start),
            stage_number: key.stage,
            count: took.count,
            total_ms: took.total,
            histogram: took.histogram.pack(),
            created_at: tx.now,
            updated_at: tx.now,
        });
    }
    let mut conflict =
        OnConflict::columns([Column::Grain, Column::BucketStart, Column::StageNumber]);
    conflict.update_columns([
        Column::Count,
        Column::TotalMs,
        Column::Histogram,
        Column::UpdatedAt,
    ]);
    tx.merge_all::<Entity>(rows, &conflict).await?;
    for some in gone.chunks(KEYS) {
        let some = some.iter().copied();
        Entity::delete_many()
            .filter(Column::Id.is_in(some))
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
    let rows = [
        ("stage_outputs", "created_at"),
        ("stage_deltas", "bucket_start"),
    ];
    first_of(conn, engine, from, &rows, "stage_rollups").await
}

#[derive(Debug, FromQueryResult)]
struct Row {
    grain: Option<RollupGrain>,
    moment: i64,
    stage: i32,
    /// Of rows, how long; of sums, how long together.
    duration: i64,
    count: i64,
    histogram: Option<Vec<u8>>,
}

/// A day's rows without what is in open deltas, and its sums, in one snapshot.
pub(super) async fn day(
    conn: &impl ConnectionTrait,
    engine: Engine,
    (from, to): (i64, i64),
) -> Result<(Vec<Same>, Vec<(Key, Took)>)> {
    let (rows, buckets) = (
        stretch(engine, "created_at", QUARTER),
        stretch(engine, "bucket_start", QUARTER),
    );
    let sql = format!(
        "SELECT CAST(grain AS text) AS grain, {buckets} AS moment, stage_number AS stage, \
                total_ms AS duration, count, histogram \
         FROM stage_rollups WHERE grain IN ('QUARTER', 'HOUR', 'DAY') \
           AND bucket_start >= $1 AND bucket_start < $2 \
         UNION ALL \
         SELECT NULL, {rows}, stage_number, duration_ms, count(*), NULL \
         FROM stage_outputs \
         WHERE created_at >= $1 AND created_at < $2 AND duration_ms IS NOT NULL \
         GROUP BY 2, 3, 4 \
         UNION ALL \
         SELECT NULL, {buckets}, stage_number, duration_ms, -count, NULL \
         FROM stage_deltas WHERE bucket_start >= $1 AND bucket_start < $2"
    );
    let values: [Value; 2] = [moment(from).into(), moment(to).into()];
    let statement = Statement::from_sql_and_values(conn.get_database_backend(), sql, values);
    let (mut same, mut sums) = (Vec::new(), Vec::new());
    for row in Row::find_by_statement(statement).all(conn).await? {
        let Some(grain) = row.grain else {
            same.push(Same {
                moment: row.moment,
                stage: row.stage,
                duration: row.duration,
                count: row.count,
            });
            continue;
        };
        let key = Key {
            grain,
            start: row.moment,
            stage: row.stage,
        };
        let packed = row.histogram.unwrap_or_default();
        let histogram = Histogram::unpack(&packed).unwrap_or_default();
        let took = Took {
            count: row.count,
            total: row.duration,
            histogram,
        };
        sums.push((key, took));
    }
    Ok((same, sums))
}

/// A month's sums, and those of its days.
pub(super) async fn sums(
    conn: &impl ConnectionTrait,
    (from, to): (i64, i64),
) -> Result<Vec<(Key, Took)>> {
    use stage_rollup::{Column, Entity};
    let rows = Entity::within(Scope::Everyone)
        .filter(Column::Grain.is_in([RollupGrain::Day, RollupGrain::Month]))
        .filter(Column::BucketStart.gte(moment(from)))
        .filter(Column::BucketStart.lt(moment(to)));
    Ok(rows.all(conn).await?.iter().map(read).collect())
}
