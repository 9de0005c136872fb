//! Run-time settings: limits, schedules, times, allow lists.
//!
//! Every setting that the program knows is declared once, in Rust ([`Setting`]), in the domain that
//! asks for it, and stands in [`DECLARED`]. `ctx.configuration().get(&SETTING)` answers from memory:
//! what the environment says, else what the file says, else the default. Values from the database,
//! with their history, join between the environment and the file without a change for those who ask.

mod given;
mod setting;
mod value;

pub use self::given::{Given, Wrong};
pub use self::setting::{Bounds, Described, Setting};
pub use self::value::SettingValue;

use serde_json::Value;

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

/// Where a value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The program itself.
    Default,
    /// `chancery.toml`.
    File,
    /// The process's environment.
    Environment,
}

/// The settings as they stand.
#[derive(Debug, Default)]
pub struct Configuration {
    given: Given,
}

impl Configuration {
    /// The settings with what was `given` at the start.
    ///
    /// # Errors
    /// What is unknown, of another type, or out of bounds.
    pub fn new(mut given: Given) -> Result<Self, Wrong> {
        given.settle(DECLARED)?;
        Ok(Self { given })
    }

    /// The value of `setting`.
    pub fn get<T: SettingValue>(&self, setting: &Setting<T>) -> T {
        let given = self.given.of(setting.key);
        given
            .and_then(|(_, value)| setting.read(value).ok())
            .unwrap_or_else(setting.default)
    }

    /// The value of `setting` as JSON, and where it comes from.
    pub fn look(&self, setting: &dyn Described) -> (Value, Source) {
        match self.given.of(setting.key()) {
            Some((source, value)) => (value.clone(), source),
            None => (setting.default_value(), Source::Default),
        }
    }
}
