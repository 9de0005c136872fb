//! A database of its own to try steps in, which is gone afterwards.

use sea_orm_migration::sea_orm::DatabaseConnection;

use super::{postgres, sqlite};
use crate::engine::Engine;
use crate::error::Error;
use crate::transient::{Directory, Scratch};

/// A scratch database. [`Place::close`] takes it away and says where that fails; whoever is ended before
/// leaves nothing either.
pub(super) struct Place {
    /// The way to it.
    pub(super) db: DatabaseConnection,
    left: Left,
}

/// What there is to take away.
enum Left {
    Nothing,
    Sqlite(Directory),
    Postgres(Box<Scratch>),
}

impl Place {
    /// An empty one, at the server of `db`.
    pub(super) async fn new(db: &DatabaseConnection) -> Result<Self, Error> {
        Ok(match Engine::of(db)? {
            Engine::Sqlite => Self {
                db: sqlite::memory().await?,
                left: Left::Nothing,
            },
            Engine::Postgres => {
                let (db, scratch) = postgres::make(db).await?;
                Self {
                    db,
                    left: Left::Postgres(Box::new(scratch)),
                }
            }
        })
    }

    /// A copy of the `SQLite` database behind `db`, in a file of its own.
    pub(super) async fn copy(db: &DatabaseConnection) -> Result<Self, Error> {
        let (db, directory) = sqlite::copy(db).await?;
        Ok(Self {
            db,
            left: Left::Sqlite(directory),
        })
    }

    /// Take it away.
    pub(super) async fn close(self) -> Result<(), Error> {
        self.db.close().await?;
        match self.left {
            Left::Nothing => {}
            Left::Sqlite(directory) => drop(directory),
            Left::Postgres(scratch) => scratch.take_away().await.map_err(Error::query)?,
        }
        Ok(())
    }
}
