//! `down`: undo what was applied last.

use sea_orm_migration::sea_orm::DatabaseConnection;
use serde_json::json;

use super::{Answer, place};
use crate::Way;
use crate::error::Error;
use crate::history::status;
use crate::step::STEPS;

/// How far.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Back to this step, which stays.
    #[arg(long, value_name = "STEP", conflicts_with = "number")]
    to: Option<String>,
    /// So many steps.
    #[arg(short, value_name = "N", default_value_t = 1)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..))]
    number: u32,
    /// Go on although rows are lost.
    #[arg(long)]
    accept_loss: bool,
}

pub(super) async fn run(args: &Args, db: &DatabaseConnection, way: Way) -> Result<Answer, Error> {
    let steps = match &args.to {
        None => args.number,
        Some(name) => {
            let later = &STEPS[place(name)? + 1..];
            let applied = status(db).await?.applied;
            let going = later
                .iter()
                .filter(|step| applied.iter().any(|name| name == step.name));
            u32::try_from(going.count()).unwrap_or(u32::MAX)
        }
    };
    let undone = crate::undo(
        db,
        &Way {
            steps: Some(steps),
            accept_loss: args.accept_loss,
            ..way
        },
    )
    .await?;
    let mut lines: Vec<String> = undone.iter().map(|name| format!("undone {name}")).collect();
    if lines.is_empty() {
        lines.push("nothing to undo".to_owned());
    }
    Ok(Answer {
        code: 0,
        lines,
        json: json!({"undone": undone}),
    })
}
