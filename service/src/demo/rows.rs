//! The demo's one open write, with a tally of what goes in.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{ActiveModelTrait, EntityName, EntityTrait, IntoActiveModel};

use crate::chance::Chance;
use crate::error::Result;
use crate::write::Write;
use entity::types::Encrypted;

/// Where the chapters put their rows.
pub(super) struct Rows<'a> {
    tx: &'a Write,
    tally: BTreeMap<&'static str, usize>,
    /// The moment to which the demo's history leads.
    pub(super) now: DateTime<Utc>,
}

impl<'a> Rows<'a> {
    pub(super) fn new(tx: &'a Write) -> Self {
        Self {
            tx,
            tally: BTreeMap::new(),
            now: tx.now,
        }
    }

    /// Put rows in.
    pub(super) async fn put<E>(&mut self, _: E, rows: Vec<E::Model>) -> Result<()>
    where
        E: EntityTrait + EntityName,
        E::Model: IntoActiveModel<E::ActiveModel>,
        E::ActiveModel: ActiveModelTrait<Entity = E> + Send,
    {
        let count = self.tx.insert_all::<E>(rows).await?;
        let table = entity::registry::resources()
            .iter()
            .find(|resource| resource.table == E::default().table_name());
        if let Some(resource) = table {
            *self.tally.entry(resource.table).or_default() += count;
        }
        Ok(())
    }

    /// So many days before the demo's now.
    pub(super) fn days_ago(&self, days: i64) -> DateTime<Utc> {
        self.now - TimeDelta::days(days)
    }

    /// Seal a secret for its place. The nonce is the system's chance, never the dice's: under a key
    /// that is kept, the same nonce must not meet two texts.
    pub(super) fn seal(&self, place: &str, plain: &[u8]) -> Encrypted {
        self.tx.services().keyring.seal(self.chance(), place, plain)
    }

    /// The system's chance, for what must not be guessed.
    pub(super) fn chance(&self) -> &dyn Chance {
        &*self.tx.services().chance
    }

    /// How long a session lives.
    pub(super) fn session_lifetime(&self) -> std::time::Duration {
        self.tx.services().settings.session_lifetime
    }

    /// How many rows each table got.
    pub(super) fn tally(self) -> BTreeMap<&'static str, usize> {
        self.tally
    }
}
