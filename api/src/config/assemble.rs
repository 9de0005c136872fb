//! The services, put together.

use std::sync::Arc;

use service::blob::Blobs;
use service::chance::Chance;
use service::clock::Clock;
use service::configuration::Configuration;
use service::ctx::Services;
use service::db::{ConnectionManager, DbSettings};
use service::identity::{Callers, Passwords, Sightings, Turns};
use service::ids::Ids;
use service::job::{Jobs, Kinds};
use service::operation::Operations;
use service::secret::Keyring;
use service::settings::Settings;
use service::signal::Signals;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::ConfigError;

/// Put the services together, with every kind of job that Chancery has.
pub fn assemble(
    db: DbSettings,
    settings: Settings,
    keyring: Keyring,
    clock: Arc<dyn Clock>,
    chance: Arc<dyn Chance>,
) -> Result<Arc<Services>, ConfigError> {
    assemble_with(db, settings, keyring, clock, chance, service::job::ours())
}

/// Put the services together, with these kinds of jobs.
pub fn assemble_with(
    db: DbSettings,
    settings: Settings,
    keyring: Keyring,
    clock: Arc<dyn Clock>,
    chance: Arc<dyn Chance>,
    kinds: Kinds,
) -> Result<Arc<Services>, ConfigError> {
    let manager = ConnectionManager::new(db, Arc::clone(&clock))
        .map_err(|error| ConfigError::Database(error.to_string()))?;
    let ids = Ids::new(Arc::clone(&chance));
    Ok(Arc::new(Services {
        db: manager,
        signals: Signals::new(ids.fresh(clock.now())),
        callers: Callers::new(&settings),
        documents: service::document::Known::new(&settings),
        sightings: Sightings::default(),
        sign_ins: Turns::default(),
        passwords: Passwords::new(&*chance)?,
        in_flight: service::idempotency::InFlight::default(),
        outbound: service::outbound::Outbound::new()?,
        operations: Arc::new(Operations::new(clock.now())),
        started: service::health::Started::default(),
        jobs: Jobs::new(kinds),
        tasks: TaskTracker::new(),
        stop: CancellationToken::new(),
        clock,
        chance,
        ids,
        keyring,
        blobs: Blobs::open(&settings.storage)?,
        uploads: service::upload::Turns::default(),
        configuration: Configuration::new(settings.given.clone())?,
        settings,
    }))
}
