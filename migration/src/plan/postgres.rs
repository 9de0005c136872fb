//! How big tables are, as `PostgreSQL` last counted; where it never did, small ones are counted.

use std::collections::BTreeMap;

use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend, DbErr, Statement};

use super::{COUNTED, Size};
use crate::schema::{BOOKKEEPING, quoted};

// A table that was never looked at has -1 rows, and what was read into it since the server was started
// again, or brought back, may not be counted either.
const SIZES: &str = "SELECT c.relname::text,
        greatest(c.reltuples::bigint, s.n_live_tup, 0),
        pg_total_relation_size(c.oid),
        greatest(c.reltuples::bigint, s.n_live_tup, 0) = 0
            AND (c.relkind = 'p' OR pg_relation_size(c.oid) > 0)
            AND has_table_privilege(c.oid, 'SELECT')
    FROM pg_class c LEFT JOIN pg_stat_user_tables s ON s.relid = c.oid
    WHERE c.relnamespace = quote_ident(current_schema())::regnamespace AND c.relkind IN ('r', 'p', 'm')";

pub(super) async fn sizes(db: &impl ConnectionTrait) -> Result<BTreeMap<String, Size>, DbErr> {
    let ask = |sql: &str| Statement::from_string(DbBackend::Postgres, sql);
    let mut sizes = BTreeMap::new();
    for row in db.query_all_raw(ask(SIZES)).await? {
        let table: String = row.try_get_by_index(0)?;
        let (mut rows, is_unknown): (i64, bool) =
            (row.try_get_by_index(1)?, row.try_get_by_index(3)?);
        if is_unknown {
            let most = COUNTED + 1;
            let name = quoted(&table);
            let count = format!("SELECT count(*) FROM (SELECT 1 FROM {name} LIMIT {most}) AS seen");
            let row = db.query_one_raw(ask(&count)).await?;
            rows = row.map_or(Ok(0), |row| row.try_get_by_index(0))?;
        }
        let bytes = row.try_get_by_index(2)?;
        sizes.insert(table, Size { rows, bytes });
    }
    Ok(sizes)
}

/// Whether any table, of whatever schema, has something in it. What was deleted may count until it is
/// vacuumed away.
pub(super) async fn is_anything_there(db: &impl ConnectionTrait) -> Result<bool, DbErr> {
    let ours: Vec<String> = BOOKKEEPING.iter().map(|name| format!("'{name}'")).collect();
    let sql = format!(
        "SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE c.relkind IN ('r', 'm') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
           AND c.relname NOT IN ({}) AND pg_relation_size(c.oid) > 0 LIMIT 1",
        ours.join(", ")
    );
    let row = db
        .query_one_raw(Statement::from_string(DbBackend::Postgres, sql))
        .await?;
    Ok(row.is_some())
}
