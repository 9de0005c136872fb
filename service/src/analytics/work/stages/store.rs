//! The queries of how long stages took.

use entity::Scope;
use sea_orm::FromQueryResult;

use super::{postgres, sqlite};
use crate::analytics::edges::{Draft, Percentiles};
use crate::analytics::parts::Parts;
use crate::analytics::series::{Buckets, Range};
use crate::analytics::store::each;
use crate::analytics::work::store::within;
use crate::db::{Engine, Reader};
use crate::error::Result;

/// How long a stage took; in all, where no bucket is named.
pub(super) struct DurationRow {
    pub at: Option<i32>,
    pub stage: i32,
    pub took: Percentiles,
}

#[derive(Debug, FromQueryResult)]
struct Measured {
    at: i32,
    stage: i32,
    #[sea_orm(nested)]
    took: Percentiles,
}

/// By the rows.
pub(super) async fn rows(
    reader: &Reader,
    scope: Scope,
    range: Range,
    buckets: &Buckets,
) -> Result<Vec<DurationRow>> {
    let mut rows = Vec::new();
    for mut draft in [Draft::whole(range), Draft::of(range, buckets)] {
        let whole = rows.is_empty();
        let join = match scope {
            Scope::Everyone => "",
            Scope::Owner(_) => " JOIN runs r ON r.id = o.run_id",
        };
        let own = within(&mut draft, scope, "r");
        let sql = match reader.engine() {
            Engine::Postgres => postgres::durations(&draft.edges, join, &own),
            Engine::Sqlite => sqlite::durations(&draft.edges, join, &own),
        };
        let found: Vec<Measured> = draft.rows(reader, sql).await?;
        if whole && found.is_empty() {
            break;
        }
        rows.extend(found.into_iter().map(|row| DurationRow {
            at: (!whole).then_some(row.at),
            stage: row.stage,
            took: row.took,
        }));
    }
    Ok(rows)
}

/// Outputs of one stage in one bucket: a sum with its histogram, or some that took as long.
#[derive(Debug, FromQueryResult)]
pub(super) struct Part {
    pub at: i32,
    pub sign: i32,
    pub stage: i32,
    /// How long: together, where there is a histogram, and otherwise each.
    pub took: i64,
    pub count: i64,
    pub histogram: Option<Vec<u8>>,
}

/// Everybody's, from the rollup, the open deltas, and the rows at the edges, in one snapshot.
pub(super) async fn sums(reader: &Reader, range: Range, buckets: &Buckets) -> Result<Vec<Part>> {
    let mut parts = Parts::of(range, buckets);
    let engine = reader.engine();
    let (bucket, created) = (
        "r.bucket_start >= e.since AND r.bucket_start < e.until",
        "r.created_at >= e.since AND r.created_at < e.until AND r.duration_ms IS NOT NULL",
    );
    // The first one says what types the columns have.
    let mut branches = vec![
        "SELECT CAST(0 AS integer) AS at, CAST(1 AS integer) AS sign, stage_number AS stage, \
                total_ms AS took, count, histogram FROM stage_rollups WHERE 1 = 0"
            .to_owned(),
    ];
    for (grain, edges) in parts.sums() {
        let of = format!("r.grain = '{grain}' AND {bucket}");
        let own = "stage_number, total_ms, count, histogram";
        let rows = each(engine, &edges, own, "stage_rollups", &of);
        branches.push(format!(
            "SELECT e.at, e.sign, r.stage_number, r.total_ms, r.count, r.histogram {rows}"
        ));
    }
    if let Some(rows) = parts.deltas("stage_deltas", "stage_number, duration_ms") {
        branches.push(format!(
            "SELECT e.at, 1, r.stage_number, r.duration_ms, r.count, NULL {rows}"
        ));
    }
    if let Some(edges) = parts.rows() {
        let rows = each(
            engine,
            &edges,
            "stage_number, duration_ms",
            "stage_outputs",
            created,
        );
        branches.push(format!(
            "SELECT e.at, 1, r.stage_number, r.duration_ms, count(*), NULL {rows} \
             GROUP BY e.at, r.stage_number, r.duration_ms"
        ));
    }
    let select = "SELECT at, sign, stage, took, count, histogram FROM ";
    parts.all(reader, select, &branches, "").await
}
