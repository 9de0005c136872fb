//! Dropping everything, for development.

mod postgres;
mod sqlite;

use sea_orm_migration::sea_orm::{DatabaseExecutor, DbErr};

use crate::engine::Engine;
use crate::error::Error;
use crate::timeouts::is_too_long;

/// Drop every table, view, trigger, type and function of the schema that `db` works in.
pub(crate) async fn drop_everything(db: &DatabaseExecutor<'_>) -> Result<(), DbErr> {
    match Engine::of(db)? {
        Engine::Sqlite => sqlite::drop_everything(db).await,
        Engine::Postgres => postgres::drop_everything(db).await,
    }
}

/// Why nothing was dropped, where somebody uses what would be.
pub(crate) fn undropped(error: Error) -> Error {
    match error {
        Error::Database(error) if is_too_long(&error) => Error::InUse,
        error => error,
    }
}
