//! What a migration can answer instead of a result.

use std::time::Duration;

use sea_orm_migration::sea_orm::DbErr;

/// What went wrong, or was refused.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database refused or was not there.
    #[error(transparent)]
    Database(#[from] DbErr),
    /// Somebody else is migrating, and went on for longer than we would wait.
    #[error("another migration is under way; gave up after {} s", waited.as_secs())]
    Locked {
        /// How long we waited.
        waited: Duration,
    },
    /// No step, or more than one, is meant by a name.
    #[error("no one step is called {0:?}; name it in full")]
    NoSuchStep(String),
    /// The history holds steps that this program does not know: it is older than the database.
    #[error("the history names steps that are not here: {}", .0.join(", "))]
    Unknown(Vec<String>),
    /// Going down would lose rows, and nobody said that this is wanted.
    #[error("this would lose rows ({}); say --accept-loss to do it all the same", .0.join(", "))]
    Loss(Vec<String>),
    /// Not in production.
    #[error("`fresh` drops everything and is refused in production")]
    Production,
}
