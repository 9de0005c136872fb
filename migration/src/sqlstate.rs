//! What an error of `PostgreSQL` is: a code, in whatever language the server says it.

use sea_orm_migration::sea_orm::DbErr;
use sea_orm_migration::sea_orm::sqlx::{self, postgres::PgDatabaseError};

use crate::error::driver;

/// The code of what the server answered, if it did.
pub(crate) fn of(error: &DbErr) -> Option<&str> {
    driver(error).and_then(of_driver)
}

/// The same, where the driver is spoken to by itself.
pub(crate) fn of_driver(error: &sqlx::Error) -> Option<&str> {
    // What SQLite answers has numbers, too.
    let error = error.as_database_error()?;
    error
        .try_downcast_ref::<PgDatabaseError>()
        .map(PgDatabaseError::code)
}
