//! Schemas as data: what a live database holds, what the entities want, and the difference.
//!
//! Both sides of a comparison are read from a catalogue by the same queries, so that no type or
//! expression has to be brought into a common form by hand: the entities' schema is made in a
//! database first, then read like any other. What differs is told by [`difference`], and
//! [`change::statements`] says how to get from one to the other: forth, or back with the two
//! exchanged.

pub mod change;
pub mod ddl;
mod difference;
mod name;
mod postgres;
mod rename;
pub mod scratch;
mod script;
mod sqlite;
mod tokens;

use std::collections::{BTreeMap, BTreeSet};

use sea_orm_migration::sea_orm::{ConnectionTrait, DbErr};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

pub use difference::{Change, Difference, Object, difference};
pub(crate) use name::{literal, quoted};
pub(crate) use postgres::check_place;
pub use rename::Renames;
pub(crate) use rename::{is_like, mentions};
pub(crate) use sqlite::{row_number, squeezed};

use crate::engine::Engine;

/// Tables that belong to the history of a schema, not to the entities.
pub const BOOKKEEPING: &[&str] = &[
    "__drizzle_migrations",
    "_prisma_migrations",
    "alembic_version",
    "chancery_adoption",
    "chancery_backfills",
    "chancery_import_changes",
    "chancery_import_rows",
    "chancery_migration_lease",
    "chancery_migration_log",
    "chancery_migrations",
    "chancery_seaql_migrations",
    "seaql_migrations",
];

/// What a database holds, as its catalogue tells it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiveSchema {
    /// Whose catalogue told it.
    pub engine: Engine,
    /// Tables, by name.
    pub tables: BTreeMap<String, Table>,
    /// Views, by name.
    pub views: BTreeMap<String, View>,
    /// Enum types and their values in order; none on `SQLite`.
    pub enums: BTreeMap<String, Vec<String>>,
    /// Domains and composite types by name, and what makes them; none on `SQLite`.
    pub types: BTreeMap<String, String>,
    /// Functions by signature, and their definitions; none on `SQLite`.
    pub functions: BTreeMap<String, String>,
    /// Sequences that no identity column stands behind; none on `SQLite`.
    pub sequences: BTreeMap<String, Sequence>,
    /// Extensions of the database; none on `SQLite`.
    pub extensions: BTreeSet<String>,
    /// The schemas of those that do not stand in the one that is worked in. Nobody compares them.
    #[serde(skip)]
    pub extension_schemas: BTreeMap<String, String>,
    /// Comments, by what they are on: `COLUMN runs.status`; none on `SQLite`.
    pub comments: BTreeMap<String, String>,
    /// Who owns what the [owner](Self::owner) of most does not: `TABLE runs`; none on `SQLite`.
    pub owners: BTreeMap<String, String>,
    /// The role that owns most. Names differ from one database to the next, so nobody compares it.
    #[serde(skip)]
    pub owner: Option<String>,
    /// What few schemas have, by what `DROP` calls it: `AGGREGATE total(integer)`, `CAST (a AS b)`; none
    /// on `SQLite`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub others: BTreeMap<String, String>,
    /// What roles may, where it is not what they may at first: `TABLE runs TO reader`; none on `SQLite`.
    /// Whoever runs a database gives rights as they need them, so no fingerprint tells of them.
    #[serde(skip)]
    pub grants: BTreeMap<String, String>,
}

/// A table.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table {
    /// What is said of the table as a whole: `STRICT`, `UNLOGGED`, `ROW LEVEL SECURITY`, its parents,
    /// storage parameters, or a virtual table's whole definition; and of its columns beside what they
    /// are: `COLUMN n SET STATISTICS 500`.
    pub options: BTreeSet<String>,
    /// Its columns, in order.
    pub columns: Vec<Column>,
    /// Keys, uniques, checks, exclusions and foreign keys, by name.
    pub constraints: BTreeMap<String, String>,
    /// Indexes that no constraint stands behind, by name.
    pub indexes: BTreeMap<String, String>,
    /// Triggers, by name.
    pub triggers: BTreeMap<String, String>,
    /// Policies of row-level security, by name.
    pub policies: BTreeMap<String, String>,
    /// The catalogue's own number of the table. Nobody compares it, and it stands in fingerprints as 0.
    pub oid: i64,
    /// `CREATE TABLE` as it was written, where the catalogue keeps it (`SQLite`). Nobody compares it.
    pub source: String,
    /// Its parts as they were written. Nobody compares them.
    #[serde(skip)]
    pub written: Written,
}

/// Definitions as somebody wrote them, where the catalogue keeps that (`SQLite`): what is compared is in a
/// common form, which does not always mean the same, since a text may stand in the quotes of a name. Any
/// two are equal.
#[derive(Clone, Debug, Default)]
pub struct Written(BTreeMap<(Part, String), String>);

/// What is written of a table or a view.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Part {
    View,
    Index,
    Trigger,
    Check,
}

impl PartialEq for Written {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Written {}

impl Written {
    fn keep(&mut self, part: Part, name: &str, text: String) {
        self.0.insert((part, name.to_owned()), text);
    }

    /// The definition as it was written; what is `compared` where nobody knows.
    pub(crate) fn or<'t>(&'t self, part: Part, name: &str, compared: &'t str) -> &'t str {
        let known = self.0.get(&(part, name.to_owned()));
        known.map_or(compared, String::as_str)
    }
}

/// A column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type, as the engine spells it, with its collation where that is not the type's own.
    pub kind: String,
    /// Whether it may be null.
    pub nullable: bool,
    /// What fills it where nobody says anything.
    pub filling: Option<Filling>,
    /// The catalogue's own number of the column, which a renamed column keeps. Nobody compares it.
    pub number: i32,
}

/// What fills a column where a row says nothing of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Filling {
    /// An expression, computed when the row is made.
    Default(String),
    /// An expression over the row's other columns, always.
    Generated(String),
    /// A sequence of its own: `ALWAYS` or `BY DEFAULT`.
    Identity(String),
}

/// A view.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct View {
    /// What makes it, whole.
    pub create: String,
    /// Whether its rows are kept.
    pub materialized: bool,
    /// The indexes on its rows, by name.
    pub indexes: BTreeMap<String, String>,
    /// What is done instead of writing to it, by name: triggers, and rules.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub triggers: BTreeMap<String, String>,
    /// It and its triggers as they were written. Nobody compares them.
    #[serde(skip)]
    pub written: Written,
}

/// A sequence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sequence {
    /// How it counts, as `CREATE SEQUENCE` says it.
    pub definition: String,
    /// The column that it goes with, `table.column`.
    pub owned_by: Option<String>,
}

impl LiveSchema {
    /// What the database behind `db` holds, in the schema that `db` works in.
    pub async fn read(db: &impl ConnectionTrait) -> Result<Self, DbErr> {
        match Engine::of(db)? {
            Engine::Sqlite => sqlite::read(db).await,
            Engine::Postgres => postgres::read(db).await,
        }
    }

    /// A schema of `engine` with nothing in it.
    pub fn empty(engine: Engine) -> Self {
        Self {
            engine,
            tables: BTreeMap::new(),
            views: BTreeMap::new(),
            enums: BTreeMap::new(),
            types: BTreeMap::new(),
            functions: BTreeMap::new(),
            sequences: BTreeMap::new(),
            extensions: BTreeSet::new(),
            extension_schemas: BTreeMap::new(),
            comments: BTreeMap::new(),
            owners: BTreeMap::new(),
            owner: None,
            others: BTreeMap::new(),
            grants: BTreeMap::new(),
        }
    }

    /// The same without the tables called `names`.
    #[must_use]
    pub fn without(mut self, names: &[&str]) -> Self {
        self.tables
            .retain(|name, _| !names.contains(&name.as_str()));
        self
    }

    /// Have roles keep the rights that they have in `live`, beside those that this says.
    pub(crate) fn keep_rights(&mut self, live: &Self) {
        for (what, rights) in &live.grants {
            let known = self.grants.entry(what.clone());
            known.or_insert_with(|| rights.clone());
        }
    }

    /// A number that equal schemas share: SHA-256, in hexadecimal, of all that [`difference`]
    /// compares.
    pub fn fingerprint(&self) -> String {
        let mut plain = self.clone();
        for table in plain.tables.values_mut() {
            *table = table.plain();
        }
        let bytes = serde_json::to_vec(&plain).unwrap_or_default();
        hex::encode(Sha256::digest(bytes))
    }
}

impl View {
    /// What it shows, without its own name.
    pub(crate) fn body(&self) -> &str {
        let body = self.create.split_once(" AS");
        body.map_or(&self.create, |(_, body)| body)
    }
}

impl Table {
    /// The table with nothing that nobody compares.
    pub(crate) fn plain(&self) -> Self {
        let mut plain = self.clone();
        plain.oid = 0;
        plain.source.clear();
        for column in &mut plain.columns {
            column.number = 0;
        }
        plain
    }
}
