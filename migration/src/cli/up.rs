//! `up`: apply what is pending.

use std::io::Write as _;
use std::path::PathBuf;

use sea_orm_migration::sea_orm::DatabaseConnection;
use serde_json::json;

use super::{Answer, backup, place};
use crate::adopt::{Optional, make};
use crate::error::Error;
use crate::history::is_as_left;
use crate::step::STEPS;
use crate::{Applied, Way};

/// How far.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// As far as this step, and with it.
    #[arg(long, value_name = "STEP", conflicts_with = "number")]
    to: Option<String>,
    /// At most so many steps.
    #[arg(short, value_name = "N")]
    #[arg(value_parser = clap::value_parser!(u32).range(1..))]
    number: Option<u32>,
    /// A step that may be applied although later ones are.
    #[arg(long, value_name = "STEP")]
    out_of_order: Vec<String>,
    /// A step that may lose what is there.
    #[arg(long, value_name = "STEP")]
    allow_loss: Vec<String>,
    /// Go on although the schema is not as the last run left it.
    #[arg(long)]
    accept_drift: bool,
    /// A step that may change tables of another program, on a database that was taken over.
    #[arg(long, value_name = "STEP")]
    allow_changes: Vec<String>,
    /// Make what was left out of such tables, too: their indexes, while others write, their triggers.
    #[arg(long, value_name = "WHAT", value_enum, value_delimiter = ',')]
    with: Vec<Optional>,
    /// Do exactly what `plan` printed with this hash, or nothing; where nothing is pending any more,
    /// somebody else did it.
    #[arg(long, value_name = "HASH")]
    plan: Option<String>,
    /// Write a backup into this directory first, and prove it, where anything is pending.
    #[arg(long, value_name = "DIRECTORY")]
    backup: Option<PathBuf>,
    #[command(flatten)]
    making: backup::How,
}

pub(super) async fn run(args: &Args, db: &DatabaseConnection, way: Way) -> Result<Answer, Error> {
    let named = |names: &[String]| -> Result<Vec<String>, Error> {
        let names = names.iter();
        names
            .map(|name| Ok(STEPS[place(name)?].name.to_owned()))
            .collect()
    };
    let way = Way {
        steps: args.number,
        ceiling: args.to.as_deref().map(place).transpose()?,
        out_of_order: named(&args.out_of_order)?,
        lossy: named(&args.allow_loss)?,
        accept_drift: args.accept_drift,
        changes: named(&args.allow_changes)?,
        plan: args.plan.clone(),
        backup: args
            .backup
            .as_deref()
            .map(|directory| args.making.making(directory)),
        ..way
    };
    let Applied { steps, backup } = crate::up_to(db, &way).await?;
    let made = if args.with.is_empty() {
        Vec::new()
    } else {
        make(db, &way, &args.with).await?
    };
    let backup = backup.map(|(manifest, path)| backup::told(&manifest, &path));
    let (mut lines, backup) = backup.unwrap_or_default();
    lines.extend(steps.iter().map(|name| format!("applied {name}")));
    lines.extend(made.iter().map(|one| format!("made {one}")));
    if lines.is_empty() {
        lines.push("nothing to apply".to_owned());
        // Whoever deploys goes on: nothing here needs what was changed.
        if is_as_left(db).await? == Some(false) {
            let _ = writeln!(
                std::io::stderr(),
                "the schema is not as the last run left it: see `migrate drift`"
            );
        }
    }
    Ok(Answer {
        code: 0,
        lines,
        json: json!({"applied": steps, "made": made, "backup": backup}),
    })
}
