//! What must be said of a new column where there are rows.

use sea_orm_migration::sea_orm::{ConnectionTrait, DatabaseConnection, Statement};

use super::{Said, filled};
use crate::engine::Engine;
use crate::error::Error;
use crate::schema::{LiveSchema, Renames, quoted};

/// What must be said before the database behind `db` goes from the schema `from` to `to`: what its rows
/// have in a new column that takes no null. An empty table wants nothing.
pub(crate) async fn unfilled(
    db: &DatabaseConnection,
    (renames, from, to): (&Renames, &LiveSchema, &LiveSchema),
    said: &Said,
) -> Result<Option<Error>, Error> {
    let mut left = renames.applied(from);
    loop {
        let asked = match filled(&left, to, said) {
            Ok(()) => return Ok(None),
            Err(asked) => asked,
        };
        let Error::Unfilled { table, .. } = &asked else {
            return Err(asked);
        };
        let mut others = renames.tables.iter();
        let other = others.find(|(_, new)| *new == table);
        let called = quoted(other.map_or(table, |(old, _)| old));
        let any = format!("SELECT 1 FROM {called} LIMIT 1");
        let any = Statement::from_string(Engine::of(db)?.backend(), any);
        if db.query_one_raw(any).await?.is_some() {
            return Ok(Some(asked));
        }
        left.tables.remove(table);
    }
}
