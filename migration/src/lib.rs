//! How the schema came to be: the steps, the schema as data, and the CLI.
//!
//! [`up`] applies what is pending, once, however many processes ask for it at the same time.
//! [`pending`] and [`status`] read only. The steps are frozen SQL and know no entity; what the
//! entities want is [`schema::ddl`], and a test holds the two together.
//!
//! Not here: rows. A step makes structure, never demo data.

pub mod cli;
pub mod engine;
mod error;
mod fresh;
mod history;
mod lock;
pub mod schema;
mod step;

use std::time::Duration;

use sea_orm_migration::sea_orm::{ConnectionTrait, DatabaseConnection, Statement};
use sea_orm_migration::{MigrationTrait, MigratorTrait};

use crate::engine::Engine;
pub use crate::error::Error;
pub use crate::history::{Status, status};
use crate::lock::Lock;
use crate::step::{STEPS, Step};

/// How long [`up`] waits for another migration to end.
const PATIENCE: Duration = Duration::from_mins(1);

/// The history, oldest first.
#[derive(Clone, Copy, Debug)]
pub struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        STEPS
            .iter()
            .map(|step| Box::new(*step) as Box<dyn MigrationTrait>)
            .collect()
    }
}

/// The names of the history's steps, oldest first.
pub fn steps() -> Vec<String> {
    STEPS.iter().map(|step| step.name.to_owned()).collect()
}

/// The steps that the database behind `db` still needs, oldest first. Makes nothing.
pub async fn pending(db: &DatabaseConnection) -> Result<Vec<String>, Error> {
    Ok(status(db).await?.pending)
}

/// Apply everything that is pending, and tell what that was. Of several processes that ask at once,
/// one does it and the others wait for it.
pub async fn up(db: &DatabaseConnection) -> Result<Vec<String>, Error> {
    up_to(db, PATIENCE, None).await
}

/// Apply at most `steps` of what is pending.
async fn up_to(
    db: &DatabaseConnection,
    patience: Duration,
    steps: Option<u32>,
) -> Result<Vec<String>, Error> {
    if checked(status(db).await?)?.pending.is_empty() {
        return Ok(Vec::new());
    }
    let lock = Lock::take(db, patience).await?;
    let before = checked(status(lock.db()).await?)?;
    Migrator::up(lock.db(), steps).await?;
    let after = status(lock.db()).await?;
    lock.release().await?;
    Ok(before
        .pending
        .into_iter()
        .filter(|name| !after.pending.contains(name))
        .collect())
}

/// Undo the last `steps` that are applied, and tell what that was, newest first. Without `accept`
/// it refuses when rows would be lost.
async fn down(
    db: &DatabaseConnection,
    patience: Duration,
    steps: u32,
    accept: bool,
) -> Result<Vec<String>, Error> {
    let lock = Lock::take(db, patience).await?;
    let before = checked(status(lock.db()).await?)?;
    let going: Vec<&Step> = STEPS
        .iter()
        .rev()
        .filter(|step| before.applied.iter().any(|name| name == step.name))
        .take(usize::try_from(steps).unwrap_or(usize::MAX))
        .collect();
    if !accept {
        let loss = loss(&lock.db(), &going).await?;
        if !loss.is_empty() {
            return Err(Error::Loss(loss));
        }
    }
    Migrator::down(lock.db(), Some(steps)).await?;
    lock.release().await?;
    Ok(going.into_iter().map(|step| step.name.to_owned()).collect())
}

/// Drop everything and apply every step.
async fn fresh(db: &DatabaseConnection, patience: Duration) -> Result<Vec<String>, Error> {
    let lock = Lock::take(db, patience).await?;
    fresh::drop_everything(&lock.db()).await?;
    Migrator::up(lock.db(), None).await?;
    lock.release().await?;
    Ok(STEPS.iter().map(|step| step.name.to_owned()).collect())
}

/// The tables that undoing `steps` would take away with rows in them, and how many.
async fn loss(db: &impl ConnectionTrait, steps: &[&Step]) -> Result<Vec<String>, Error> {
    let engine = Engine::of(db)?;
    let mut found = Vec::new();
    for table in steps.iter().flat_map(|step| step.drops(engine)) {
        // Both are made with their rows: a version, and a copy of what messages say.
        if table == "alembic_version" || table.starts_with("messages_fts") {
            continue;
        }
        let count = format!("SELECT count(*) FROM {table}");
        let row = db
            .query_one_raw(Statement::from_string(engine.backend(), count))
            .await?;
        let rows: i64 = row.map_or(Ok(0), |row| row.try_get_by_index(0))?;
        if rows > 0 {
            found.push(format!("{table}: {rows}"));
        }
    }
    Ok(found)
}

/// Only a history that is wholly known can be moved.
fn checked(status: Status) -> Result<Status, Error> {
    if status.unknown.is_empty() {
        Ok(status)
    } else {
        Err(Error::Unknown(status.unknown))
    }
}

/// A connection to migrate with: one session works and one holds the lock.
#[expect(
    clippy::disallowed_methods,
    reason = "a migration has a connection of its own"
)]
pub async fn connect(url: &str) -> Result<DatabaseConnection, Error> {
    let mut options = sea_orm_migration::sea_orm::ConnectOptions::new(url);
    options.max_connections(2).sqlx_logging(false);
    Ok(sea_orm_migration::sea_orm::Database::connect(options).await?)
}
