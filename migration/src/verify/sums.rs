//! What rows say, as numbers that do not depend on their order.

use std::collections::BTreeMap;

use futures::TryStreamExt;
use sea_orm_migration::sea_orm::{DatabaseConnection, DbErr, QueryResult, Statement, StreamTrait};
use sha2::{Digest, Sha256};

use crate::engine::Engine;
use crate::rows::{literal_of, parents_first};
use crate::schema::{BOOKKEEPING, LiveSchema, quoted};

/// Tables and the columns of each that are looked at.
pub(super) type View = BTreeMap<String, Vec<String>>;

/// What the rows of one table say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Sum {
    pub(super) rows: u64,
    whole: u128,
    columns: BTreeMap<String, u128>,
}

impl Sum {
    /// Whether the column was looked at.
    pub(super) fn has(&self, column: &str) -> bool {
        self.rows == 0 || self.columns.contains_key(column)
    }

    /// The same for some of the columns. Rows as wholes are not told apart then, where that is fewer.
    pub(super) fn of(mut self, columns: &[String]) -> Self {
        if self.columns.len() != columns.len() {
            self.columns.retain(|name, _| columns.contains(name));
            self.whole = 0;
        }
        self
    }
}

/// Everything of a schema that has rows of its own.
pub(super) fn all(schema: &LiveSchema) -> View {
    let names = parents_first(schema).into_iter();
    let names = names.filter(|name| !BOOKKEEPING.contains(&name.as_str()));
    names
        .map(|name| {
            let columns = schema.tables[&name].columns.iter();
            let columns = columns.map(|column| column.name.clone()).collect();
            (name, columns)
        })
        .collect()
}

/// What two schemas both have.
pub(super) fn common(one: &LiveSchema, other: &LiveSchema) -> View {
    let mut view = all(one);
    view.retain(|name, _| other.tables.contains_key(name));
    for (name, columns) in &mut view {
        let has = |column: &String| {
            let mut columns = other.tables[name].columns.iter();
            columns.any(|one| one.name == *column)
        };
        columns.retain(has);
    }
    view
}

/// What the rows of `view` say. What is `forgiven`, as `table.column`, does not count in a row as a
/// whole, so that the rest of it still does.
pub(super) async fn sums(
    db: &DatabaseConnection,
    engine: Engine,
    view: &View,
    forgiven: &[String],
) -> Result<BTreeMap<String, Sum>, DbErr> {
    let mut sums = BTreeMap::new();
    for (table, columns) in view {
        let counts = |column: &String| !forgiven.contains(&format!("{table}.{column}"));
        let counts: Vec<bool> = columns.iter().map(counts).collect();
        sums.insert(
            table.clone(),
            sum(db, engine, table, columns, &counts).await?,
        );
    }
    Ok(sums)
}

async fn sum(
    db: &DatabaseConnection,
    engine: Engine,
    table: &str,
    columns: &[String],
    counts: &[bool],
) -> Result<Sum, DbErr> {
    let literals: Vec<String> = columns
        .iter()
        .map(|name| literal_of(engine, name))
        .collect();
    let literals = if literals.is_empty() {
        "'none'".to_owned()
    } else {
        literals.join(", ")
    };
    let sql = format!("SELECT {literals} FROM {}", quoted(table));
    let mut rows = db
        .stream_raw(Statement::from_string(engine.backend(), sql))
        .await?;
    let mut sum = Sum::default();
    while let Some(row) = rows.try_next().await? {
        let mut whole = Sha256::new();
        for (at, (column, counts)) in columns.iter().zip(counts).enumerate() {
            let value = bytes(&row, engine, at)?;
            let held = sum.columns.entry(column.clone()).or_default();
            *held = held.wrapping_add(number(Sha256::digest(&value).as_slice()));
            if *counts {
                whole.update(&value);
                whole.update([0]);
            }
        }
        sum.rows += 1;
        sum.whole = sum.whole.wrapping_add(number(whole.finalize().as_slice()));
    }
    Ok(sum)
}

/// A literal's bytes. A text of `SQLite` is what somebody put there, and need not be UTF-8.
fn bytes(row: &QueryResult, engine: Engine, at: usize) -> Result<Vec<u8>, DbErr> {
    match engine {
        Engine::Sqlite => row.try_get_by_index(at),
        Engine::Postgres => row.try_get_by_index(at).map(String::into_bytes),
    }
}

fn number(digest: &[u8]) -> u128 {
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    u128::from_le_bytes(bytes)
}

/// In what the rows differ, a line for each table. What `forgiven` names, a table or `table.column`,
/// may differ.
pub(super) fn changes(
    before: &BTreeMap<String, Sum>,
    after: &BTreeMap<String, Sum>,
    forgiven: &[String],
) -> Vec<String> {
    let mut found = Vec::new();
    for (table, old) in before {
        let Some(new) = after.get(table) else {
            continue;
        };
        let same =
            old == new || (old.whole == 0 && (old.rows, &old.columns) == (new.rows, &new.columns));
        if same || forgiven.contains(table) {
            continue;
        }
        if old.rows != new.rows {
            found.push(format!("{table} has {} of {} rows", new.rows, old.rows));
            continue;
        }
        let is_forgiven = |column: &str| forgiven.contains(&format!("{table}.{column}"));
        let moved = |(column, sum): &(&String, &u128)| new.columns.get(*column) != Some(*sum);
        let columns: Vec<&str> = old
            .columns
            .iter()
            .filter(moved)
            .filter(|(column, _)| !is_forgiven(column))
            .map(|(column, _)| column.as_str())
            .collect();
        // Each column holds what it did, in other rows.
        if columns.is_empty() && old.whole != 0 && old.whole != new.whole {
            found.push(format!("the rows of {table} are mixed up"));
        }
        for column in columns {
            found.push(format!("{table}.{column} holds something else"));
        }
    }
    found
}
