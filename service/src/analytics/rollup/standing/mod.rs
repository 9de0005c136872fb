//! How the rollups stand: what is built, what is not folded yet, and what builds them.

mod store;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use crate::ctx::Ctx;
use crate::error::Result;

/// How the rollups stand.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Standing {
    /// When those of tokens were first proven against the rows.
    pub built_at: Option<DateTime<Utc>>,
    /// When those of runs, stages and active people were.
    pub charts_built_at: Option<DateTime<Utc>>,
    /// Up to when what another backend wrote is counted.
    pub reconciled_to: Option<DateTime<Utc>>,
    /// Where a rebuild goes on that was broken off.
    pub resume_from: Option<String>,
    /// How many deltas are open, by table.
    pub open: BTreeMap<&'static str, i64>,
    /// The last job that builds them.
    pub job: Option<Building>,
}

/// A job that builds the rollups.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, sea_orm::FromQueryResult)]
pub struct Building {
    /// Where it stands.
    pub state: String,
    /// How far it is, in percent.
    pub progress: i32,
    /// Why its last try failed.
    pub last_error: Option<String>,
}

/// How the rollups stand. Only admins and the command line may ask.
pub async fn standing(ctx: &Ctx) -> Result<Standing> {
    ctx.actor.need_admin()?;
    let reader = ctx.read()?;
    let state = super::store::state(&reader).await?;
    let mut standing = Standing {
        open: store::open(&reader).await?,
        job: store::building(&reader).await?,
        ..Standing::default()
    };
    if let Some(state) = state {
        standing.built_at = state.built_at;
        standing.charts_built_at = state.charts_built_at;
        standing.reconciled_to = state.reconciled_to;
        standing.resume_from = state.resume_from;
    }
    Ok(standing)
}
