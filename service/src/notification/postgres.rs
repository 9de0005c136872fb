//! Whose turn it is to tell a person something, on `PostgreSQL`. `SQLite` has one writer at a time.

use entity::id::UserId;
use sea_orm::{ConnectionTrait, Statement};

use crate::error::Result;
use crate::write::Write;

/// Of all advisory locks, those of notifications.
const SPACE: i32 = 0x6e6f_7469;

/// Wait until nobody else tells `user` something, and keep them waiting until the write is over.
pub(super) async fn turn(tx: &Write, user: UserId) -> Result<()> {
    // People who share these 32 bits wait for each other in vain, and nothing else happens.
    let [.., a, b, c, d] = *user.0.as_bytes();
    let who = i32::from_be_bytes([a, b, c, d]);
    let sql = "SELECT pg_advisory_xact_lock($1, $2)";
    let values = [SPACE.into(), who.into()];
    let statement = Statement::from_sql_and_values(tx.get_database_backend(), sql, values);
    tx.query_one_raw(statement).await?;
    Ok(())
}
