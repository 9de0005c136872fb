//! How to get from one schema to another: the statements, in the order in which they run. The way
//! back is the same question with the two exchanged.

mod postgres;
mod sqlite;
mod table;

use std::collections::BTreeMap;

use serde::Serialize;

pub(crate) use postgres::carried::GIVE_BACK;
pub(crate) use postgres::cast::cast;

use super::{LiveSchema, Renames, Table};
use crate::engine::Engine;

/// One statement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Statement {
    /// The SQL, without a semicolon at its end.
    pub sql: String,
    /// What is lost by it that the way back does not bring again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub loses: Option<String>,
    /// Where it fails, so that nothing happens: `where a row of runs has PAUSED`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fails: Option<String>,
}

impl Statement {
    pub(crate) fn new(sql: impl Into<String>) -> Self {
        Self {
            sql: sql.into(),
            loses: None,
            fails: None,
        }
    }

    fn losing(sql: impl Into<String>, loses: impl Into<String>) -> Self {
        Self {
            loses: Some(loses.into()),
            ..Self::new(sql)
        }
    }

    fn failing(sql: impl Into<String>, fails: impl Into<String>) -> Self {
        Self {
            fails: Some(fails.into()),
            ..Self::new(sql)
        }
    }

    /// What stands for a change that no statement makes: it says so, and stops the others.
    fn refusing(why: &str) -> Self {
        Self::new(format!("{REFUSAL}{}'; END $$", why.replace('\'', "''")))
    }

    /// Why there is no statement for it, where there is none.
    pub(crate) fn refusal(&self) -> Option<String> {
        let why = self.sql.strip_prefix(REFUSAL)?.strip_suffix("'; END $$")?;
        Some(why.replace("''", "'"))
    }
}

const REFUSAL: &str = "DO $$ BEGIN RAISE EXCEPTION '";

/// What else there is to know of a change.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// What is the same under another name.
    pub renames: Renames,
    /// Whether columns must stand in the order of `to`. A table is made anew for that, so a column
    /// that an entity has in its middle is rather added at the end.
    pub in_order: bool,
    /// What the rows that are there have in a new column, by table and column: an expression.
    pub fills: BTreeMap<(String, String), String>,
    /// Whether a client that goes on after an error may run it, as the shell of `SQLite` does: no row is
    /// lost by that.
    pub guarded: bool,
    /// Whether it runs where roles may have rights of which `from` says nothing, as a step does: they keep
    /// them on what is made anew.
    pub carries_rights: bool,
}

impl Options {
    fn fill(&self, table: &str, column: &str) -> Option<&String> {
        self.fills.get(&(table.to_owned(), column.to_owned()))
    }
}

/// What makes of a database with the schema `from` one with the schema `to`. On `SQLite` it wants
/// `PRAGMA foreign_keys` off, and `PRAGMA legacy_alter_table` on, where it makes tables anew
/// ([`rebuilds`]).
pub fn statements(from: &LiveSchema, to: &LiveSchema, options: &Options) -> Vec<Statement> {
    match to.engine {
        Engine::Postgres => postgres::statements(from, to, options),
        Engine::Sqlite => sqlite::statements(from, to, options),
    }
}

/// `statements` as somebody runs them by hand, with what `SQLite` must be told before and after it makes
/// tables anew. All are for one session.
pub fn framed(engine: Engine, statements: Vec<Statement>) -> Vec<Statement> {
    if engine == Engine::Sqlite && rebuilds(&statements) {
        return sqlite::framed(statements);
    }
    statements
}

/// `from` with the names that constraints and indexes have in `to`, where they are the same under
/// another name.
pub(crate) fn with_new_names(mut from: LiveSchema, to: &LiveSchema) -> LiveSchema {
    for part in [table::Part::Constraint, table::Part::Index] {
        table::renamed_parts(&mut from, to, part);
    }
    from
}

/// Whether every row of a table is written anew when it becomes `to`.
pub(crate) fn is_remade(from: &Table, to: &Table) -> bool {
    table::is_rewritten(from, to)
}

/// Whether `statements` rename a table, or make one anew under its name.
pub fn rebuilds(statements: &[Statement]) -> bool {
    let renames =
        |one: &Statement| one.sql.starts_with("ALTER TABLE ") && one.sql.contains(" RENAME TO ");
    statements.iter().any(renames)
}

/// What a table is called while it is made anew.
const ASIDE: &str = "__before";
