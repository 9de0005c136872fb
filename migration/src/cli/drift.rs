//! `drift`: in what the database is not as the history left it.

use std::path::PathBuf;

use entity::registry::resource;
use sea_orm_migration::sea_orm::DatabaseConnection;
use serde_json::json;

use super::Answer;
use super::diff::script;
use super::generate::{fills, today};
use crate::adopt::Adoption;
use crate::engine::Engine;
use crate::error::Error;
use crate::generate::{Said, of_drift, put};
use crate::history::status;
use crate::schema::change::{self, Options};
use crate::schema::{
    BOOKKEEPING, Change, Difference, LiveSchema, Object, Renames, difference, scratch,
};
use crate::step::STEPS;

/// What else is printed.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Print the statements that bring the database back to what the history made.
    #[arg(long)]
    revert_sql: bool,
    /// Write a step of this name that makes what the database has and its history does not.
    #[arg(long, value_name = "NAME")]
    write_migration: Option<String>,
    /// Where the steps are.
    #[arg(long, default_value = "migration/src/step", value_name = "DIRECTORY")]
    directory: PathBuf,
    /// What the rows of other databases have in a new column.
    #[arg(long = "fill", value_name = "TABLE.COLUMN=EXPRESSION")]
    fills: Vec<String>,
}

pub(super) async fn run(args: &Args, db: &DatabaseConnection) -> Result<Answer, Error> {
    let engine = Engine::of(db)?;
    let status = status(db).await?;
    let applied = STEPS
        .iter()
        .filter(|step| status.applied.iter().any(|one| one == step.name));
    let expected = scratch::of_steps(engine, db, applied)
        .await?
        .without(BOOKKEEPING);
    let actual = LiveSchema::read(db).await?.without(BOOKKEEPING);
    let (expected, found, known) = match Adoption::of(db).await? {
        None => {
            let found = difference(&expected, &actual);
            (expected, found, Vec::new())
        }
        Some(adoption) => {
            let fitted = adoption.fit(expected, &actual);
            (fitted.expected, fitted.drift, fitted.known)
        }
    };
    let (advice, drift): (Vec<_>, Vec<_>) = found.into_iter().partition(is_advice);
    let (recommended, accepted): (Vec<_>, Vec<_>) = known.into_iter().partition(is_advice);
    let advice: Vec<_> = advice.into_iter().chain(recommended).collect();
    let options = Options {
        renames: Renames::between(&actual, &expected),
        in_order: true,
        ..Options::default()
    };
    let undo = change::statements(&actual, &expected, &options);
    let mut lines: Vec<String> = drift.iter().map(ToString::to_string).collect();
    lines.extend(advice.iter().map(|one| format!("recommended: {one}")));
    lines.extend(accepted.iter().map(|one| format!("accepted: {one}")));
    let mut step = None;
    if drift.is_empty() {
        lines.push("no drift".to_owned());
    } else if let Some(name) = &args.write_migration {
        let said = Said {
            fills: fills(&args.fills)?,
            ..Said::default()
        };
        let written = of_drift(&expected, &actual, &advice, &said)?;
        let (name, folder) = put(&args.directory, today(), name, &written)?;
        lines.push(format!(
            "wrote {name} in {}: read it, and say in it what the other engine shall have. This \
             database has it: once the program is built, `migrate resolve {name} --applied --reason \
             TEXT`",
            folder.display()
        ));
        step = Some(name);
    } else if args.revert_sql {
        lines.push(format!(
            "\n-- brings the database back\n{}",
            script(engine, &undo)
        ));
    }
    Ok(Answer {
        code: if drift.is_empty() { 0 } else { 3 },
        lines,
        json: json!({"step": step, "drift": drift, "recommended": advice, "accepted": accepted, "undo": undo}),
    })
}

/// What is good to have and not part of the contract: an index that the entity only recommends, and
/// the rules of keys between tables that another program made.
fn is_advice(one: &Difference) -> bool {
    match (&one.object, &one.change) {
        (Object::Index(table, name), Change::Missing) => resource(table).is_some_and(|resource| {
            let mut indexes = resource.declaration.indexes.iter();
            indexes.any(|index| index.recommended && index.name_on(table) == *name)
        }),
        (Object::Constraint(table, _), Change::Changed { from, to }) => {
            let shared = resource(table).is_some_and(|one| one.domain == "conversation");
            shared && from.strip_suffix(" ON DELETE CASCADE") == Some(to)
        }
        _ => false,
    }
}
