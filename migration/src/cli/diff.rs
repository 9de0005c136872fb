//! `diff`: in what two schemas differ, and how to get from one to the other.

use entity::registry::resources;
use sea_orm_migration::sea_orm::DatabaseConnection;
use serde_json::json;

use super::Answer;
use super::generate::fills;
use crate::address::masked;
use crate::compare::compare;
use crate::engine::Engine;
use crate::error::Error;
use crate::generate::Said;
use crate::schema::change::Statement;
use crate::schema::{Change, Difference, Renames};

/// What is compared with what.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// What is there: `database` (the one that is named), `entities`, `steps`, another database's
    /// address, a file of SQL, or a directory that `pull` wrote.
    #[arg(long, default_value = "database", value_name = "SCHEMA")]
    from: String,
    /// What shall be there: as `--from`.
    #[arg(long, default_value = "entities", value_name = "SCHEMA")]
    to: String,
    /// What is the same under another name: `table:new` or `table.column:new`.
    #[arg(long = "rename", value_name = "OLD:NEW")]
    renames: Vec<String>,
    /// A table or a column that goes and is not renamed.
    #[arg(long = "drop", value_name = "TABLE or TABLE.COLUMN")]
    drops: Vec<String>,
    /// What the rows that are there have in a new column.
    #[arg(long = "fill", value_name = "TABLE.COLUMN=EXPRESSION")]
    fills: Vec<String>,
    /// Print the SQL of one way alone: from the first to the second, or back.
    #[arg(long, value_enum)]
    sql: Option<Way>,
}

/// One of the two ways.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Way {
    /// From the first to the second.
    Up,
    /// Back.
    Down,
}

pub(super) async fn run(args: &Args, db: &DatabaseConnection) -> Result<Answer, Error> {
    let mut said = Said {
        renames: renames(&args.renames)?,
        fills: fills(&args.fills)?,
        ..Said::default()
    };
    drops(&args.drops, &mut said)?;
    let found = compare(db, &args.from, &args.to, resources(), &said).await?;
    let mut lines: Vec<String> = found.differences.iter().map(line).collect();
    if lines.is_empty() {
        let told = "no difference";
        lines.push(
            args.sql
                .map_or_else(|| told.to_owned(), |_| commented(told)),
        );
    } else {
        lines = lines.iter().map(|one| commented(one)).collect();
        lines.push(String::new());
        let (from, to) = (masked(&args.from), masked(&args.to));
        if !matches!(args.sql, Some(Way::Down)) {
            lines.push(format!("-- from {from} to {to}"));
            lines.extend(first(&found.needed));
            lines.push(match &found.asked {
                None => script(found.engine, &found.up),
                Some(asked) => format!("-- nothing goes there yet: {asked}\n"),
            });
        }
        if !matches!(args.sql, Some(Way::Up)) {
            let and = if args.sql.is_none() { "and " } else { "" };
            lines.push(format!("-- {and}back, from {to} to {from}"));
            lines.extend(first(&found.needed_back));
            lines.push(script(found.engine, &found.down));
        }
    }
    Ok(Answer {
        code: if found.differences.is_empty() { 0 } else { 2 },
        lines,
        json: json!({
            "differences": found.differences, "up": found.up, "down": found.down,
            "asked": found.asked, "needed": { "up": found.needed, "down": found.needed_back },
        }),
    })
}

/// What a script speaks of and does not make.
fn first(needed: &[String]) -> Option<String> {
    let told = format!(
        "Make first what stands in other schemas: {}",
        needed.join(", ")
    );
    (!needed.is_empty()).then(|| commented(&told))
}

/// A difference as a line: `+` what comes, `-` what goes, `~` what changes.
pub(super) fn line(one: &Difference) -> String {
    match &one.change {
        Change::Missing => format!("+ {}", one.object),
        Change::Added => format!("- {}", one.object),
        Change::Changed { from, to } => {
            format!(
                "~ {}\n    - {}\n    + {}",
                one.object,
                indented(to),
                indented(from)
            )
        }
    }
}

fn indented(text: &str) -> String {
    text.replace('\n', "\n      ")
}

/// What is told beside SQL, as a comment of it: whoever hands all of it to a database runs the SQL.
pub(super) fn commented(text: &str) -> String {
    let lines = text.lines().map(|line| format!("-- {line}"));
    lines.collect::<Vec<_>>().join("\n")
}

/// Statements as a script: one transaction on `PostgreSQL`.
pub(super) fn script(engine: Engine, statements: &[Statement]) -> String {
    let mut script = String::new();
    if statements.iter().any(|one| one.sql.starts_with("BEGIN")) {
        script.push_str("-- stop at the first error: sqlite3 -bail\n");
    }
    let is_one = engine == Engine::Postgres && !statements.is_empty();
    if is_one {
        script.push_str(
            "-- One transaction: where a statement fails, nothing of it stays. Stop there: psql -v \
             ON_ERROR_STOP=1\nBEGIN;\n",
        );
    }
    for statement in statements {
        for (word, what) in [("loses", &statement.loses), ("fails", &statement.fails)] {
            if let Some(what) = what {
                script.extend(["-- ", word, " ", what, "\n"]);
            }
        }
        script.push_str(&statement.sql);
        script.push_str(";\n");
    }
    if is_one {
        script.push_str("COMMIT;\n");
    }
    script
}

/// `--rename` read: `table:new` and `table.column:new`.
pub(super) fn renames(given: &[String]) -> Result<Renames, Error> {
    let mut renames = Renames::default();
    for one in given {
        let bad = || {
            Error::Argument(format!(
                "{one:?}: say --rename table.column:new or table:new"
            ))
        };
        let (old, new) = one.split_once(':').ok_or_else(bad)?;
        if new.is_empty() || new.contains('.') {
            return Err(bad());
        }
        match old.split_once('.') {
            Some((table, column)) => {
                let key = (table.to_owned(), column.to_owned());
                renames.columns.insert(key, new.to_owned());
            }
            None => {
                renames.tables.insert(old.to_owned(), new.to_owned());
            }
        }
    }
    if let Some((table, one, other)) = exchanged(&renames) {
        return Err(Error::Option(format!(
            "--rename {table}{one}:{other} and {table}{other}:{one}: two schemas in which names are exchanged look \
             like two in which they stay; rename one to a third name first, then the other, then the first again"
        )));
    }
    // A column is named by its table's new name.
    let columns = std::mem::take(&mut renames.columns).into_iter();
    renames.columns = columns
        .map(|((table, column), new)| {
            let table = renames.tables.get(&table).cloned().unwrap_or(table);
            ((table, column), new)
        })
        .collect();
    Ok(renames)
}

/// Two names that become each other, behind the table that they are of.
fn exchanged(renames: &Renames) -> Option<(String, &String, &String)> {
    let tables = renames.tables.iter();
    let mut tables =
        tables.filter(|(old, new)| old != new && renames.tables.get(*new) == Some(*old));
    if let Some((old, new)) = tables.next() {
        return Some((String::new(), old, new));
    }
    let columns = renames.columns.iter();
    let mut columns = columns.filter(|((table, old), new)| {
        let back = (table.clone(), (*new).clone());
        old != *new && renames.columns.get(&back) == Some(old)
    });
    let ((table, old), new) = columns.next()?;
    Some((format!("{table}."), old, new))
}

/// `--drop` read: `table` and `table.column`.
pub(super) fn drops(given: &[String], said: &mut Said) -> Result<(), Error> {
    for one in given {
        match one.split_once('.') {
            _ if one.is_empty() || one.starts_with('.') || one.ends_with('.') => {
                return Err(Error::Argument(format!(
                    "{one:?}: say --drop table.column or table"
                )));
            }
            Some((table, column)) => {
                said.drops.insert((table.to_owned(), column.to_owned()));
            }
            None => {
                said.gone.insert(one.clone());
            }
        }
    }
    Ok(())
}
