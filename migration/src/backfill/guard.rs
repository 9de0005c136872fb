//! Rows that a backfill makes refer to nothing: each batch answers for its own before it is kept.

use sea_orm_migration::sea_orm::{ConnectionTrait, DatabaseTransaction};

use super::Backfill;
use crate::engine::Engine;
use crate::error::Error;
use crate::lock::{Orphans, Rows};

/// What referred to nothing before a run, and is not its doing.
pub(super) struct Guard {
    known: Orphans,
    engine: Engine,
    /// Whether an earlier run wrote there: who made what refers to nothing, nobody can tell.
    is_again: bool,
}

impl Guard {
    pub(super) async fn of(
        db: &impl ConnectionTrait,
        backfill: &Backfill,
        is_again: bool,
    ) -> Result<Self, Error> {
        let mut guard = Self {
            known: Orphans::default(),
            engine: Engine::of(db)?,
            is_again,
        };
        guard.known = guard.not_its_own(backfill, Orphans::of(db).await?);
        Ok(guard)
    }

    fn not_its_own(&self, backfill: &Backfill, mut found: Orphans) -> Orphans {
        if self.is_again {
            found.forget(&backfill.table, |column| backfill.sets(self.engine, column));
        }
        found
    }

    /// What refers to nothing before a batch writes `rows`.
    pub(super) async fn before(
        &self,
        tx: &DatabaseTransaction,
        backfill: &Backfill,
        rows: &Rows<'_>,
    ) -> Result<Orphans, Error> {
        if self.is_whole(backfill) {
            return Ok(self.known.clone());
        }
        Ok(self.not_its_own(backfill, Orphans::among(tx, rows).await?))
    }

    /// Refuse a batch that has more of `rows` refer to nothing than `before`, or others to them.
    pub(super) async fn check(
        &self,
        tx: &DatabaseTransaction,
        backfill: &Backfill,
        rows: &Rows<'_>,
        before: &Orphans,
    ) -> Result<(), Error> {
        let found = if self.is_whole(backfill) {
            Orphans::of_table(tx, &backfill.table).await?
        } else {
            Orphans::among(tx, rows).await?
        };
        found.refuse_more_than(before)?;
        let is_written = |column: &str| backfill.sets(self.engine, column);
        let others = Orphans::towards(tx, &backfill.table, is_written).await?;
        others.refuse_more_than(&self.known)
    }

    /// Whether its rows cannot be told by their key: it writes that, or one of the table's keys cannot be asked.
    fn is_whole(&self, backfill: &Backfill) -> bool {
        backfill.sets(self.engine, &backfill.key) || self.known.is_hidden(&backfill.table)
    }

    /// Refuse to end a run behind which more refers to nothing, whatever wrote it.
    pub(super) async fn check_all(&self, tx: &DatabaseTransaction) -> Result<(), Error> {
        Orphans::of(tx).await?.refuse_more_than(&self.known)
    }
}
