//! Schemas as data: what a live database holds, what the entities want, and the difference.
//!
//! Both sides of a comparison are read from a catalogue by the same queries, so that no type or
//! expression has to be brought into a common form by hand: the entities' schema is made in a
//! database first, then read like any other.

pub mod ddl;
mod difference;
mod postgres;
mod sqlite;

use std::collections::BTreeMap;

use sea_orm_migration::sea_orm::{ConnectionTrait, DbErr};
use serde::Serialize;

pub use difference::{Change, Difference, difference};

use crate::engine::Engine;

/// Tables that belong to the history of a schema, not to the entities.
pub const BOOKKEEPING: &[&str] = &["seaql_migrations", "alembic_version"];

/// What a database holds, as its catalogue tells it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LiveSchema {
    /// Whose catalogue told it.
    pub engine: Engine,
    /// Tables, by name.
    pub tables: BTreeMap<String, Table>,
    /// Views and their definitions.
    pub views: BTreeMap<String, String>,
    /// Enum types and their values in order; none on `SQLite`.
    pub enums: BTreeMap<String, Vec<String>>,
    /// Functions by signature, and their definitions; none on `SQLite`.
    pub functions: BTreeMap<String, String>,
}

/// A table.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Table {
    /// What is said of the table as a whole: `STRICT`, or a virtual table's whole definition.
    pub options: String,
    /// Its columns, in order.
    pub columns: Vec<Column>,
    /// Keys, uniques, checks and foreign keys, by name.
    pub constraints: BTreeMap<String, String>,
    /// Indexes that no constraint stands behind, by name.
    pub indexes: BTreeMap<String, String>,
    /// Triggers, by name.
    pub triggers: BTreeMap<String, String>,
}

/// A column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type, as the engine spells it.
    pub kind: String,
    /// Whether it may be null.
    pub nullable: bool,
    /// Its default, or what it is generated from.
    pub default: Option<String>,
}

impl LiveSchema {
    /// What the database behind `db` holds, in the schema that `db` works in.
    pub async fn read(db: &impl ConnectionTrait) -> Result<Self, DbErr> {
        match Engine::of(db)? {
            Engine::Sqlite => sqlite::read(db).await,
            Engine::Postgres => postgres::read(db).await,
        }
    }

    /// The same without the tables called `names`.
    #[must_use]
    pub fn without(mut self, names: &[&str]) -> Self {
        self.tables
            .retain(|name, _| !names.contains(&name.as_str()));
        self
    }

    fn empty(engine: Engine) -> Self {
        Self {
            engine,
            tables: BTreeMap::new(),
            views: BTreeMap::new(),
            enums: BTreeMap::new(),
            functions: BTreeMap::new(),
        }
    }
}
