//! `generate`: the step that makes of the schema of all steps that of the entities.

use std::collections::BTreeMap;
use std::path::PathBuf;

use chrono::{NaiveDate, Utc};
use entity::registry::resources;
use sea_orm_migration::sea_orm::DatabaseConnection;
use serde_json::json;

use super::{Answer, diff};
use crate::error::Error;
use crate::generate::{Said, check_directory, check_name, put, written};

/// What the step is called, and what nobody else can know.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// What it does, in a few words joined by `_`.
    name: String,
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
        let bad = || Error::Option(format!("{one:?}: say --fill table.column=expression"));
        let (place, value) = one.split_once('=').ok_or_else(bad)?;
        Ok((column(place)?, value.to_owned()))
    };
    given.iter().map(read).collect()
}

pub(super) async fn run(args: &Args, db: &DatabaseConnection) -> Result<Answer, Error> {
    check_name(&args.name)?;
    check_directory(&args.directory)?;
    let mut said = Said {
        renames: diff::renames(&args.renames)?,
        fills: fills(&args.fills)?,
        ..Said::default()
    };
    diff::drops(&args.drops, &mut said)?;
    let Some(written) = written(db, resources(), &said).await? else {
        return Ok(Answer {
            code: 0,
            lines: vec!["the entities want nothing that the steps do not make".to_owned()],
            json: json!({"step": null, "online": null}),
        });
    };
    let put = put(&args.directory, today(), &args.name, &written)?;
    let mut lines = vec![format!("wrote {} in {}", put.name, put.folder.display())];
    if let Some(online) = &put.online {
        lines.push(format!(
            "and behind it {online}, of what runs beside readers and writers, each statement by itself"
        ));
    }
    lines.extend(
        written
            .losses
            .iter()
            .map(|loses| format!("it loses {loses}")),
    );
    Ok(Answer {
        code: 0,
        lines,
        json: json!({"step": put.name, "online": put.online, "losses": written.losses}),
    })
}

fn column(text: &str) -> Result<(String, String), Error> {
    let bad = || Error::Option(format!("{text:?}: name a column as table.column"));
    let (table, column) = text.split_once('.').ok_or_else(bad)?;
    Ok((table.to_owned(), column.to_owned()))
}
