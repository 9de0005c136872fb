//! Rows made from a schema as data: from types, keys, enums and checks, for tables that must not be
//! empty when a step is tried.
//!
//! The database is the judge: a row that a check or a trigger refuses is made again with other dice,
//! whose values come from the check's own words (`status IN ('a', 'b')`, `n BETWEEN 0 AND 5`). The
//! same schema and seed give the same rows.

mod dice;
mod hidden;
mod kind;
mod postgres;
mod sqlite;

use std::collections::{BTreeMap, BTreeSet};

use sea_orm_migration::sea_orm::{ConnectionTrait, DbErr, Statement};

use crate::engine::Engine;
use crate::schema::{Column, Filling, LiveSchema, Table, quoted};
use dice::Dice;
pub(crate) use hidden::{check_seen, hidden};
use kind::Kind;

/// How often a row is made anew before it is given up.
const TRIES: u64 = 150;

/// How many rows of a parent a child chooses from.
const PARENTS: u32 = 25;

/// What came of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filled {
    /// How many rows were made.
    pub rows: u64,
    /// Tables that took none, and what the database said to the last try.
    pub refused: BTreeMap<String, String>,
}

/// Put `more` rows into each of `tables`, parents first, where `more` says how many a table gets.
pub async fn fill(
    db: &impl ConnectionTrait,
    schema: &LiveSchema,
    seed: u64,
    more: impl Fn(&str) -> u32,
) -> Result<Filled, DbErr> {
    let mut filled = Filled::default();
    for name in parents_first(schema) {
        let table = &schema.tables[&name];
        for number in 0..more(&name) {
            match row(db, schema, &name, table, seed, number).await? {
                None => filled.rows += 1,
                Some(said) => {
                    if number == 0 {
                        filled.refused.insert(name.clone(), said);
                    }
                    break;
                }
            }
        }
    }
    Ok(filled)
}

/// Put one row into the table, or tell why not.
async fn row(
    db: &impl ConnectionTrait,
    schema: &LiveSchema,
    name: &str,
    table: &Table,
    seed: u64,
    number: u32,
) -> Result<Option<String>, DbErr> {
    let keys = foreign_keys(schema.engine, table);
    let mut choices = Vec::new();
    for key in keys {
        let rows = parent_rows(db, schema, &key).await?;
        choices.push((key, rows));
    }
    let mut said = "no row was tried".to_owned();
    for attempt in 0..TRIES {
        let mut dice = Dice::new(&[name, &seed.to_string(), &number.to_string()], attempt);
        let values = match values(schema, table, &choices, &mut dice, attempt) {
            Ok(values) => values,
            Err(why) => {
                said = why;
                continue;
            }
        };
        match db.execute_unprepared(&insert(name, &values)).await {
            Ok(_) => return Ok(None),
            Err(error) => said = error.to_string(),
        }
    }
    Ok(Some(said))
}

fn insert(table: &str, values: &BTreeMap<String, String>) -> String {
    if values.is_empty() {
        return format!("INSERT INTO {} DEFAULT VALUES", quoted(table));
    }
    let names: Vec<String> = values.keys().map(|name| quoted(name)).collect();
    let values: Vec<&str> = values.values().map(String::as_str).collect();
    format!(
        "INSERT INTO {} ({}) VALUES ({})",
        quoted(table),
        names.join(", "),
        values.join(", ")
    )
}

/// The literals of a row by column. Columns that fill themselves are left out.
fn values(
    schema: &LiveSchema,
    table: &Table,
    choices: &[(ForeignKey, Vec<Vec<String>>)],
    dice: &mut Dice,
    attempt: u64,
) -> Result<BTreeMap<String, String>, String> {
    let mut values = BTreeMap::new();
    // Three kinds of rows: all that may be null is, none is, some is.
    let nulls = dice.of(3);
    let rarely = |dice: &mut Dice| match nulls {
        0 => true,
        1 => false,
        _ => dice.of(3) == 0,
    };
    for (key, rows) in choices {
        let optional = key.columns.iter().all(|name| {
            let mut columns = table.columns.iter();
            columns.any(|one| one.name == *name && one.nullable)
        });
        if optional && (rows.is_empty() || rarely(dice)) {
            for column in &key.columns {
                values.insert(column.clone(), "NULL".to_owned());
            }
            continue;
        }
        let Some(row) = rows.get(dice.below(rows.len())) else {
            return Err(format!("{} has no row to refer to", key.table));
        };
        for (column, value) in key.columns.iter().zip(row) {
            // A column of two keys has what the first says.
            values
                .entry(column.clone())
                .or_insert_with(|| value.clone());
        }
    }
    for column in &table.columns {
        if values.contains_key(&column.name) || fills_itself(schema.engine, table, column) {
            continue;
        }
        if column.filling.is_some() && dice.of(2) == 0 {
            continue;
        }
        if column.nullable && rarely(dice) {
            values.insert(column.name.clone(), "NULL".to_owned());
            continue;
        }
        let kind = kind_of(schema, column);
        let words = checks_on(schema, table, column);
        values.insert(
            column.name.clone(),
            kind::literal(schema.engine, &kind, &words, dice, attempt),
        );
    }
    Ok(values)
}

fn fills_itself(engine: Engine, table: &Table, column: &Column) -> bool {
    match &column.filling {
        Some(Filling::Generated(_) | Filling::Identity(_)) => true,
        Some(Filling::Default(value)) => value.starts_with("nextval("),
        // The number of the row.
        None => {
            engine == Engine::Sqlite
                && !table.options.contains("WITHOUT ROWID")
                && crate::schema::row_number(&table.source) == Some(column.name.to_lowercase())
        }
    }
}

fn kind_of(schema: &LiveSchema, column: &Column) -> Kind {
    match schema.engine {
        Engine::Sqlite => sqlite::kind(&column.kind),
        Engine::Postgres => postgres::kind(schema, &column.kind),
    }
}

/// What checks say that speak of the column, and what its domain says.
fn checks_on(schema: &LiveSchema, table: &Table, column: &Column) -> Vec<String> {
    let speaks = |text: &&String| {
        text.to_uppercase().starts_with("CHECK")
            && text
                .split(|letter: char| !(letter.is_alphanumeric() || letter == '_'))
                .any(|word| word.eq_ignore_ascii_case(&column.name))
    };
    let checks = table.constraints.values().filter(speaks).cloned();
    checks
        .chain(schema.types.get(&column.kind).cloned())
        .collect()
}

/// A foreign key as data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ForeignKey {
    /// This table's columns.
    pub(crate) columns: Vec<String>,
    /// The other table.
    pub(crate) table: String,
    /// The other table's columns; none are its primary key.
    pub(crate) others: Vec<String>,
    /// What else is said of it: `ON DELETE CASCADE`.
    pub(crate) rest: String,
}

/// The foreign keys of a table.
pub(crate) fn foreign_keys(engine: Engine, table: &Table) -> Vec<ForeignKey> {
    let constraints = table.constraints.iter();
    let keys = constraints.filter_map(|(name, text)| match engine {
        Engine::Sqlite => sqlite::foreign_key(name, text),
        Engine::Postgres => postgres::foreign_key(text),
    });
    keys.collect()
}

/// The keys of some of the parent's rows, as literals.
async fn parent_rows(
    db: &impl ConnectionTrait,
    schema: &LiveSchema,
    key: &ForeignKey,
) -> Result<Vec<Vec<String>>, DbErr> {
    let others = if key.others.is_empty() {
        let parent = schema.tables.get(&key.table);
        parent.map_or_else(Vec::new, |table| primary_key(schema.engine, table))
    } else {
        key.others.clone()
    };
    if others.is_empty() || !schema.tables.contains_key(&key.table) {
        return Ok(Vec::new());
    }
    let literals: Vec<String> = others
        .iter()
        .map(|name| literal_of(schema.engine, name))
        .collect();
    let sql = format!(
        "SELECT {} FROM {} LIMIT {PARENTS}",
        literals.join(", "),
        quoted(&key.table)
    );
    let rows = db
        .query_all_raw(Statement::from_string(schema.engine.backend(), sql))
        .await?;
    rows.iter()
        .map(|row| {
            (0..others.len())
                .map(|at| row.try_get_by_index(at))
                .collect()
        })
        .collect()
}

/// An expression for what a column holds, as SQL writes it.
pub(crate) fn literal_of(engine: Engine, column: &str) -> String {
    match engine {
        Engine::Sqlite => sqlite::literal_of(&quoted(column)),
        Engine::Postgres => postgres::literal_of(&quoted(column)),
    }
}

/// The columns of the primary key.
pub(crate) fn primary_key(engine: Engine, table: &Table) -> Vec<String> {
    match engine {
        Engine::Sqlite => {
            let keys = table.constraints.keys();
            let mut keys = keys.filter_map(|name| name.strip_prefix("primary key ("));
            let found = keys.find_map(|rest| rest.strip_suffix(')'));
            found.map_or_else(
                || {
                    let number = crate::schema::row_number(&table.source);
                    let mut columns = table.columns.iter();
                    let column = columns.find(|one| Some(one.name.to_lowercase()) == number);
                    column.map(|one| vec![one.name.clone()]).unwrap_or_default()
                },
                |names| names.split(", ").map(str::to_owned).collect(),
            )
        }
        Engine::Postgres => {
            let mut keys = table.constraints.values();
            let key = keys.find_map(|text| text.strip_prefix("PRIMARY KEY ("));
            key.map_or_else(Vec::new, postgres::names)
        }
    }
}

/// The tables in such an order that each refers only to those before it, as far as there is one.
/// What a virtual table is, or keeps its own things in, is left out.
pub(crate) fn parents_first(schema: &LiveSchema) -> Vec<String> {
    let is_virtual = |table: &Table| table.source.to_uppercase().starts_with("CREATE VIRTUAL");
    let mut left: BTreeSet<&String> = schema
        .tables
        .iter()
        .filter(|(_, table)| !is_virtual(table))
        .map(|(name, _)| name)
        .collect();
    left.retain(|name| {
        !schema.tables[*name]
            .options
            .iter()
            .any(|one| one.starts_with("PARTITION OF"))
    });
    let mut order = Vec::new();
    while !left.is_empty() {
        let waits = |name: &String, optional: bool| {
            let table = &schema.tables[name];
            foreign_keys(schema.engine, table).into_iter().any(|key| {
                let nullable = || {
                    let of = |name: &String| table.columns.iter().find(|one| one.name == *name);
                    key.columns.iter().filter_map(of).all(|one| one.nullable)
                };
                key.table != *name && left.contains(&key.table) && !(optional && nullable())
            })
        };
        let free = left.iter().copied().find(|name| !waits(name, false));
        let free = free.or_else(|| left.iter().copied().find(|name| !waits(name, true)));
        let next = free.or_else(|| left.first().copied());
        if let Some(next) = next {
            left.remove(next);
            order.push(next.clone());
        }
    }
    order
}
