//! What the database says of settings, as the process remembers it.
//!
//! Asking is reading memory: the rows are read at the start, after every write here, when a replica
//! says that it wrote, and when the revision turns out to be another. While the database is away the
//! values that were read last go on to hold.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use entity::configuration::setting::Model;
use entity::types::Encrypted;
use serde_json::Value;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{MissedTickBehavior, interval};
use tracing::{debug, warn};

use super::name::EVERYWHERE;
use super::store;
use crate::ctx::Services;
use crate::error::Result;
use crate::secret::{Broken, Keyring};
use crate::signal::Signal;

/// How often the revision is looked at: a signal may be lost.
const LOOK: Duration = Duration::from_secs(30);

/// The values that hold in one environment.
#[derive(Default)]
pub(super) struct Stored {
    pub(super) here: BTreeMap<String, Value>,
    pub(super) everywhere: BTreeMap<String, Value>,
    revision: i64,
}

/// Without the values: some are secrets.
impl fmt::Debug for Stored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stored")
            .field("revision", &self.revision)
            .finish_non_exhaustive()
    }
}

impl Stored {
    /// What `rows` say in `environment`. A secret that does not open is as if it were not there.
    pub(super) fn of(rows: &[Model], environment: &str, keyring: &Keyring) -> Self {
        let mut stored = Self::default();
        for row in rows.iter().filter(|row| row.is_active) {
            let layer = match row.environment.as_str() {
                EVERYWHERE => &mut stored.everywhere,
                there if there == environment => &mut stored.here,
                _ => continue,
            };
            match value(row, keyring) {
                Ok(value) => drop(layer.insert(row.key.clone(), value)),
                Err(error) => warn!(key = row.key, %error, "a setting's value does not open"),
            }
        }
        stored
    }
}

/// Where a secret value is sealed for.
pub(crate) fn place(
    table: &str,
    id: impl fmt::Display,
    named: (&str, &str),
    version: i64,
) -> String {
    let (environment, key) = named;
    format!("{table}/{id}/{environment}/{key}/{version}")
}

/// Where the secret value of `row` is sealed for.
pub(super) fn place_of(row: &Model) -> String {
    let named = (row.environment.as_str(), row.key.as_str());
    place("configuration_settings", row.id, named, row.version)
}

/// The value of `row`.
pub(super) fn value(row: &Model, keyring: &Keyring) -> std::result::Result<Value, Broken> {
    match &row.ciphertext {
        Some(sealed) => open(sealed, &place_of(row), keyring),
        None => Ok(row.value.clone().unwrap_or_default()),
    }
}

fn open(sealed: &Encrypted, place: &str, keyring: &Keyring) -> std::result::Result<Value, Broken> {
    let plain = keyring.open(place, sealed)?;
    serde_json::from_slice(&plain).map_err(|_| Broken::Malformed)
}

/// Read what the database says now.
pub async fn load(services: &Services) -> Result<()> {
    // One at a time, or an older answer could take the place of a younger one.
    let _turn = services.configuration.loading.lock().await;
    let conn = services.db.read()?;
    let environment = services.settings.environment.name();
    // First: what is written meanwhile is found to be newer at the next look.
    let revision = store::revision(&conn).await?;
    let rows = store::holding(&conn, environment).await?;
    services.configuration.remember(Stored {
        revision,
        ..Stored::of(&rows, environment, &services.keyring)
    });
    Ok(())
}

/// Keep up with what the database says, until the process stops.
pub fn attend(services: &Arc<Services>) {
    services.tasks.spawn(keep_up(Arc::clone(services)));
}

async fn keep_up(services: Arc<Services>) {
    let mut signals = services.signals.listen();
    let mut look = interval(LOOK);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let written = tokio::select! {
            () = services.stop.cancelled() => return,
            _ = look.tick() => false,
            heard = signals.recv() => match heard {
                Ok(Signal::SettingChanged(_) | Signal::Missed) | Err(RecvError::Lagged(_)) => true,
                Ok(_) => continue,
                Err(RecvError::Closed) => return,
            },
        };
        let read = if written {
            load(&services).await
        } else {
            load_if_changed(&services).await
        };
        if let Err(error) = read {
            debug!(%error, "the settings stay as they were read last");
        }
    }
}

async fn load_if_changed(services: &Services) -> Result<()> {
    let there = store::revision(&services.db.read()?).await?;
    if there == services.configuration.stored().revision {
        return Ok(());
    }
    load(services).await
}
