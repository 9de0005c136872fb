//! `diff`: in what two schemas differ, and how to get from one to the other.

use entity::registry::resources;
use sea_orm_migration::sea_orm::DatabaseConnection;
use serde_json::json;

use super::Answer;
use crate::engine::Engine;
use crate::error::Error;
use crate::plan::split;
use crate::schema::change::{self, Options, Statement};
use crate::schema::{
    BOOKKEEPING, Change, Difference, LiveSchema, Object, Renames, difference, scratch,
};
use crate::step::STEPS;

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
}

pub(super) async fn run(args: &Args, db: &DatabaseConnection) -> Result<Answer, Error> {
    let engine = engine(&args.from, db)?;
    if engine != self::engine(&args.to, db)? {
        return Err(Error::TwoEngines);
    }
    let from = schema(&args.from, engine, db).await?;
    let to = schema(&args.to, engine, db).await?;
    let options = Options {
        renames: renames(&args.renames)?,
        ..Options::default()
    };
    let back = Options {
        renames: options.renames.reversed(),
        ..Options::default()
    };
    let mut found = difference(&to, &from);
    // Where a column stands is told where a database has gone astray; nobody makes a table anew for
    // it.
    found.retain(|one| !matches!(one.object, Object::Order(_)));
    let up = change::statements(&from, &to, &options);
    let down = change::statements(&to, &from, &back);
    let mut lines: Vec<String> = found.iter().map(line).collect();
    if lines.is_empty() {
        lines.push("no difference".to_owned());
    } else {
        lines.push(String::new());
        lines.push(format!("-- from {} to {}", args.from, args.to));
        lines.push(script(engine, &up));
        lines.push(format!("-- and back, from {} to {}", args.to, args.from));
        lines.push(script(engine, &down));
    }
    Ok(Answer {
        code: if found.is_empty() { 0 } else { 2 },
        lines,
        json: json!({"differences": found, "up": up, "down": down}),
    })
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

/// Statements as a script, with what `SQLite` must be told where a table is made anew.
pub(super) fn script(engine: Engine, statements: &[Statement]) -> String {
    let mut script = String::new();
    let anew = engine == Engine::Sqlite && change::rebuilds(statements);
    if anew {
        script.push_str(
            "PRAGMA foreign_keys = OFF;\nPRAGMA legacy_alter_table = ON;\nBEGIN IMMEDIATE;\n",
        );
    }
    for statement in statements {
        if let Some(loses) = &statement.loses {
            script.push_str("-- loses ");
            script.push_str(loses);
            script.push('\n');
        }
        script.push_str(&statement.sql);
        script.push_str(";\n");
    }
    if anew {
        script.push_str("COMMIT;\nPRAGMA legacy_alter_table = OFF;\nPRAGMA foreign_keys = ON;\n");
    }
    script
}

fn is_address(source: &str) -> bool {
    ["postgres:", "postgresql:", "sqlite:"]
        .iter()
        .any(|scheme| source.starts_with(scheme))
}

fn engine(source: &str, db: &DatabaseConnection) -> Result<Engine, Error> {
    Ok(match source {
        _ if source.starts_with("sqlite:") => Engine::Sqlite,
        _ if is_address(source) => Engine::Postgres,
        _ => Engine::of(db)?,
    })
}

async fn schema(
    source: &str,
    engine: Engine,
    db: &DatabaseConnection,
) -> Result<LiveSchema, Error> {
    let schema = match source {
        "database" => LiveSchema::read(db).await?,
        "entities" => scratch::of_entities(engine, db, resources()).await?,
        "steps" => scratch::of_steps(engine, db, STEPS).await?,
        _ if is_address(source) => {
            let other = crate::connect(source).await?;
            let schema = LiveSchema::read(&other).await?;
            other.close().await?;
            schema
        }
        _ if std::path::Path::new(source).is_dir() => {
            let scripts = crate::pull::read(std::path::Path::new(source), engine)?;
            scratch::made(engine, db, &scripts).await?
        }
        _ if std::path::Path::new(source).is_file() => {
            let script = std::fs::read_to_string(source).map_err(|error| Error::File {
                path: source.to_owned(),
                source: error,
            })?;
            if split(&script).is_empty() {
                return Err(Error::NoSuchSource(source.to_owned()));
            }
            scratch::made(engine, db, &[script]).await?
        }
        _ => return Err(Error::NoSuchSource(source.to_owned())),
    };
    Ok(schema.without(BOOKKEEPING))
}

/// `--rename` read: `table:new` and `table.column:new`.
pub(super) fn renames(given: &[String]) -> Result<Renames, Error> {
    let mut renames = Renames::default();
    for one in given {
        let bad = || {
            Error::Option(format!(
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
