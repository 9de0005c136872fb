//! `reset`: drop everything, apply every step, sow a seed.

use sea_orm_migration::sea_orm::DatabaseConnection;
use serde_json::json;

use super::{Answer, seed};
use crate::Way;
use crate::error::Error;
use crate::seed::Seed;

/// With what it is filled.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// A seed to sow afterwards; `migrate seed` lists them.
    #[arg(long, value_name = "NAME")]
    seed: Option<String>,
}

pub(super) async fn run(
    args: &Args,
    db: &DatabaseConnection,
    way: &Way,
    production: bool,
    seeds: &[Seed<'_>],
) -> Result<Answer, Error> {
    if production {
        return Err(Error::Production("reset"));
    }
    if let Some(name) = &args.seed {
        // Nothing is dropped for a name that was mistyped.
        seed::check(name, seeds)?;
    }
    let applied = Box::pin(crate::fresh(db, way)).await?;
    let mut lines = vec![format!("applied {} steps", applied.len())];
    if let Some(name) = &args.seed {
        lines.push(seed::sow(name, db, way, seeds).await?);
    }
    Ok(Answer {
        code: 0,
        lines,
        json: json!({"applied": applied, "seed": args.seed}),
    })
}
