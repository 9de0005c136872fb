//! Which database it is. The one place of this crate that asks `SeaORM`.

use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend, DbErr};
use serde::{Deserialize, Serialize};

/// A database that Chancery runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Engine {
    /// `SQLite`, embedded.
    Sqlite,
    /// `PostgreSQL`.
    Postgres,
}

impl Engine {
    /// The engine at the other end of `db`.
    pub fn of(db: &impl ConnectionTrait) -> Result<Self, DbErr> {
        match db.get_database_backend() {
            DbBackend::Sqlite => Ok(Self::Sqlite),
            DbBackend::Postgres => Ok(Self::Postgres),
            other => Err(DbErr::BackendNotSupported {
                db: other.as_str(),
                ctx: "chancery",
            }),
        }
    }

    /// As people call it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
        }
    }

    /// The one that it is not.
    pub(crate) fn other(self) -> Self {
        match self {
            Self::Sqlite => Self::Postgres,
            Self::Postgres => Self::Sqlite,
        }
    }

    /// The files of a step that are for it: up and down.
    pub(crate) fn files(self) -> (&'static str, &'static str) {
        match self {
            Self::Sqlite => ("up.sqlite.sql", "down.sqlite.sql"),
            Self::Postgres => ("up.postgres.sql", "down.postgres.sql"),
        }
    }

    /// As `SeaORM` calls it.
    pub(crate) fn backend(self) -> DbBackend {
        match self {
            Self::Sqlite => DbBackend::Sqlite,
            Self::Postgres => DbBackend::Postgres,
        }
    }
}
