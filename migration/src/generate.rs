//! Steps written from the difference between the schema of the steps and that of the entities.

mod ask;
mod of_drift;
mod postgres;
mod script;
mod unused;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use chrono::NaiveDate;
use entity::registry::Resource;
use sea_orm_migration::sea_orm::DatabaseConnection;

pub(crate) use ask::{by_entities, by_hand, renamed};
pub(crate) use of_drift::of_drift;
pub(crate) use unused::refuse as refuse_unused;

use crate::engine::Engine;
use crate::error::Error;
use crate::schema::change::{self, Options};
use crate::schema::{BOOKKEEPING, Column, LiveSchema, Renames, Table, difference, scratch};
use crate::step::STEPS;

use script::{script, way_down};

/// What nobody but a person can know of a change.
#[derive(Clone, Debug, Default)]
pub struct Said {
    /// What is the same under another name, beside what the entities say.
    pub renames: Renames,
    /// Columns that go, and are not renamed: table and column.
    pub drops: BTreeSet<(String, String)>,
    /// Tables that go, and are not renamed.
    pub gone: BTreeSet<String>,
    /// What the rows that are there have in a new column: an expression.
    pub fills: BTreeMap<(String, String), String>,
}

/// A step's four scripts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Each file's name and what it holds.
    pub files: Vec<(&'static str, String)>,
    /// The same of a second step, whose statements run each by itself beside readers and writers; none
    /// where nothing needs that.
    pub online: Vec<(&'static str, String)>,
    /// What going up, or down again, loses.
    pub losses: Vec<String>,
}

/// The step that makes of what the steps make what `resources` want, or nothing where that is the
/// same. `db` must be `PostgreSQL`, which spells its own definitions; `SQLite` is in the program.
pub async fn written(
    db: &DatabaseConnection,
    resources: impl IntoIterator<Item = &Resource> + Clone,
    said: &Said,
) -> Result<Option<Written>, Error> {
    if Engine::of(db)? != Engine::Postgres {
        return Err(Error::NeedsPostgres);
    }
    let mut sides = Vec::new();
    for engine in [Engine::Postgres, Engine::Sqlite] {
        let from = scratch::of_steps(engine, db, STEPS)
            .await?
            .without(BOOKKEEPING);
        let to = scratch::of_entities(engine, db, resources.clone())
            .await?
            .without(BOOKKEEPING);
        let mut renames = said.renames.clone();
        by_entities(resources.clone(), engine, &from, &mut renames);
        sides.push((renames, from, to));
    }
    unused::refuse(said, &sides)?;
    let mut written = Written::default();
    let mut differs = false;
    for (renames, from, to) in sides {
        let engine = from.engine;
        let known = renames.applied(&from);
        ask::renamed(&known, &to, said)?;
        ask::filled(&known, &to, said)?;
        // A writer of SQLite has the whole file anyway.
        let mid = match engine {
            Engine::Postgres => {
                postgres::between(&change::with_new_names(known, &to), &to, &said.fills)
            }
            Engine::Sqlite => to.clone(),
        };
        let mut options = Options {
            renames,
            in_order: false,
            fills: said.fills.clone(),
        };
        // What is put off is filled in then.
        options
            .fills
            .retain(|key, _| takes_null(&mid, key) == takes_null(&to, key));
        let back = Options {
            renames: options.renames.reversed(),
            fills: stand_ins(&from, &options.renames.reversed().applied(&to)),
            in_order: false,
        };
        let up = change::statements(&from, &mid, &options);
        let down = change::statements(&mid, &from, &back);
        if engine == Engine::Postgres {
            let (up, down) = postgres::online(&mid, &to, &said.fills);
            if !up.is_empty() {
                written.online = vec![
                    ("up.postgres.sql", script(&up)),
                    (
                        "down.postgres.sql",
                        way_down(&down, &mid, &to, &Renames::default(), &said.fills),
                    ),
                    ("up.sqlite.sql", script(&[])),
                    ("down.sqlite.sql", script(&[])),
                ];
            }
        }
        differs |= !up.is_empty() || has_more_than_order(&from, &to);
        for one in up.iter().chain(&down) {
            if let Some(loses) = &one.loses
                && !written.losses.contains(loses)
            {
                written.losses.push(loses.clone());
            }
        }
        let (up_name, down_name) = match engine {
            Engine::Postgres => ("up.postgres.sql", "down.postgres.sql"),
            Engine::Sqlite => ("up.sqlite.sql", "down.sqlite.sql"),
        };
        let down = way_down(&down, &from, &mid, &options.renames, &said.fills);
        written.files.push((up_name, script(&up)));
        written.files.push((down_name, down));
    }
    Ok(differs.then_some(written))
}

fn takes_null(schema: &LiveSchema, (table, column): &(String, String)) -> bool {
    let table = schema.tables.get(table);
    let mut columns = table.iter().flat_map(|table| &table.columns);
    columns.any(|one| one.name == *column && one.nullable)
}

fn has_more_than_order(from: &LiveSchema, to: &LiveSchema) -> bool {
    let is_order =
        |object: &crate::schema::Object| matches!(object, crate::schema::Object::Order(_));
    difference(to, from)
        .iter()
        .any(|one| !is_order(&one.object))
}

/// What the rows have in a column that goes and, by the way back, comes again without what it had:
/// the least that it takes.
fn stand_ins(from: &LiveSchema, to: &LiveSchema) -> BTreeMap<(String, String), String> {
    let mut found = BTreeMap::new();
    for (name, table) in &from.tables {
        let Some(kept) = to.tables.get(name) else {
            continue;
        };
        let gone = |old: &&Column| !kept.columns.iter().any(|one| one.name == old.name);
        let bare = |old: &&Column| !old.nullable && old.filling.is_none();
        for column in table.columns.iter().filter(gone).filter(bare) {
            let value = stand_in(from, table, column);
            found.insert((name.clone(), column.name.clone()), value);
        }
    }
    found
}

fn stand_in(schema: &LiveSchema, table: &Table, column: &Column) -> String {
    if let Some(first) = schema
        .enums
        .get(&column.kind)
        .and_then(|values| values.first())
    {
        return format!("'{}'", first.replace('\'', "''"));
    }
    // An enum of SQLite is a text with a check.
    let check = format!("CHECK ({} IN (", column.name);
    let allowed = table
        .constraints
        .values()
        .find_map(|text| text.strip_prefix(&check));
    if let Some(first) = allowed.and_then(|values| values.split([',', ')']).next()) {
        return first.to_owned();
    }
    let kind = column.kind.as_str();
    let known = [
        ("timestamp", "CURRENT_TIMESTAMP"),
        ("date", "CURRENT_DATE"),
        ("uuid", "'00000000-0000-0000-0000-000000000000'"),
        ("json", "'{}'"),
        ("bool", "false"),
        ("bytea", "''"),
        ("blob", "x\'\'"),
        ("int", "0"),
        ("big", "0"),
        ("small", "0"),
        ("numeric", "0"),
        ("double", "0"),
        ("real", "0"),
    ];
    let value = known.iter().find(|(part, _)| kind.contains(part));
    value.map_or("''", |(_, value)| value).to_owned()
}

/// Where a step is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Put {
    /// Its whole name.
    pub name: String,
    /// Its folder.
    pub folder: PathBuf,
    /// The whole name of the one behind it, of what runs beside readers and writers.
    pub online: Option<String>,
}

/// Put the step called `name`, of `today`, into `directory`, where the steps and their list are, and tell where
/// it is. What runs beside readers and writers is a step of its own behind it.
pub fn put(
    directory: &Path,
    today: NaiveDate,
    name: &str,
    written: &Written,
) -> Result<Put, Error> {
    check_name(name)?;
    let (list, text, at) = list(directory)?;
    let numbers = STEPS
        .iter()
        .filter_map(|step| step.name.split('_').nth(1)?.parse::<u32>().ok());
    let number = numbers.max().unwrap_or_default() + 1;
    let day = today.format("%Y%m%d");
    let whole = format!("m{day}_{number:06}_{name}");
    let online = format!("m{day}_{:06}_{name}_online", number + 1);
    let (before, after) = text.split_at(at);
    let mut lines = format!("    step!(\"{whole}\"),\n");
    let folder = fill(directory, &whole, &written.files)?;
    if !written.online.is_empty() {
        fill(directory, &online, &written.online)?;
        let _ = writeln!(lines, "    step!(\"{online}\", apart: true),");
    }
    let text = format!("{before}{lines}{after}");
    std::fs::write(&list, text).map_err(|source| file(&list, source))?;
    Ok(Put {
        name: whole,
        folder,
        online: (!written.online.is_empty()).then_some(online),
    })
}

/// Refuse a directory that has no list of steps.
pub(crate) fn check_directory(directory: &Path) -> Result<(), Error> {
    list(directory).map(|_| ())
}

/// The list of the steps in `directory`: its file, its text, and where in that the next one comes.
fn list(directory: &Path) -> Result<(PathBuf, String, usize), Error> {
    let list = directory.join("mod.rs");
    let none = |why: &str| {
        Error::Option(format!(
            "{}: {why}; name the directory of the steps with --directory",
            list.display()
        ))
    };
    let text = std::fs::read_to_string(&list).map_err(|source| none(&source.to_string()))?;
    let at = text.rfind("    step!(").and_then(|last| {
        let line = text[last..].find('\n')?;
        Some(last + line + 1)
    });
    let at = at.ok_or_else(|| none("it has no list of steps"))?;
    Ok((list, text, at))
}

/// A step's folder and what is in it.
fn fill(directory: &Path, name: &str, files: &[(&'static str, String)]) -> Result<PathBuf, Error> {
    let folder = directory.join(name);
    std::fs::create_dir(&folder).map_err(|source| file(&folder, source))?;
    for (name, script) in files {
        let path = folder.join(name);
        std::fs::write(&path, script).map_err(|source| file(&path, source))?;
    }
    Ok(folder)
}

/// Refuse what is no name of a step.
pub(crate) fn check_name(name: &str) -> Result<(), Error> {
    let good =
        |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_';
    if !name.is_empty() && name.chars().all(good) {
        return Ok(());
    }
    Err(Error::Option(format!(
        "{name:?}: a step's name has a-z, 0-9 and _ only"
    )))
}

fn file(path: &Path, source: std::io::Error) -> Error {
    Error::File {
        path: path.display().to_string(),
        source,
    }
}
