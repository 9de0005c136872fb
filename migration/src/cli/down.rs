//! `down`: undo what was applied last.

use sea_orm_migration::sea_orm::DatabaseConnection;
use serde_json::json;

use super::{Answer, place};
use crate::Way;
use crate::error::Error;
use crate::history::status;
use crate::step::STEPS;
use crate::undo::undo;

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
    /// Go on although rows, or what columns have, are lost; what goes is told first.
    #[arg(long)]
    accept_loss: bool,
}

pub(super) async fn run(args: &Args, db: &DatabaseConnection, way: Way) -> Result<Answer, Error> {
    let floor = match &args.to {
        None => None,
        Some(name) => Some(place(name)? + 1),
    };
    let steps = match floor {
        None => args.number,
        Some(floor) => {
            let applied = status(db).await?.applied;
            let going = STEPS[floor..]
                .iter()
                .filter(|step| applied.iter().any(|name| name == step.name));
            u32::try_from(going.count()).unwrap_or(u32::MAX)
        }
    };
    let way = Way {
        steps: Some(steps),
        floor,
        accept_loss: args.accept_loss,
        ..way
    };
    let undone = undo(db, &way).await?;
    let names = undone.steps.iter();
    let mut lines: Vec<String> = names.map(|name| format!("undone {name}")).collect();
    if lines.is_empty() {
        lines.push("nothing to undo".to_owned());
    }
    Ok(Answer {
        code: 0,
        lines,
        json: json!({"undone": undone.steps, "losses": undone.losses}),
    })
}
