//! Run-time settings: limits, schedules, times, allow lists. And the definitions of feature flags.
//!
//! Every setting that the program knows is declared once, in Rust ([`Setting`]), in the domain that
//! asks for it, and stands in [`DECLARED`]. `ctx.configuration().get(&SETTING)` answers from memory:
//! what the environment says, else the database for this environment, else the database for all,
//! else the file, else the default.
//!
//! Every write of a setting or a flag raises the revision that both share, leaves an entry in the
//! history that says who and why, and is told to the house's endpoints, all in one transaction.

mod change;
mod error;
pub mod flag;
mod given;
mod name;
mod policy;
mod setting;
mod store;
mod stored;
mod value;
mod view;

use std::sync::{Arc, PoisonError, RwLock};

use serde_json::Value;
use tokio::sync::Mutex;

pub use self::change::{NewValue, delete, set};
pub use self::error::Error;
pub use self::given::{Given, Wrong};
pub use self::name::{EVERYWHERE, Name};
pub use self::setting::{Bounds, Described, Setting};
use self::stored::Stored;
pub(crate) use self::stored::place;
pub use self::stored::{attend, load};
pub use self::value::SettingValue;
pub use self::view::{Entry, Shown, history, setting, settings};

use crate::analytics::setting as analytics;
use crate::job::setting as job;
use crate::upload::setting as upload;
use crate::{agent, identity, integration, nft, notification, outbound, video, webhook};

/// Every setting that the program knows.
pub const DECLARED: &[&dyn Described] = &[
    &agent::MAX_AGENTS_PER_USER,
    &agent::DEFAULT_MODEL,
    &agent::DEFAULT_TEMPERATURE,
    &agent::DEFAULT_MAX_STEPS,
    &agent::EXECUTION_LEASE,
    &analytics::EXACT,
    &identity::WALLET_CHAINS,
    &identity::WALLET_SOLANA_CHAINS,
    &integration::PROVIDERS,
    &integration::RENEW_BEFORE,
    &job::LEASE,
    &job::HEARTBEAT,
    &job::POLL,
    &job::CONCURRENCY,
    &job::RETRY_BASE,
    &job::RETRY_CAP,
    &job::PATIENCE,
    &job::RETENTION,
    &upload::QUOTA,
    &upload::FILES,
    &upload::AVATAR_BYTES,
    &upload::AVATAR_PIXELS,
    &upload::AVATAR_SIDE,
    &upload::DOCUMENT_BYTES,
    &upload::TUS_BYTES,
    &upload::DOCUMENT_TYPES,
    &upload::TUS_LIFETIME,
    &upload::STALL,
    &upload::GRACE,
    &nft::CHAINS,
    &nft::RECHECK_AFTER,
    &nft::RECHECKS_AT_ONCE,
    &notification::RETENTION,
    &outbound::ALLOWED_NETWORKS,
    &outbound::ALLOW_HTTP,
    &outbound::CONNECT_TIMEOUT,
    &outbound::TIMEOUT,
    &video::GENERATOR,
    &video::GENERATOR_KEY,
    &video::SOURCE,
    &video::TIMEOUT,
    &video::PUBLIC_AGE,
    &webhook::SCHEDULE,
    &webhook::LONGEST_RETRY_AFTER,
    &webhook::DISABLE_AFTER,
    &webhook::ROTATION,
    &webhook::MOST_ENDPOINTS,
    &webhook::CONCURRENCY,
    &webhook::ENDPOINT_CONCURRENCY,
    &webhook::TOLERANCE,
];

/// Where a value comes from; the first goes before the second, and so on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The process's environment.
    Environment,
    /// The database's row for the environment that the process runs in.
    Database,
    /// The database's row for all environments.
    DatabaseForAll,
    /// `chancery.toml`.
    File,
    /// The program itself.
    Default,
}

/// What one source says.
#[derive(Clone, Debug)]
pub struct Layer {
    /// The source.
    pub source: Source,
    /// What it says.
    pub value: Value,
}

/// The settings as they stand.
#[derive(Debug, Default)]
pub struct Configuration {
    given: Given,
    stored: RwLock<Arc<Stored>>,
    loading: Mutex<()>,
}

impl Configuration {
    /// The settings with what was `given` at the start.
    ///
    /// # Errors
    /// What is unknown, of another type, or out of bounds.
    pub fn new(mut given: Given) -> Result<Self, Wrong> {
        given.settle(DECLARED)?;
        Ok(Self {
            given,
            ..Self::default()
        })
    }

    /// The value of `setting`. What a source says that the setting cannot be is passed over.
    pub fn get<T: SettingValue>(&self, setting: &Setting<T>) -> T {
        let stored = self.stored();
        self.said(setting.key, &stored)
            .find_map(|(_, value)| setting.read(value).ok())
            .unwrap_or_else(setting.default)
    }

    /// What is said of the setting `key`, the source that counts first. None where nobody says
    /// anything, and the program knows none of that name.
    pub fn layers(&self, key: &str) -> Vec<Layer> {
        self.layers_with(key, &self.stored())
    }

    fn layers_with(&self, key: &str, stored: &Stored) -> Vec<Layer> {
        let declared = declared(key);
        let fits = |value: &Value| declared.is_none_or(|setting| setting.check(value).is_ok());
        let said = self
            .said(key, stored)
            .filter(|(_, value)| fits(value))
            .map(|(source, value)| (source, value.clone()));
        let default = declared.map(|setting| (Source::Default, setting.default_value()));
        said.chain(default)
            .map(|(source, value)| Layer { source, value })
            .collect()
    }

    /// What is said of `key`, whatever it is, but for the default.
    fn said<'a>(
        &'a self,
        key: &str,
        stored: &'a Stored,
    ) -> impl Iterator<Item = (Source, &'a Value)> {
        [
            (Source::Environment, self.given.in_environment(key)),
            (Source::Database, stored.here.get(key)),
            (Source::DatabaseForAll, stored.everywhere.get(key)),
            (Source::File, self.given.in_file(key)),
        ]
        .into_iter()
        .filter_map(|(source, value)| value.map(|value| (source, value)))
    }

    fn stored(&self) -> Arc<Stored> {
        let stored = self.stored.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&stored)
    }

    fn remember(&self, stored: Stored) {
        *self.stored.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(stored);
    }
}

/// The setting that the program knows under `key`.
fn declared(key: &str) -> Option<&'static dyn Described> {
    DECLARED
        .iter()
        .copied()
        .find(|setting| setting.key() == key)
}
