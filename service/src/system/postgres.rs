//! What `PostgreSQL` tells of itself.

use std::collections::BTreeMap;

use sea_orm::{ConnectionTrait, DbBackend, FromQueryResult, Statement};

use super::drift::Live;
use super::statements::{LockWait, ServerSession, ServerStatement};
use super::storage::TableUse;
use crate::db::Reader;
use crate::db::text::without_values;
use crate::error::Result;

async fn all<R: FromQueryResult>(reader: &Reader, sql: impl Into<String>) -> Result<Vec<R>> {
    let statement = Statement::from_string(DbBackend::Postgres, sql);
    let rows = reader.query_all_raw(statement).await?;
    let read = rows.iter().map(|row| R::from_query_result(row, ""));
    Ok(read.collect::<std::result::Result<_, _>>()?)
}

#[derive(Debug, FromQueryResult)]
struct Text {
    text: String,
}

pub(super) async fn version(reader: &Reader) -> Result<String> {
    let sql = "SELECT current_setting('server_version') AS text";
    let rows: Vec<Text> = all(reader, sql).await?;
    Ok(rows.into_iter().map(|row| row.text).collect())
}

/// What the server counted of every client's statements in this database, where it does count.
pub(super) async fn statements(reader: &Reader) -> Result<Option<Vec<ServerStatement>>> {
    #[derive(Debug, FromQueryResult)]
    struct Row {
        query: String,
        calls: i64,
        rows: i64,
        total: f64,
        mean: f64,
        max: f64,
    }
    // Installed, and loaded at the server's start: the view of one that is not loaded fails.
    let home = "SELECT quote_ident(n.nspname) AS text FROM pg_extension e \
                JOIN pg_namespace n ON n.oid = e.extnamespace \
                WHERE e.extname = 'pg_stat_statements' \
                AND current_setting('pg_stat_statements.max', true) IS NOT NULL";
    let home: Vec<Text> = all(reader, home).await?;
    let Some(home) = home.into_iter().next() else {
        return Ok(None);
    };
    let sql = format!(
        "SELECT coalesce(s.query, '') AS query, s.calls, s.rows, s.total_exec_time AS total, \
         s.mean_exec_time AS mean, s.max_exec_time AS max FROM {}.pg_stat_statements s \
         WHERE s.dbid = (SELECT oid FROM pg_database WHERE datname = current_database()) \
         ORDER BY s.total_exec_time DESC LIMIT 50",
        home.text
    );
    let rows: Vec<Row> = all(reader, sql).await?;
    let told = rows.into_iter().map(|row| ServerStatement {
        sql: without_values(&row.query),
        calls: row.calls,
        rows: row.rows,
        total_ms: row.total,
        mean_ms: row.mean,
        max_ms: row.max,
    });
    Ok(Some(told.collect()))
}

pub(super) async fn sessions(reader: &Reader) -> Result<Vec<ServerSession>> {
    #[derive(Debug, FromQueryResult)]
    struct Row {
        pid: i32,
        state: String,
        client: String,
        query: String,
        elapsed: Option<i64>,
        transaction: Option<i64>,
        waits_for: Option<String>,
    }
    let sql = "SELECT pid, state, coalesce(application_name, '') AS client, \
         coalesce(query, '') AS query, \
         (extract(epoch FROM clock_timestamp() - query_start) * 1000)::int8 AS elapsed, \
         (extract(epoch FROM clock_timestamp() - xact_start) * 1000)::int8 AS transaction, \
         wait_event_type || ' ' || wait_event AS waits_for FROM pg_stat_activity \
         WHERE datname = current_database() AND backend_type = 'client backend' \
         AND pid <> pg_backend_pid() AND state <> 'idle' ORDER BY query_start LIMIT 200";
    let rows: Vec<Row> = all(reader, sql).await?;
    let told = rows.into_iter().map(|row| ServerSession {
        pid: row.pid,
        state: row.state,
        client: row.client,
        sql: without_values(&row.query),
        elapsed_ms: row.elapsed,
        transaction_ms: row.transaction,
        waits_for: row.waits_for,
    });
    Ok(told.collect())
}

pub(super) async fn waits(reader: &Reader) -> Result<Vec<LockWait>> {
    #[derive(Debug, FromQueryResult)]
    struct Row {
        waiting_pid: i32,
        waiting_query: String,
        waiting: Option<i64>,
        blocking_pid: i32,
        blocking_query: String,
        blocking_state: Option<String>,
        blocking: Option<i64>,
        lock: String,
        mode: String,
        relation: Option<String>,
    }
    let sql = "SELECT w.pid AS waiting_pid, coalesce(w.query, '') AS waiting_query, \
         (extract(epoch FROM clock_timestamp() - l.waitstart) * 1000)::int8 AS waiting, \
         by.pid AS blocking_pid, coalesce(b.query, '') AS blocking_query, \
         b.state AS blocking_state, \
         (extract(epoch FROM clock_timestamp() - b.xact_start) * 1000)::int8 AS blocking, \
         l.locktype AS lock, l.mode, l.relation::regclass::text AS relation \
         FROM pg_locks l JOIN pg_stat_activity w ON w.pid = l.pid \
         CROSS JOIN LATERAL unnest(pg_blocking_pids(l.pid)) AS by(pid) \
         LEFT JOIN pg_stat_activity b ON b.pid = by.pid \
         WHERE NOT l.granted AND w.datname = current_database() ORDER BY l.waitstart LIMIT 200";
    let rows: Vec<Row> = all(reader, sql).await?;
    let told = rows.into_iter().map(|row| LockWait {
        waiting_pid: row.waiting_pid,
        waiting_sql: without_values(&row.waiting_query),
        waiting_ms: row.waiting,
        blocking_pid: row.blocking_pid,
        blocking_sql: without_values(&row.blocking_query),
        blocking_state: row.blocking_state,
        blocking_ms: row.blocking,
        lock: row.lock,
        mode: row.mode,
        table: row.relation,
    });
    Ok(told.collect())
}

/// The tables of our schema, and what else is in it.
const OURS: &str =
    "c.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema())";
const TABLES: &str = "FROM pg_class c LEFT JOIN pg_stat_all_tables s ON s.relid = c.oid \
     WHERE c.relkind IN ('r', 'p')";

/// As the planner does it: the rows of the pages that there were, for the pages that there are.
/// Where it has not looked yet, the collector's count.
pub(super) async fn row_estimates(reader: &Reader) -> Result<BTreeMap<String, i64>> {
    #[derive(Debug, FromQueryResult)]
    struct Row {
        name: String,
        rows: i64,
    }
    let sql = format!(
        "SELECT c.relname::text AS name, CASE WHEN c.reltuples >= 0 AND c.relpages > 0 \
         THEN c.reltuples / c.relpages * pg_relation_size(c.oid) \
             / current_setting('block_size')::int \
         ELSE coalesce(s.n_live_tup, 0) END::int8 AS rows {TABLES} AND {OURS}"
    );
    let rows: Vec<Row> = all(reader, sql).await?;
    Ok(rows.into_iter().map(|row| (row.name, row.rows)).collect())
}

/// Bytes of all, and by table.
pub(super) async fn room(
    reader: &Reader,
) -> Result<(i64, Option<i64>, BTreeMap<String, TableUse>)> {
    #[derive(Debug, FromQueryResult)]
    struct Row {
        name: String,
        bytes: i64,
        indexes: i64,
        dead: Option<i64>,
        vacuumed: Option<chrono::DateTime<chrono::Utc>>,
        analyzed: Option<chrono::DateTime<chrono::Utc>>,
    }
    let sql = format!(
        "SELECT c.relname::text AS name, pg_table_size(c.oid) AS bytes, \
         pg_indexes_size(c.oid) AS indexes, s.n_dead_tup AS dead, \
         greatest(s.last_vacuum, s.last_autovacuum) AS vacuumed, \
         greatest(s.last_analyze, s.last_autoanalyze) AS analyzed \
         {TABLES} AND {OURS}"
    );
    let rows: Vec<Row> = all(reader, sql).await?;
    let whole = "SELECT pg_database_size(current_database())::text AS text";
    let whole: Vec<Text> = all(reader, whole).await?;
    let whole = whole.iter().find_map(|row| row.text.parse().ok());
    let tables = rows.into_iter().map(|row| {
        let room = TableUse {
            bytes: Some(row.bytes),
            index_bytes: Some(row.indexes),
            dead_rows: row.dead,
            last_vacuum: row.vacuumed,
            last_analyze: row.analyzed,
        };
        (row.name, room)
    });
    Ok((whole.unwrap_or(0), None, tables.collect()))
}

pub(super) async fn live(reader: &Reader) -> Result<Live> {
    #[derive(Debug, FromQueryResult)]
    struct Column {
        relation: String,
        name: String,
        nullable: bool,
    }
    #[derive(Debug, FromQueryResult)]
    struct Index {
        name: String,
        valid: bool,
    }
    let columns = format!(
        "SELECT c.relname::text AS relation, a.attname::text AS name, \
         NOT a.attnotnull AS nullable FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid \
         WHERE c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped AND {OURS}"
    );
    let indexes = format!(
        "SELECT c.relname::text AS name, i.indisvalid AS valid FROM pg_index i \
         JOIN pg_class c ON c.oid = i.indexrelid WHERE {OURS}"
    );
    let mut live = Live::default();
    for column in all::<Column>(reader, columns).await? {
        let table = live.columns.entry(column.relation).or_default();
        table.insert(column.name, column.nullable);
    }
    let indexes: Vec<Index> = all(reader, indexes).await?;
    live.indexes = indexes
        .into_iter()
        .map(|one| (one.name, one.valid))
        .collect();
    Ok(live)
}
