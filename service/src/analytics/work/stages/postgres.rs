//! Percentiles in `PostgreSQL`.

/// How long the stages took between each two edges. Every stretch is read and put in order by itself:
/// all of them in one order would not fit into the memory that a statement has.
pub(super) fn durations(edges: &str, join: &str, own: &str) -> String {
    let place = |percent: u8| format!("a[CAST((c * {percent} + 99) / 100 AS int)]");
    format!(
        "WITH {edges} SELECT e.at, m.stage, m.c AS count, m.mean, CAST({p50} AS bigint) AS p50, \
             CAST({p95} AS bigint) AS p95, CAST({p99} AS bigint) AS p99 \
         FROM edges e CROSS JOIN LATERAL (\
             SELECT o.stage_number AS stage, count(*) AS c, \
                    avg(CAST(o.duration_ms AS double precision)) AS mean, \
                    array_agg(o.duration_ms ORDER BY o.duration_ms) AS a \
             FROM stage_outputs o{join} \
             WHERE o.created_at >= e.since AND o.created_at < e.until \
               AND o.duration_ms IS NOT NULL{own} \
             GROUP BY o.stage_number\
         ) m",
        p50 = place(50),
        p95 = place(95),
        p99 = place(99),
    )
}
