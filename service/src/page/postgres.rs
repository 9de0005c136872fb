//! How long a list is, as the planner sees it.

use sea_orm::{ConnectionTrait, Statement};
use serde_json::Value;

use crate::error::{Error, Result};

/// How many rows the planner expects of `rows`, which are not read.
pub(super) async fn estimate(conn: &impl ConnectionTrait, mut rows: Statement) -> Result<u64> {
    rows.sql = format!("EXPLAIN (FORMAT JSON) {}", rows.sql);
    let row = conn.query_one_raw(rows).await?;
    let row = row.ok_or_else(|| Error::internal("a plan is one row"))?;
    let plan: Value = row.try_get_by_index(0)?;
    let rows = plan.pointer("/0/Plan/Plan Rows").and_then(Value::as_u64);
    rows.ok_or_else(|| Error::internal("a plan says how many rows it expects"))
}
