//! How long a statement waits for a lock, and how long it may take.
//!
//! A change of a table waits behind whoever reads it, and everybody else waits behind the change. So
//! it waits for a few seconds only, gives up, and comes again after a while.

mod postgres;

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::hash::{BuildHasher as _, RandomState};
use std::time::Duration;

use sea_orm_migration::sea_orm::{ConnectionTrait, DatabaseConnection, DbErr};

pub(crate) use postgres::{RESET, named};

use crate::engine::Engine;
use crate::runner::Progress;

/// How often what waited too long for a lock is tried again.
pub(crate) const TRIES: u32 = 20;

/// How long things may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// For a lock.
    pub lock: Duration,
    /// For a statement; none: as the server says.
    pub statement: Option<Duration>,
    /// For the turn to write a file of `SQLite`.
    pub turn: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            lock: Duration::from_secs(5),
            statement: None,
            turn: Duration::from_secs(5),
        }
    }
}

impl Timeouts {
    /// Has a session of `PostgreSQL` keep them until [`RESET`]: one that is nobody else's.
    pub(crate) fn of_session(self) -> String {
        postgres::settings(self, "SET")
    }

    /// Have the transaction `tx` keep them, whoever's session it is in. A statement of `SQLite` has no
    /// end of its own.
    pub(crate) async fn within(self, tx: &impl ConnectionTrait) -> Result<(), DbErr> {
        match Engine::of(tx)? {
            Engine::Sqlite => Ok(()),
            Engine::Postgres => postgres::within(self, tx).await,
        }
    }
}

/// How long a lock is waited for before anybody is told.
const SOON: Duration = Duration::from_secs(1);

/// Tell who holds the locks that sessions of this program wait for, each once. It never ends: whoever has
/// something to do does it beside.
pub(crate) async fn watch(
    db: &DatabaseConnection,
    told: &(dyn Fn(Progress<'_>) + Send + Sync),
) -> Infallible {
    let mut known = BTreeSet::new();
    loop {
        tokio::time::sleep(SOON).await;
        let holders = match Engine::of(db) {
            Ok(Engine::Postgres) => postgres::holders(db).await,
            // Whose turn it is no file says.
            _ => std::future::pending().await,
        };
        // Who may not see the others, or is cut off, hears so from what it does.
        for holder in holders.unwrap_or_default() {
            if known.insert(holder.clone()) {
                told(Progress::Blocked(&holder));
            }
        }
    }
}

/// Whether a lock was waited for too long.
pub(crate) fn is_too_long(error: &DbErr) -> bool {
    postgres::is_too_long(error)
}

/// How long to leave the others alone before try number `next`: longer each time, and not as long as
/// somebody else who tries.
pub(crate) fn pause(next: u32) -> Duration {
    let most = 250 << next.min(5);
    let random = RandomState::new().hash_one(next);
    Duration::from_millis(most / 2 + random % (most / 2 + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_differ() {
        for next in 0..8 {
            let most = Duration::from_millis(250 << next.min(5));
            let pauses: Vec<Duration> = (0..50).map(|_| pause(next)).collect();
            assert!(pauses.iter().all(|one| *one <= most && *one >= most / 2));
            assert!(pauses.iter().any(|one| *one != pauses[0]));
        }
    }
}
