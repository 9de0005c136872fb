//! One migration at a time, whatever the number of processes that try.
//!
//! The second of two waits until the first is done, then finds nothing left to do. A process that
//! dies leaves no lock behind: it lives and ends with a connection.

mod postgres;
mod sqlite;

use std::time::Duration;

use sea_orm_migration::sea_orm::sqlx::postgres::PgConnection;
use sea_orm_migration::sea_orm::{DatabaseConnection, DatabaseExecutor, DatabaseTransaction};

use crate::engine::Engine;
use crate::error::Error;

/// How often a waiting process asks again.
const ASK_AGAIN: Duration = Duration::from_millis(100);

/// The right to change the schema. Dropped without [`Lock::release`], it is given back, and on
/// `SQLite` everything done under it is undone.
pub(crate) struct Lock<'d> {
    db: &'d DatabaseConnection,
    held: Held,
}

enum Held {
    /// A write transaction around everything.
    Sqlite(DatabaseTransaction),
    /// An advisory lock on a connection of its own.
    Postgres(PgConnection),
}

impl<'d> Lock<'d> {
    /// Take the lock, waiting for it at most as long as `wait`.
    pub(crate) async fn take(db: &'d DatabaseConnection, wait: Duration) -> Result<Self, Error> {
        let held = match Engine::of(db)? {
            Engine::Sqlite => Held::Sqlite(sqlite::take(db, wait).await?),
            Engine::Postgres => Held::Postgres(postgres::take(db, wait).await?),
        };
        Ok(Self { db, held })
    }

    /// What to change the schema through.
    pub(crate) fn db(&self) -> DatabaseExecutor<'_> {
        match &self.held {
            Held::Sqlite(transaction) => transaction.into(),
            Held::Postgres(_) => self.db.into(),
        }
    }

    /// Keep what was done and let the next one in.
    pub(crate) async fn release(self) -> Result<(), Error> {
        match self.held {
            Held::Sqlite(transaction) => transaction.commit().await?,
            Held::Postgres(connection) => postgres::release(connection).await?,
        }
        Ok(())
    }
}
