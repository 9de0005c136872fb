//! The connections: how they fare, and whether the process is fit to answer.

use super::policy;
use crate::ctx::Ctx;
use crate::db::{DbSettings, Engine, LastError, PoolStatus, Source, Status};
use crate::error::Result;
use crate::health::{self, Report};

/// The connections of this process.
#[derive(Clone, Debug)]
pub struct Pool {
    /// What speaks at the other end.
    pub engine: Engine,
    /// How the connection to the primary fares.
    pub status: Status,
    /// The pools: the primary's, and the replica's where there is one.
    pub sources: Vec<PoolSource>,
    /// What they are limited to.
    pub limits: DbSettings,
}

/// One of the pools.
#[derive(Clone, Debug)]
pub struct PoolSource {
    /// Whose it is.
    pub source: Source,
    /// What it holds.
    pub pool: PoolStatus,
    /// Whether statements go there now.
    pub usable: bool,
    /// How far a replica is behind, in milliseconds, as far as that is known.
    pub lag_ms: Option<u64>,
    /// Why it cannot be used.
    pub error: Option<LastError>,
}

/// The connections of this process. Asks nothing of the database.
pub async fn pool(ctx: &Ctx) -> Result<Pool> {
    policy::read(&ctx.actor)?;
    let db = &ctx.services.db;
    let status = db.status();
    let mut sources = vec![PoolSource {
        source: Source::Primary,
        pool: db.pool_status(),
        usable: status.connected,
        lag_ms: None,
        error: status.last_error.clone(),
    }];
    if let (Some(replica), Some(pool)) = (db.replica_status(), db.replica_pool_status()) {
        sources.push(PoolSource {
            source: Source::Replica,
            pool,
            usable: replica.usable,
            lag_ms: replica.lag_ms,
            error: replica.error,
        });
    }
    Ok(Pool {
        engine: db.engine(),
        status,
        sources,
        limits: db.settings().clone(),
    })
}

/// The checks of `/health/ready`, with what is behind them.
pub async fn health(ctx: &Ctx) -> Result<Report> {
    policy::read(&ctx.actor)?;
    Ok(health::look(&ctx.services).await)
}
