//! The queries of how the rollups stand.

use std::collections::BTreeMap;

use sea_orm::{ConnectionTrait, FromQueryResult, Statement, Value};

use super::Building;
use crate::analytics::job::Rebuild;
use crate::error::Result;
use crate::job::Task;

/// How many deltas are open, by table.
pub(super) async fn open(conn: &impl ConnectionTrait) -> Result<BTreeMap<&'static str, i64>> {
    let mut open = BTreeMap::new();
    for table in ["token_deltas", "run_deltas", "stage_deltas"] {
        let sql = format!("SELECT count(*) AS count FROM {table}");
        let statement = Statement::from_string(conn.get_database_backend(), sql);
        if let Some(row) = conn.query_one_raw(statement).await? {
            open.insert(table, row.try_get("", "count")?);
        }
    }
    Ok(open)
}

/// The last job that builds the rollups.
pub(super) async fn building(conn: &impl ConnectionTrait) -> Result<Option<Building>> {
    let sql = "SELECT CAST(state AS text) AS state, progress, last_error FROM jobs \
               WHERE kind = $1 ORDER BY created_at DESC, id DESC LIMIT 1";
    let values: [Value; 1] = [Rebuild::KIND.into()];
    let statement = Statement::from_sql_and_values(conn.get_database_backend(), sql, values);
    Ok(Building::find_by_statement(statement).one(conn).await?)
}
