//! A database of its own to try steps in, which is gone afterwards.

use sea_orm_migration::sea_orm::DatabaseConnection;

use super::{postgres, sqlite};
use crate::engine::Engine;
use crate::error::Error;

/// A scratch database. Its owner calls [`Place::close`], whatever came of it.
pub(super) struct Place {
    /// The way to it.
    pub(super) db: DatabaseConnection,
    left: Left,
}

/// What there is to take away.
enum Left {
    Sqlite(Option<std::path::PathBuf>),
    Postgres(DatabaseConnection, String),
}

impl Place {
    /// An empty one, at the server of `db`.
    pub(super) async fn new(db: &DatabaseConnection) -> Result<Self, Error> {
        Ok(match Engine::of(db)? {
            Engine::Sqlite => Self {
                db: sqlite::memory().await?,
                left: Left::Sqlite(None),
            },
            Engine::Postgres => {
                let (scratch, drop) = postgres::make(db).await?;
                Self {
                    db: scratch,
                    left: Left::Postgres(db.clone(), drop),
                }
            }
        })
    }

    /// A copy of the `SQLite` database behind `db`, in a file of its own.
    pub(super) async fn copy(db: &DatabaseConnection) -> Result<Self, Error> {
        let (scratch, file) = sqlite::copy(db).await?;
        Ok(Self {
            db: scratch,
            left: Left::Sqlite(Some(file)),
        })
    }

    /// Take it away.
    pub(super) async fn close(self) -> Result<(), Error> {
        self.db.close().await?;
        match self.left {
            Left::Sqlite(None) => {}
            Left::Sqlite(Some(file)) => {
                let path = file.display().to_string();
                std::fs::remove_file(file).map_err(|source| Error::File { path, source })?;
            }
            Left::Postgres(db, drop) => postgres::take_away(&db, &drop).await?,
        }
        Ok(())
    }
}
