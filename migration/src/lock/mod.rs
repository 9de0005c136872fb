//! One migration at a time, whatever the number of processes that try.
//!
//! The second of two waits until the first is done, then finds nothing left to do. A process that
//! dies leaves no lock behind: it lives and ends with a connection. Where one comes through a pooler and
//! another directly, either sees the other.

mod holder;
mod keys;
mod lease;
mod postgres;
mod sqlite;

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use sea_orm_migration::sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseExecutor, DatabaseTransaction, TransactionTrait,
};

pub use self::holder::Holder;
pub(crate) use self::keys::{Orphans, Rows};
pub(crate) use self::lease::{owe, settle};
pub(crate) use self::sqlite::{SOMEBODY, SOON, is_busy, is_read_only};
use crate::engine::Engine;
use crate::error::Error;
use crate::runner::{Progress, quietly};

/// How often a waiting process asks again.
pub(crate) const ASK_AGAIN: Duration = Duration::from_millis(100);

/// Hears for whom the lock is waited for, of each once.
type Waits<'t> = &'t (dyn Fn(&str) + Send + Sync);

/// The right to change the schema. Dropped without [`Lock::release`], it is given back, and on
/// `SQLite` everything done under it is undone.
pub(crate) struct Lock<'d> {
    db: &'d DatabaseConnection,
    held: Held,
    /// What is known to refer to nothing, and is not this run's doing.
    known: Mutex<Orphans>,
}

enum Held {
    /// A write transaction around everything.
    Sqlite(DatabaseTransaction),
    /// An advisory lock on a connection of its own.
    Postgres(postgres::Session),
    /// A row, where sessions are shared.
    Lease(lease::Lease),
}

/// What a lock of `PostgreSQL` is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Kind {
    /// A session's, or a row with an end where a pooler hands sessions out by the transaction.
    #[default]
    Auto,
    /// A session's.
    Session,
    /// A row with an end.
    Lease,
}

impl<'d> Lock<'d> {
    /// Take the lock, waiting for it at most as long as `wait`.
    pub(crate) async fn take(db: &'d DatabaseConnection, wait: Duration) -> Result<Self, Error> {
        Self::take_as(db, wait, Kind::Auto, "somebody", &quietly).await
    }

    /// Take the lock as `kind` says, for `actor`, and tell for whom it waits.
    pub(crate) async fn take_as(
        db: &'d DatabaseConnection,
        wait: Duration,
        kind: Kind,
        actor: &str,
        told: &(dyn Fn(Progress<'_>) + Send + Sync),
    ) -> Result<Self, Error> {
        let waits = |holder: &str| told(Progress::Waits(holder));
        let held = match (Engine::of(db)?, kind) {
            (Engine::Sqlite, _) => Held::Sqlite(sqlite::take(db, wait, &waits).await?),
            (Engine::Postgres, kind) => {
                let own = match kind {
                    Kind::Auto => postgres::own_session(db).await?,
                    Kind::Session => Some(postgres::any_session(db).await?),
                    Kind::Lease => None,
                };
                if let Some(session) = own {
                    Held::Postgres(postgres::take(session, wait, &waits).await?)
                } else {
                    let pool = db.get_postgres_connection_pool();
                    Held::Lease(lease::Lease::take(pool, actor, wait, &waits).await?)
                }
            }
        };
        Ok(Self {
            db,
            held,
            known: Mutex::default(),
        })
    }

    /// Whether a session of `PostgreSQL` stays this program's between two transactions.
    pub(crate) fn has_own_session(&self) -> bool {
        matches!(self.held, Held::Postgres(_))
    }

    /// What to change the schema through.
    pub(crate) fn db(&self) -> DatabaseExecutor<'_> {
        match &self.held {
            Held::Sqlite(transaction) => transaction.into(),
            Held::Postgres(_) | Held::Lease(_) => self.db.into(),
        }
    }

    /// Remember what refers to nothing by now, and tell it: from here on whatever comes besides is refused.
    pub(crate) async fn note_keys(&self) -> Result<Option<String>, Error> {
        let found = Orphans::of(&self.db()).await?;
        let told = found.told();
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = found;
        Ok(told)
    }

    /// Refuse where `tx` has rows refer to nothing that did not before.
    pub(crate) async fn check_keys(&self, tx: &DatabaseTransaction) -> Result<(), Error> {
        let found = Orphans::of(tx).await?;
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        found.refuse_more_than(&known)?;
        // What was mended meanwhile may not be broken again.
        *known = found;
        Ok(())
    }

    /// A transaction under the lock. Whoever has the lock next waits for its end, even where the lock was
    /// lost meanwhile.
    pub(crate) async fn begin(&self) -> Result<DatabaseTransaction, Error> {
        let tx = self.db().begin().await?;
        match &self.held {
            Held::Sqlite(_) => {}
            Held::Postgres(session) => postgres::mark(&tx, session.key).await?,
            Held::Lease(lease) => postgres::mark(&tx, lease.key).await?,
        }
        Ok(tx)
    }

    /// Keep what `tx` did for `step`, unless the lock was lost meanwhile.
    pub(crate) async fn commit(&self, tx: DatabaseTransaction, step: &str) -> Result<(), Error> {
        if let Err(error) = self.prove(&tx, step).await {
            tx.rollback().await.ok();
            return Err(error);
        }
        Ok(tx.commit().await?)
    }

    /// Refuse to go on with `step` where the lock is not ours any more.
    pub(crate) async fn prove(&self, at: &impl ConnectionTrait, step: &str) -> Result<(), Error> {
        let is_held = match &self.held {
            Held::Sqlite(_) => true,
            Held::Postgres(session) => session.is_held(at).await?,
            Held::Lease(lease) => lease.is_held(at).await?,
        };
        if is_held {
            return Ok(());
        }
        Err(Error::LockLost(step.to_owned()))
    }

    /// Return when the lock is known to be lost.
    pub(crate) async fn lost(&self) {
        match &self.held {
            Held::Lease(lease) => lease.lost.cancelled().await,
            Held::Sqlite(_) | Held::Postgres(_) => std::future::pending().await,
        }
    }

    /// Keep what was done and let the next one in.
    pub(crate) async fn release(self) -> Result<(), Error> {
        match self.held {
            Held::Sqlite(transaction) => transaction.commit().await?,
            Held::Postgres(session) => session.release().await,
            Held::Lease(lease) => lease.give_back().await?,
        }
        Ok(())
    }
}

/// A transaction that writes, beside whoever else does; a writer of `SQLite` waits for its turn as
/// long as `wait`.
pub(crate) async fn begin_write(
    db: &DatabaseExecutor<'_>,
    wait: Duration,
) -> Result<DatabaseTransaction, Error> {
    match Engine::of(db)? {
        // It takes its turn among those who write rows, of whom there is nothing to tell.
        Engine::Sqlite => sqlite::take(db, wait, &|_| ()).await,
        Engine::Postgres => Ok(db.begin().await?),
    }
}
