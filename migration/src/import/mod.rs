//! Data of other systems, into our tables: [`mongo`] reads dumps and exports of `MongoDB`, [`prisma`] a
//! database that Prisma keeps.
//!
//! A document is converted into rows, which are compared with what an earlier import made of it:
//! new ones are put in, changed ones updated where nobody touched them here. Ids are made from those
//! over there, so that a second import finds the first. A few hundred documents are one transaction;
//! an import that is cut off is simply started again. What does not fit is refused with its reason,
//! and the rest goes on.

mod batch;
mod changes;
mod draft;
mod inputs;
mod ledger;
mod link;
mod load;
mod look;
pub mod mongo;
pub mod prisma;
mod report;
mod row;
mod setting;
mod settle;
mod sqlite;
mod table;
mod time;
mod undo;
mod waiting;
mod write;

use std::path::PathBuf;
use std::time::Duration;

use entity::registry::resource;
use entity::types::Encrypted;
use sea_orm_migration::sea_orm::{DatabaseConnection, DatabaseTransaction};
use tokio_util::sync::CancellationToken;

pub use self::report::{Counts, Report, Stopped};
pub use self::undo::{Taken, undo};

use crate::engine::Engine;
use crate::error::Error;
use crate::lock::{self, Kind, Lock};
use crate::rows::check_seen;
use crate::runner::Progress;
use crate::timeouts::Timeouts;

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
    /// How others that write are waited for.
    pub turn: Turn,
    /// Says that it shall end: behind the portion that it is at.
    pub stop: CancellationToken,
    /// Who hears how far it is.
    pub told: &'a (dyn Fn(Stage<'_>) + Sync),
}

/// How far an import is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage<'s> {
    /// It reads everything through: so many documents of a collection are read.
    Survey(&'s str, u64),
    /// So many of so many documents are done, and it is at this collection.
    Import(&'s str, u64, u64),
}

/// How an import waits for another one, for a migration, or for whoever else writes the file.
#[derive(Clone, Copy, Debug)]
pub struct Turn {
    /// At most so long.
    pub patience: Duration,
    /// What keeps others out.
    pub lock: Kind,
    /// How long a statement may take.
    pub timeouts: Timeouts,
}

impl Default for Turn {
    fn default() -> Self {
        Self {
            patience: crate::PATIENCE,
            lock: Kind::Auto,
            timeouts: Timeouts::default(),
        }
    }
}

impl Turn {
    /// One import at a time, from its first row to its last.
    async fn take(self, db: &DatabaseConnection) -> Result<Held<'_>, Error> {
        let told = &crate::cli::waits;
        Ok(match Engine::of(db)? {
            Engine::Sqlite => Held::Sqlite(
                sqlite::Alone::take(db, self.patience, &|who| told(Progress::Waits(who))).await?,
            ),
            Engine::Postgres => Held::Postgres(
                Lock::take_as(db, self.patience, self.lock, "an import", told).await?,
            ),
        })
    }

    /// A transaction that may write.
    async fn begin(self, db: &DatabaseConnection) -> Result<DatabaseTransaction, Error> {
        let tx = lock::begin_write(&db.into(), self.patience).await?;
        self.timeouts.within(&tx).await?;
        Ok(tx)
    }
}

/// What keeps other imports out while it is held.
enum Held<'d> {
    Sqlite(sqlite::Alone),
    Postgres(Lock<'d>),
}

impl Held<'_> {
    /// Let the next one in.
    async fn release(self) -> Result<(), Error> {
        match self {
            Self::Sqlite(alone) => {
                drop(alone);
                Ok(())
            }
            Self::Postgres(lock) => lock.release().await,
        }
    }
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
    // What is hidden would look as if it were not there.
    check_seen(db, |name| resource(name).is_some()).await?;
    load::run(db, source, options).await
}
