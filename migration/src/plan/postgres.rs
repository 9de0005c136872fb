//! How big tables are, as `PostgreSQL` last counted.

use std::collections::BTreeMap;

use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend, DbErr, Statement};

use super::Size;

// A table that was never looked at has -1 rows.
const SIZES: &str = "SELECT c.relname::text,
        CASE WHEN c.reltuples < 0 THEN coalesce(s.n_live_tup, 0) ELSE c.reltuples::bigint END,
        pg_total_relation_size(c.oid)
    FROM pg_class c LEFT JOIN pg_stat_user_tables s ON s.relid = c.oid
    WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p', 'm')";

pub(super) async fn sizes(db: &impl ConnectionTrait) -> Result<BTreeMap<String, Size>, DbErr> {
    let rows = db
        .query_all_raw(Statement::from_string(DbBackend::Postgres, SIZES))
        .await?;
    let pair = |row: &sea_orm_migration::sea_orm::QueryResult| {
        let size = Size {
            rows: row.try_get_by_index(1)?,
            bytes: row.try_get_by_index(2)?,
        };
        Ok((row.try_get_by_index(0)?, size))
    };
    rows.iter().map(pair).collect()
}
