//! The queries of what was worked on.

use entity::Scope;
use entity::agent::execution::ExecutionStatus;
use entity::media::video::VideoStatus;
use sea_orm::FromQueryResult;

use super::AgentCount;
use crate::analytics::edges::{Draft, PERCENTILES, Percentiles, ranked};
use crate::analytics::series::{Buckets, Range};
use crate::analytics::store::stretch;
use crate::db::Reader;
use crate::error::Result;

/// The states of executions that came to an end by themselves.
const ENDED: &str = "('completed', 'failed')";

/// The condition that the rows of `table` are in `scope`.
pub(super) fn within(draft: &mut Draft, scope: Scope, table: &str) -> String {
    match scope {
        Scope::Everyone => String::new(),
        Scope::Owner(user) => {
            let user = draft.mark(user);
            format!(" AND {table}.user_id = {user}")
        }
    }
}

#[derive(Debug, FromQueryResult)]
pub(super) struct ExecutionRow {
    pub at: i32,
    pub status: ExecutionStatus,
    pub count: i64,
}

pub(super) async fn executions(
    reader: &Reader,
    scope: Scope,
    range: Range,
    buckets: &Buckets,
) -> Result<Vec<ExecutionRow>> {
    let mut draft = Draft::of(range, buckets);
    let own = within(&mut draft, scope, "x");
    let sql = format!(
        "WITH {} SELECT e.at, CAST(x.status AS text) AS status, count(*) AS count \
         FROM edges e \
         JOIN agent_executions x ON x.created_at >= e.since AND x.created_at < e.until{own} \
         GROUP BY e.at, x.status",
        draft.edges
    );
    draft.rows(reader, sql).await
}

/// How long executions took that came to an end.
pub(super) async fn executions_took(
    reader: &Reader,
    scope: Scope,
    range: Range,
) -> Result<Percentiles> {
    let mut draft = Draft::whole(range);
    let own = within(&mut draft, scope, "x");
    let places = ranked("");
    let sql = format!(
        "WITH taken AS (\
             SELECT x.duration_ms AS value FROM agent_executions x \
             WHERE x.created_at >= $1 AND x.created_at < $2 AND x.status IN {ENDED} \
               AND x.duration_ms IS NOT NULL{own}\
         ), ranked AS (SELECT value, {places} FROM taken) \
         SELECT {PERCENTILES} FROM ranked",
    );
    draft.row(reader, sql).await
}

/// The agents that were used most.
pub(super) async fn agents(
    reader: &Reader,
    scope: Scope,
    range: Range,
    top: usize,
) -> Result<Vec<AgentCount>> {
    let mut draft = Draft::whole(range);
    let own = within(&mut draft, scope, "x");
    let sql = format!(
        "WITH most AS (\
             SELECT x.agent_id, count(*) AS executions, \
                    sum(CASE WHEN x.status = 'failed' THEN 1 ELSE 0 END) AS failed \
             FROM agent_executions x \
             WHERE x.created_at >= $1 AND x.created_at < $2 AND x.agent_id IS NOT NULL{own} \
             GROUP BY x.agent_id ORDER BY 2 DESC, 1 LIMIT {top}\
         ) \
         SELECT m.agent_id, a.name, a.template_id, m.executions, \
                CAST(m.failed AS bigint) AS failed \
         FROM most m JOIN user_agents a ON a.id = m.agent_id \
         ORDER BY m.executions DESC, m.agent_id"
    );
    draft.rows(reader, sql).await
}

#[derive(Debug, FromQueryResult)]
pub(super) struct VideoRow {
    pub at: i32,
    pub status: VideoStatus,
    pub count: i64,
}

/// The videos that were asked for.
pub(super) async fn videos(
    reader: &Reader,
    scope: Scope,
    range: Range,
    buckets: &Buckets,
) -> Result<Vec<VideoRow>> {
    let mut draft = Draft::of(range, buckets);
    let own = within(&mut draft, scope, "v");
    let sql = format!(
        "WITH {} SELECT e.at, CAST(v.status AS text) AS status, count(*) AS count \
         FROM edges e \
         JOIN videos v ON v.created_at >= e.since AND v.created_at < e.until \
           AND v.status IN ('PENDING', 'PROCESSING', 'COMPLETED', 'FAILED'){own} \
         GROUP BY e.at, v.status",
        draft.edges
    );
    draft.rows(reader, sql).await
}

#[derive(Debug, FromQueryResult)]
struct Made {
    at: i32,
    count: i64,
}

/// The videos that were completed.
pub(super) async fn videos_made(
    reader: &Reader,
    scope: Scope,
    range: Range,
    buckets: &Buckets,
) -> Result<Vec<(i32, i64)>> {
    let mut draft = Draft::of(range, buckets);
    let own = within(&mut draft, scope, "v");
    let sql = format!(
        "WITH {} SELECT e.at, count(*) AS count FROM edges e \
         JOIN videos v ON v.completed_at >= e.since AND v.completed_at < e.until \
           AND v.status = 'COMPLETED'{own} \
         GROUP BY e.at",
        draft.edges
    );
    let rows: Vec<Made> = draft.rows(reader, sql).await?;
    Ok(rows.into_iter().map(|row| (row.at, row.count)).collect())
}

/// How long the videos took that were completed.
pub(super) async fn videos_took(
    reader: &Reader,
    scope: Scope,
    range: Range,
) -> Result<Percentiles> {
    let mut draft = Draft::whole(range);
    let own = within(&mut draft, scope, "v");
    let engine = reader.engine();
    let (begun, ended) = (
        stretch(engine, "v.created_at", 1),
        stretch(engine, "v.completed_at", 1),
    );
    let places = ranked("");
    let sql = format!(
        "WITH taken AS (\
             SELECT {ended} - {begun} AS value FROM videos v \
             WHERE v.completed_at >= $1 AND v.completed_at < $2 AND v.status = 'COMPLETED'{own}\
         ), ranked AS (SELECT value, {places} FROM taken) \
         SELECT {PERCENTILES} FROM ranked",
    );
    draft.row(reader, sql).await
}
