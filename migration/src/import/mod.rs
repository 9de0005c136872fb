//! Data of other systems, into our tables: [`mongo`] reads dumps and exports of `MongoDB`, [`prisma`] a
//! database that Prisma keeps.
//!
//! A document is converted into rows, which are compared with what an earlier import made of it:
//! new ones are put in, changed ones updated where nobody touched them here. Ids are made from those
//! over there, so that a second import finds the first. A few hundred documents are one transaction;
//! an import that is cut off is simply started again. What does not fit is refused with its reason,
//! and the rest goes on.

mod batch;
mod draft;
mod ledger;
mod load;
mod look;
pub mod mongo;
pub mod prisma;
mod report;
mod row;
mod settle;
mod table;
mod time;
mod undo;

use std::path::PathBuf;
use std::time::Duration;

use entity::types::Encrypted;
use sea_orm_migration::sea_orm::{
    DatabaseConnection, DatabaseTransaction, SqliteTransactionMode, TransactionOptions,
    TransactionTrait,
};

pub use self::report::{Counts, Report};
pub use self::undo::{Taken, undo};

use crate::engine::Engine;
use crate::error::Error;
use crate::lock::Lock;

/// What seals and opens secrets. The program has it; this crate's own binary does not, and refuses
/// sensitive settings.
pub trait Vault: Sync {
    /// Seal `plain` for the place that `place` names, and tell the key's name.
    fn seal(&self, place: &str, plain: &[u8]) -> (Encrypted, String);
    /// Open what was sealed there. Nothing where it does not open.
    fn open(&self, place: &str, sealed: &Encrypted) -> Option<Vec<u8>>;
}

/// What an import does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Import.
    Apply,
    /// Import and take it back at once, to tell what it would do.
    DryRun,
    /// Write nothing; compare what is here with what is read.
    Verify,
}

/// How an import goes.
pub struct Options<'a> {
    /// What to do.
    pub mode: Mode,
    /// The name under which ids of the source are known here.
    pub source: String,
    /// Where refused documents are listed.
    pub rejects: PathBuf,
    /// Where documents are listed that came in and deserve a look.
    pub notes: PathBuf,
    /// How many documents are one transaction.
    pub portion: usize,
    /// What seals secrets.
    pub vault: Option<&'a dyn Vault>,
    /// Who hears how far it is: the collection, how many documents are done, and of how many.
    pub told: &'a (dyn Fn(&str, u64, u64) + Sync),
}

/// How long an import waits for another one, or for a migration.
const PATIENCE: Duration = Duration::from_mins(1);

/// One import at a time. On `SQLite` each transaction of one is the only writer, and two that take
/// turns are one.
async fn turn(db: &DatabaseConnection) -> Result<Option<Lock<'_>>, Error> {
    match Engine::of(db)? {
        Engine::Sqlite => Ok(None),
        Engine::Postgres => Ok(Some(Lock::take(db, PATIENCE).await?)),
    }
}

/// A transaction that may write.
async fn begin(db: &DatabaseConnection) -> Result<DatabaseTransaction, Error> {
    let options = TransactionOptions {
        sqlite_transaction_mode: match Engine::of(db)? {
            Engine::Sqlite => Some(SqliteTransactionMode::Immediate),
            Engine::Postgres => None,
        },
        ..TransactionOptions::default()
    };
    Ok(db.begin_with_options(options).await?)
}

/// Import from `source` into the database behind `db`.
async fn run<S: load::Source>(
    db: &DatabaseConnection,
    source: &mut S,
    options: &Options<'_>,
) -> Result<Report, Error> {
    let status = crate::status(db).await?;
    if !status.pending.is_empty() {
        return Err(Error::Import(format!(
            "{} steps are pending; run `migrate up` first",
            status.pending.len()
        )));
    }
    load::run(db, source, options).await
}
