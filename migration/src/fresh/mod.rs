//! Dropping everything, for development.

mod postgres;
mod sqlite;

use sea_orm_migration::sea_orm::{DatabaseExecutor, DbErr};

use crate::engine::Engine;

/// Drop every table, view, trigger, type and function of the schema that `db` works in.
pub(crate) async fn drop_everything(db: &DatabaseExecutor<'_>) -> Result<(), DbErr> {
    match Engine::of(db)? {
        Engine::Sqlite => sqlite::drop_everything(db).await,
        Engine::Postgres => postgres::drop_everything(db).await,
    }
}
