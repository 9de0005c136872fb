//! Where the schema stands: migrations and versions.

use chrono::{DateTime, Utc};

use super::{policy, postgres, sqlite, store};
use crate::ctx::Ctx;
use crate::db::Engine;
use crate::error::Result;

/// The history of the schema.
#[derive(Clone, Debug)]
pub struct Migrations {
    /// What the database says was applied, oldest first.
    pub applied: Vec<Applied>,
    /// What the code expects and the database lacks, oldest first.
    pub pending: Vec<String>,
}

/// A migration that was applied.
#[derive(Clone, Debug)]
pub struct Applied {
    /// Its name.
    pub name: String,
    /// When.
    pub at: Option<DateTime<Utc>>,
    /// Whether this release knows it; a newer one may have been here.
    pub known: bool,
}

/// What is at work.
#[derive(Clone, Debug)]
pub struct Versions {
    /// The engine.
    pub engine: Engine,
    /// Its version.
    pub engine_version: String,
    /// The last migration that was applied.
    pub revision: Option<String>,
}

/// The history of the schema.
pub async fn migrations(ctx: &Ctx) -> Result<Migrations> {
    policy::read(&ctx.actor)?;
    let steps = &ctx.services.settings.steps;
    let mut applied = store::history(&ctx.read()?, steps).await?;
    for one in &mut applied {
        one.known = steps.contains(&one.name);
    }
    let missing = |step: &&String| !applied.iter().any(|one| one.name == **step);
    Ok(Migrations {
        pending: steps.iter().filter(missing).cloned().collect(),
        applied,
    })
}

/// What is at work beside this process.
pub async fn versions(ctx: &Ctx) -> Result<Versions> {
    policy::read(&ctx.actor)?;
    let reader = ctx.read()?;
    let engine_version = match reader.engine() {
        Engine::Sqlite => sqlite::version(&reader).await?,
        Engine::Postgres => postgres::version(&reader).await?,
    };
    let steps = &ctx.services.settings.steps;
    let revision = store::history(&reader, steps).await?.pop();
    let revision = revision.map(|last| last.name);
    Ok(Versions {
        engine: reader.engine(),
        engine_version,
        revision,
    })
}
