//! What the binary does, one file a command.

pub(crate) mod admin;
pub(crate) mod analytics;
pub(crate) mod demo;
pub(crate) mod doctor;
pub(crate) mod graphql;
pub(crate) mod migrate;
pub(crate) mod serve;
mod sole;
pub(crate) mod stand_in;
pub(crate) mod worker;

use std::sync::Arc;

use api::config::{Config, ConfigError};
use service::ctx::Services;
use service::db::{ConnectionResult, LastError};
use tracing::error;

pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;

/// The services, with the database connected.
pub(crate) async fn connected(config: &Config) -> Result<Arc<Services>, Failure> {
    let services = config.services(migration::steps())?;
    match services.db.connect().await {
        ConnectionResult {
            success: false,
            error: Some(problem),
            ..
        } => Err(refused(problem)),
        _ => Ok(services),
    }
}

/// Why the database cannot be had, with the steps that mend it in the log.
pub(crate) fn refused(problem: LastError) -> Failure {
    for step in &problem.steps {
        error!("{step}");
    }
    ConfigError::Database(problem.message).into()
}
