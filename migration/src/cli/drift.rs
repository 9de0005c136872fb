//! `drift`: in what the database is not as the history left it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use sea_orm_migration::sea_orm::DatabaseConnection;
use serde_json::json;

use super::generate::{fills, today};
use super::{Answer, diff};
use crate::adopt::{Adoption, FILL_SEARCH};
use crate::engine::Engine;
use crate::error::Error;
use crate::generate::{
    Put, Said, by_hand, check_built, check_name, of_drift, put, refuse_unused, unfilled,
};
use crate::guard;
use crate::history::status;
use crate::lexer::split;
use crate::schema::change::{self, Options, Statement};
use crate::schema::{BOOKKEEPING, Change, Difference, LiveSchema, difference};

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
    /// What the rows have in a column that comes: back, or with the step that is written.
    #[arg(long = "fill", value_name = "TABLE.COLUMN=EXPRESSION")]
    fills: Vec<String>,
    /// What was renamed by hand: `table:new` or `table.column:new`.
    #[arg(long = "rename", value_name = "OLD:NEW")]
    renames: Vec<String>,
    /// A table or a column that was dropped by hand and not renamed.
    #[arg(long = "drop", value_name = "TABLE or TABLE.COLUMN")]
    drops: Vec<String>,
}

pub(super) async fn run(args: &Args, db: &DatabaseConnection) -> Result<Answer, Error> {
    // What is wrong about the question is told whether there is drift or not.
    let said = said(args)?;
    let found = Found::of(db).await?;
    let Found {
        expected, actual, ..
    } = &found;
    refuse_unmeant(args, &said, expected, actual)?;
    let (undo, asked) = match undo(db, expected, actual, &said).await {
        Ok(undo) => (undo, None),
        Err(asked @ (Error::Ambiguous { .. } | Error::Unfilled { .. })) => {
            (Vec::new(), Some(asked.to_string()))
        }
        Err(error) => return Err(error),
    };
    let mut lines = found.lines();
    if args.revert_sql {
        // SQL follows, or nothing that anybody should run.
        lines = lines.iter().map(|one| diff::commented(one)).collect();
    }
    let (mut step, mut online) = (None, None);
    if found.drift.is_empty() {
        let mark = if args.revert_sql { "-- " } else { "" };
        lines.push(format!("{mark}no drift"));
    } else if let Some(name) = &args.write_migration {
        let written = of_drift(expected, actual, &found.advice, &said)?;
        let put = put(&args.directory, today(), name, &written)?;
        lines.push(told(&put, expected.engine));
        (step, online) = (Some(put.name), put.online);
    } else if args.revert_sql {
        lines.push(match &asked {
            None => format!(
                "\n-- brings the database back\n{}",
                diff::script(expected.engine, &undo)
            ),
            // What it drops might be what is missed.
            Some(asked) => format!("\n-- nothing brings the database back yet: {asked}"),
        });
    }
    Ok(Answer {
        code: if found.drift.is_empty() { 0 } else { 3 },
        lines,
        json: json!({
            "step": step, "online": online, "drift": found.drift, "recommended": found.advice,
            "accepted": found.accepted, "undo": undo, "asked": asked,
        }),
    })
}

/// What was said of the drift on the command line.
fn said(args: &Args) -> Result<Said, Error> {
    let mut said = Said {
        fills: fills(&args.fills)?,
        renames: diff::renames(&args.renames)?,
        ..Said::default()
    };
    diff::drops(&args.drops, &mut said)?;
    if let Some(name) = &args.write_migration {
        check_name(name)?;
        check_built(&args.directory)?;
    }
    Ok(said)
}

/// What was found.
struct Found {
    /// What the history made, as it can be expected here.
    expected: LiveSchema,
    /// What there is.
    actual: LiveSchema,
    /// In what it is not as its history left it.
    drift: Vec<Difference>,
    /// What is good to have, or beside the steps.
    advice: Vec<Difference>,
    /// What an adoption took over.
    accepted: Vec<Difference>,
}

impl Found {
    async fn of(db: &DatabaseConnection) -> Result<Self, Error> {
        let status = status(db).await?;
        if !status.unknown.is_empty() {
            // What they made would be taken for what somebody did by hand, and undone.
            return Err(Error::Unknown(status.unknown));
        }
        let applied = guard::applied(&status);
        let expected = guard::expected(Engine::of(db)?, db, &applied).await?;
        let actual = LiveSchema::read(db).await?.without(BOOKKEEPING);
        let adoption = Adoption::of(db).await?;
        let (expected, found, known) = match &adoption {
            None => {
                let found = difference(&expected, &actual);
                (expected, found, Vec::new())
            }
            Some(adoption) => {
                let fitted = adoption.fit(expected, &actual);
                (fitted.expected, fitted.drift, fitted.known)
            }
        };
        let is_advice = |one: &Difference| guard::is_advice(one, adoption.as_ref());
        let (mut advice, drift): (Vec<_>, Vec<_>) = found.into_iter().partition(is_advice);
        let (recommended, accepted): (Vec<_>, Vec<_>) = known.into_iter().partition(is_advice);
        advice.extend(recommended);
        Ok(Self {
            expected,
            actual,
            drift,
            advice,
            accepted,
        })
    }

    fn lines(&self) -> Vec<String> {
        let mut lines: Vec<String> = self.drift.iter().map(ToString::to_string).collect();
        lines.extend(self.advice.iter().map(|one| match one.change {
            Change::Added => format!("beside the steps: {one}"),
            _ => format!("recommended: {one}"),
        }));
        lines.extend(self.accepted.iter().map(|one| format!("accepted: {one}")));
        lines
    }
}

/// What there is to know of a step that was written.
fn told(put: &Put, engine: Engine) -> String {
    let Put { name, folder, .. } = put;
    let (mut behind, mut both) = (String::new(), name.clone());
    if let Some(online) = &put.online {
        behind = format!(", and behind it {online}, of what runs beside readers and writers");
        both = format!("{name} {online}");
    }
    format!(
        "wrote {name} in {}{behind}: read it. This database has it: once the program is built, `migrate \
         resolve {both} --applied --reason TEXT`. What it does on {} is not written: say it there, or let \
         `migrate generate --complete` make what the entities want",
        folder.display(),
        engine.other().name()
    )
}

/// Refuse what was said of a change that there is not.
fn refuse_unmeant(
    args: &Args,
    said: &Said,
    expected: &LiveSchema,
    actual: &LiveSchema,
) -> Result<(), Error> {
    let forth = (said.renames.clone(), expected.clone(), actual.clone());
    if args.write_migration.is_some() {
        return refuse_unused(said, &[forth]);
    }
    // What is filled in is what comes back.
    let back = (said.renames.reversed(), actual.clone(), expected.clone());
    let fills = Said {
        fills: said.fills.clone(),
        ..Said::default()
    };
    let others = Said {
        fills: BTreeMap::new(),
        ..said.clone()
    };
    refuse_unused(&fills, &[back])?;
    refuse_unused(&others, &[forth])
}

/// The statements that bring the database back.
async fn undo(
    db: &DatabaseConnection,
    expected: &LiveSchema,
    actual: &LiveSchema,
    said: &Said,
) -> Result<Vec<Statement>, Error> {
    let renames = by_hand(expected, actual, said)?.reversed();
    if let Some(asked) = unfilled(db, (&renames, actual, expected), said).await? {
        return Err(asked);
    }
    let mut expected = expected.clone();
    expected.keep_rights(&renames.applied(actual));
    let options = Options {
        renames,
        in_order: true,
        fills: said.fills.clone(),
        guarded: true,
        ..Options::default()
    };
    let mut undo = change::statements(actual, &expected, &options);
    refill(&mut undo);
    Ok(change::framed(actual.engine, undo))
}

/// Put into the search of `SQLite` what stands in the messages, where it is made anew.
fn refill(undo: &mut Vec<Statement>) {
    let is_search = |one: &Statement| one.sql.starts_with("CREATE VIRTUAL TABLE messages_fts ");
    if undo.iter().any(is_search) {
        undo.extend(
            split(Engine::Sqlite, FILL_SEARCH)
                .into_iter()
                .map(Statement::new),
        );
    }
}
