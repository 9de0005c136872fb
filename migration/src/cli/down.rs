//! `down`: undo what was applied last.

use sea_orm_migration::sea_orm::DatabaseConnection;
use serde_json::json;

use super::{Answer, place};
use crate::Way;
use crate::error::Error;
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
    /// Go on although the schema is not as the last run left it.
    #[arg(long)]
    accept_drift: bool,
}

pub(super) async fn run(args: &Args, db: &DatabaseConnection, way: Way) -> Result<Answer, Error> {
    let floor = match &args.to {
        None => None,
        Some(name) => Some(place(name)? + 1),
    };
    let way = Way {
        // How many steps are above that place, whoever has the lock knows.
        steps: floor.is_none().then_some(args.number),
        floor,
        accept_loss: args.accept_loss,
        accept_drift: args.accept_drift,
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
