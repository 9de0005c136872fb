//! Percentiles in `SQLite`.

use crate::analytics::edges::{PERCENTILES, ranked};

/// How long the stages took between each two edges.
pub(super) fn durations(edges: &str, join: &str, own: &str) -> String {
    let places = ranked("at, stage");
    format!(
        "WITH {edges}, taken AS (\
             SELECT e.at AS at, o.stage_number AS stage, o.duration_ms AS value \
             FROM edges e \
             JOIN stage_outputs o ON o.created_at >= e.since AND o.created_at < e.until{join} \
             WHERE o.duration_ms IS NOT NULL{own}\
         ), ranked AS (SELECT at, stage, value, {places} FROM taken) \
         SELECT at, stage, {PERCENTILES} FROM ranked GROUP BY at, stage"
    )
}
