//! The lock that a keyed request holds for as long as its transaction is open.

use sea_orm::{ConnectionTrait, Statement};

use crate::error::{Error, Result};
use crate::write::Write;

/// Whether `place` was free: nobody waits for it, so a repetition that reaches another replica is
/// told at once and holds no connection.
pub(super) async fn lock(tx: &Write, place: i64) -> Result<bool> {
    let sql = "SELECT pg_try_advisory_xact_lock($1) AS free";
    let statement = Statement::from_sql_and_values(tx.get_database_backend(), sql, [place.into()]);
    let row = tx.query_one_raw(statement).await?;
    let row = row.ok_or_else(|| Error::internal("the lock said nothing"))?;
    Ok(row.try_get("", "free")?)
}
