//! The queries of how far runs came.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use entity::Scope;
use entity::pipeline::run::RunStatus;
use sea_orm::FromQueryResult;

use crate::analytics::edges::Draft;
use crate::analytics::packed::{self, TRIES};
use crate::analytics::parts::Parts;
use crate::analytics::rollup::Place;
use crate::analytics::series::{Buckets, Range};
use crate::analytics::store::each;
use crate::analytics::work::store::within;
use crate::db::Reader;
use crate::error::{Error, Result};

#[derive(Debug, FromQueryResult)]
pub(super) struct RunRow {
    pub at: i32,
    pub status: RunStatus,
    pub current_stage: i32,
    pub count: i64,
}

/// Counted in the rows.
pub(super) async fn rows(
    reader: &Reader,
    scope: Scope,
    range: Range,
    buckets: &Buckets,
) -> Result<Vec<RunRow>> {
    let mut draft = Draft::of(range, buckets);
    let own = within(&mut draft, scope, "r");
    let sql = format!(
        "WITH {} SELECT e.at, CAST(r.status AS text) AS status, r.current_stage, count(*) AS count \
         FROM edges e \
         JOIN runs r ON r.created_at >= e.since AND r.created_at < e.until{own} \
         GROUP BY e.at, r.status, r.current_stage",
        draft.edges
    );
    draft.rows(reader, sql).await
}

/// What the packs are of.
const SUBJECT: &str = "RUNS";

/// Everybody's, from the packs of days that are over, the rollup of the rest, the open deltas, and the rows
/// at the edges, in one snapshot.
pub(super) async fn sums(reader: &Reader, range: Range, buckets: &Buckets) -> Result<Vec<RunRow>> {
    for _ in 0..TRIES {
        let parts = Parts::of(range, buckets);
        let packed = match parts.span() {
            Some(span) => packed::days(reader, SUBJECT, span).await?,
            None => BTreeSet::new(),
        };
        if let Some(rows) = read(reader, parts, &packed).await? {
            return Ok(rows);
        }
    }
    let rows = read(reader, Parts::of(range, buckets), &BTreeSet::new()).await?;
    rows.ok_or_else(|| Error::internal("no pack is read, and one is missing".to_owned()))
}

#[derive(Debug, FromQueryResult)]
struct Part {
    day: Option<NaiveDate>,
    packed: Option<Vec<u8>>,
    at: i32,
    status: Option<RunStatus>,
    current_stage: i32,
    count: i64,
}

/// `None`, where packs came or went meanwhile.
async fn read(
    reader: &Reader,
    mut parts: Parts,
    packed: &BTreeSet<NaiveDate>,
) -> Result<Option<Vec<RunRow>>> {
    let engine = reader.engine();
    let (bucket, created) = (
        "r.bucket_start >= e.since AND r.bucket_start < e.until",
        "r.created_at >= e.since AND r.created_at < e.until",
    );
    let columns = "e.at, CAST(r.status AS text) AS status, r.current_stage";
    let mut plan = parts.plan(packed);
    let loose = std::mem::take(&mut plan.loose);
    let mut branches = Vec::new();
    for (grain, edges) in parts.loose(loose) {
        let of = format!("r.grain = '{grain}' AND {bucket}");
        let own = "status, current_stage, count";
        let rows = each(engine, &edges, own, "run_rollups", &of);
        branches.push(format!(
            "SELECT {columns}, e.sign * r.count AS count {rows}"
        ));
    }
    if let Some(rows) = parts.deltas("run_deltas", "status, current_stage") {
        branches.push(format!("SELECT {columns}, r.count {rows}"));
    }
    if let Some(edges) = parts.rows() {
        let rows = each(engine, &edges, "status, current_stage", "runs", created);
        branches.push(format!(
            "SELECT {columns}, CAST(1 AS bigint) AS count {rows}"
        ));
    }
    // The first one says what types the columns have.
    let select = "SELECT p.day, p.totals AS packed, CAST(0 AS integer) AS at, \
                         CAST(r.status AS text) AS status, r.current_stage, r.count \
                  FROM day_packs p JOIN run_rollups r ON 1 = 0 WHERE 1 = 0 \
                  UNION ALL \
                  SELECT NULL, NULL, at, status, current_stage, CAST(sum(count) AS bigint) FROM ";
    let mut then = " GROUP BY at, status, current_stage HAVING sum(count) <> 0".to_owned();
    for packs in parts.packs(&plan, SUBJECT, packed, ", 0, NULL, 0, 0") {
        then.extend([" UNION ALL ", &packs]);
    }
    let found: Vec<Part> = parts.all(reader, select, &branches, &then).await?;
    if !plan.is_met(found.iter().filter_map(|part| part.day.as_ref())) {
        return Ok(None);
    }
    let mut rows = Vec::new();
    for part in found {
        match (part.day, part.packed, part.status) {
            (Some(day), Some(packed), _) => {
                plan.read(day, &packed, |place: &Place, stretch, count| {
                    rows.push(RunRow {
                        at: i32::try_from(stretch.at).unwrap_or(i32::MAX),
                        status: place.status,
                        current_stage: place.stage,
                        count: if stretch.minus { -count } else { count },
                    });
                })?;
            }
            (_, _, Some(status)) => rows.push(RunRow {
                at: part.at,
                status,
                current_stage: part.current_stage,
                count: part.count,
            }),
            _ => {}
        }
    }
    Ok(Some(rows))
}
