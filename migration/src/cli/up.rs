//! `up`: apply what is pending.

use std::time::Duration;

use sea_orm_migration::sea_orm::DatabaseConnection;
use serde_json::json;

use super::{Answer, place};
use crate::error::Error;
use crate::history::status;
use crate::step::STEPS;

/// How far.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// As far as this step, and with it.
    #[arg(long, value_name = "STEP", conflicts_with = "number")]
    to: Option<String>,
    /// At most so many steps.
    #[arg(short, value_name = "N")]
    number: Option<u32>,
}

pub(super) async fn run(
    args: &Args,
    db: &DatabaseConnection,
    patience: Duration,
) -> Result<Answer, Error> {
    let steps = match &args.to {
        None => args.number,
        Some(name) => {
            let wanted = &STEPS[..=place(name)?];
            let pending = status(db).await?.pending;
            let left = wanted
                .iter()
                .filter(|step| pending.iter().any(|name| name == step.name));
            Some(u32::try_from(left.count()).unwrap_or(u32::MAX))
        }
    };
    let applied = crate::up_to(db, patience, steps).await?;
    let mut lines: Vec<String> = applied
        .iter()
        .map(|name| format!("applied {name}"))
        .collect();
    if lines.is_empty() {
        lines.push("nothing to apply".to_owned());
    }
    Ok(Answer {
        code: 0,
        lines,
        json: json!({"applied": applied}),
    })
}
