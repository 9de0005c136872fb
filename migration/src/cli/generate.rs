//! `generate`: the step that makes of the schema of all steps that of the entities, or what a step that
//! was made without a database of one engine does there.

use std::collections::BTreeMap;
use std::path::PathBuf;

use chrono::{NaiveDate, Utc};
use entity::registry::resources;
use sea_orm_migration::sea_orm::DatabaseConnection;
use serde_json::json;

use super::{Answer, diff};
use crate::error::Error;
use crate::generate::{
    Put, Said, Written, check_built, check_name, complete, completed, put, written,
};
use crate::step::STEPS;

/// What the step is called, and what nobody else can know.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// What it does, in a few words joined by `_`.
    #[arg(required_unless_present = "complete")]
    name: Option<String>,
    /// Write what was left unwritten of the steps that are there, for the want of such a database.
    #[arg(long, conflicts_with = "name")]
    complete: bool,
    /// Where the steps are.
    #[arg(long, default_value = "migration/src/step", value_name = "DIRECTORY")]
    directory: PathBuf,
    /// What is the same under another name: `table:new` or `table.column:new`.
    #[arg(long = "rename", value_name = "OLD:NEW")]
    renames: Vec<String>,
    /// A table or a column that goes and is not renamed.
    #[arg(long = "drop", value_name = "TABLE or TABLE.COLUMN")]
    drops: Vec<String>,
    /// What the rows that are there have in a new column.
    #[arg(long = "fill", value_name = "TABLE.COLUMN=EXPRESSION")]
    fills: Vec<String>,
}

/// The day in a step's name.
#[expect(
    clippy::disallowed_methods,
    reason = "a step has the day of whoever writes it in its name"
)]
pub(super) fn today() -> NaiveDate {
    Utc::now().date_naive()
}

/// `--fill` read.
pub(super) fn fills(given: &[String]) -> Result<BTreeMap<(String, String), String>, Error> {
    let read = |one: &String| {
        let bad = || Error::Argument(format!("{one:?}: say --fill table.column=expression"));
        let (place, value) = one.split_once('=').ok_or_else(bad)?;
        Ok((column(place)?, value.to_owned()))
    };
    given.iter().map(read).collect()
}

pub(super) async fn run(args: &Args, db: &DatabaseConnection) -> Result<Answer, Error> {
    if let Some(name) = &args.name {
        check_name(name)?;
    }
    check_built(&args.directory)?;
    let mut said = Said {
        renames: diff::renames(&args.renames)?,
        fills: fills(&args.fills)?,
        ..Said::default()
    };
    diff::drops(&args.drops, &mut said)?;
    match &args.name {
        Some(name) => make(name, args, db, &said).await,
        None => finish(args, db, &said).await,
    }
}

/// Write a new step.
async fn make(
    name: &str,
    args: &Args,
    db: &DatabaseConnection,
    said: &Said,
) -> Result<Answer, Error> {
    let Some(written) = written(db, resources(), said).await? else {
        return Ok(Answer {
            code: 0,
            lines: vec!["the entities want nothing that the steps do not make".to_owned()],
            json: json!({"step": null, "online": null, "unwritten": null}),
        });
    };
    let put = put(&args.directory, today(), name, &written)?;
    let mut lines = told(&put, &written);
    if let Some(engine) = written.unwritten {
        let engine = engine.name();
        lines.push(format!(
            "what it does on {engine} is not written: before it runs there, `migrate generate --complete` \
             with a database of {engine}"
        ));
    }
    Ok(Answer {
        code: 0,
        lines,
        json: json!({
            "step": put.name, "online": put.online, "losses": written.losses,
            "unwritten": written.unwritten,
        }),
    })
}

/// Write what was left unwritten.
async fn finish(args: &Args, db: &DatabaseConnection, said: &Said) -> Result<Answer, Error> {
    let all = completed(db, STEPS, resources(), said).await?;
    let mut lines = Vec::new();
    let mut steps = Vec::new();
    for one in &all {
        let put = complete(&args.directory, today(), one)?;
        lines.push(format!(
            "{}: {} is done by what follows",
            one.engine.name(),
            one.steps.join(", ")
        ));
        lines.extend(told(&put, &one.written));
        steps.push(json!({
            "engine": one.engine, "completes": one.steps, "step": put.name, "online": put.online,
            "losses": one.written.losses,
        }));
    }
    if all.is_empty() {
        lines.push("every step is written for both engines".to_owned());
    }
    Ok(Answer {
        code: 0,
        lines,
        json: json!({"completed": steps}),
    })
}

/// Where a step is, and what there is to know of it.
fn told(put: &Put, written: &Written) -> Vec<String> {
    let mut lines = vec![format!("wrote {} in {}", put.name, put.folder.display())];
    if let Some(online) = &put.online {
        lines.push(format!(
            "and behind it {online}, of what runs beside readers and writers, each statement by itself"
        ));
    }
    let losses = written.losses.iter();
    lines.extend(losses.map(|loses| format!("it loses {loses}")));
    lines
}

fn column(text: &str) -> Result<(String, String), Error> {
    let bad = || Error::Argument(format!("{text:?}: name a column as table.column"));
    let (table, column) = text.split_once('.').ok_or_else(bad)?;
    Ok((table.to_owned(), column.to_owned()))
}
