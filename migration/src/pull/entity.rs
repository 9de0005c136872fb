//! An entity as data, whether it was read from a database or from a file, and the DDL that it means.

use std::collections::BTreeMap;

use super::kind::Kind;
use crate::engine::Engine;
use crate::error::Error;
use crate::schema::{literal, quoted};

/// A table as an entity says it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Entity {
    /// The table.
    pub(super) table: String,
    /// Its columns, in order.
    pub(super) columns: Vec<Field>,
    /// Its foreign keys.
    pub(super) keys: Vec<Key>,
}

/// A column as a field says it.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a word of the column's definition"
)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Field {
    /// The column's name.
    pub(super) column: String,
    /// What it holds.
    pub(super) kind: Kind,
    /// Whether it may be null.
    pub(super) nullable: bool,
    /// Whether it is (part of) the primary key.
    pub(super) primary: bool,
    /// Whether the database counts it up.
    pub(super) counted: bool,
    /// Whether no two rows share a value.
    pub(super) unique: bool,
    /// What fills it, in SQL.
    pub(super) default: Option<String>,
    /// What else stands in its definition.
    pub(super) extra: Option<String>,
}

/// A foreign key as a relation says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Key {
    /// This table's columns.
    pub(super) columns: Vec<String>,
    /// The other table.
    pub(super) table: String,
    /// The other table's columns.
    pub(super) others: Vec<String>,
    /// `Cascade`, `SetNull`, …
    pub(super) on_delete: Option<String>,
    /// As `on_delete`.
    pub(super) on_update: Option<String>,
}

/// The five rules of a foreign key: as `SeaORM` calls them, and as SQL does.
const RULES: [(&str, &str); 5] = [
    ("Cascade", "CASCADE"),
    ("SetNull", "SET NULL"),
    ("SetDefault", "SET DEFAULT"),
    ("Restrict", "RESTRICT"),
    ("NoAction", "NO ACTION"),
];

/// The rule that stands in `text` after `on`, as `SeaORM` calls it.
pub(super) fn rule(text: &str, on: &str) -> Option<String> {
    let text = text.to_uppercase();
    let at = text.find(on)? + on.len();
    let found = RULES
        .iter()
        .find(|(_, sql)| text[at..].trim_start().starts_with(sql));
    // To do nothing is what every key does of which nothing is said.
    found
        .filter(|(name, _)| *name != "NoAction")
        .map(|(name, _)| (*name).to_owned())
}

/// Whether constraints have names where the engine does not give them itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Names {
    Given,
    None,
}

impl Entity {
    /// The columns of the primary key, in order.
    fn primary(&self) -> Vec<String> {
        let keys = self.columns.iter().filter(|column| column.primary);
        keys.map(|column| quoted(&column.column)).collect()
    }

    /// What makes the table; `enums` are the enum types by their Rust names. Its foreign keys are
    /// told apart where the engine can add them later.
    pub(super) fn ddl(
        &self,
        engine: Engine,
        enums: &BTreeMap<String, String>,
        names: Names,
    ) -> Result<(String, Vec<String>), Error> {
        let table = &self.table;
        let constraint = |name: String| match (engine, names) {
            (Engine::Sqlite, Names::None) => String::new(),
            _ => format!("CONSTRAINT {} ", quoted(&name)),
        };
        let mut lines = Vec::new();
        for column in &self.columns {
            lines.push(
                column.ddl(engine, enums).map_err(|error| {
                    Error::Option(format!("{table}.{}: {error}", column.column))
                })?,
            );
        }
        let counted = self.columns.iter().any(|column| column.counted);
        let primary = self.primary();
        if !(primary.is_empty() || engine == Engine::Sqlite && counted) {
            let name = constraint(format!("{table}_pkey"));
            lines.push(format!("{name}PRIMARY KEY ({})", primary.join(", ")));
        }
        for column in self.columns.iter().filter(|column| column.unique) {
            let name = constraint(format!("{table}_{}_key", column.column));
            lines.push(format!("{name}UNIQUE ({})", quoted(&column.column)));
        }
        let mut later = Vec::new();
        for key in &self.keys {
            let name = constraint(format!("{table}_{}_fkey", key.columns.join("_")));
            let line = format!("{name}{}", key.ddl());
            match engine {
                Engine::Sqlite => lines.push(line),
                Engine::Postgres => {
                    later.push(format!("ALTER TABLE {} ADD {line}", quoted(table)));
                }
            }
        }
        let create = format!(
            "CREATE TABLE IF NOT EXISTS {} (\n    {}\n)",
            quoted(table),
            lines.join(",\n    ")
        );
        Ok((create, later))
    }
}

impl Field {
    fn ddl(&self, engine: Engine, enums: &BTreeMap<String, String>) -> Result<String, Error> {
        let mut line = format!("{} {}", quoted(&self.column), self.kind.sql(engine, enums)?);
        if !self.nullable {
            line.push_str(" NOT NULL");
        }
        if self.counted && self.default.is_none() {
            line.push_str(super::counting(engine));
        }
        if let Some(default) = &self.default {
            line.push_str(" DEFAULT ");
            line.push_str(&super::default(engine, default));
        }
        if let Some(extra) = &self.extra {
            line.push(' ');
            line.push_str(extra);
        }
        Ok(line)
    }
}

impl Key {
    fn ddl(&self) -> String {
        let list = |names: &[String]| {
            let names: Vec<String> = names.iter().map(|name| quoted(name)).collect();
            names.join(", ")
        };
        let mut line = format!(
            "FOREIGN KEY ({}) REFERENCES {} ({})",
            list(&self.columns),
            quoted(&self.table),
            list(&self.others)
        );
        for (on, rule) in [
            (" ON UPDATE ", &self.on_update),
            (" ON DELETE ", &self.on_delete),
        ] {
            let sql = RULES
                .iter()
                .find(|(name, _)| Some(*name) == rule.as_deref());
            if let Some((_, sql)) = sql {
                line.push_str(on);
                line.push_str(sql);
            }
        }
        line
    }
}

/// An enum type as a Rust enum says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct EnumType {
    /// The Rust name.
    pub(super) rust: String,
    /// The database's.
    pub(super) name: String,
    /// Its values, in order.
    pub(super) values: Vec<String>,
}

impl EnumType {
    /// What makes it.
    pub(super) fn ddl(&self) -> String {
        let values: Vec<String> = self.values.iter().map(|value| literal(value)).collect();
        format!(
            "CREATE TYPE {} AS ENUM ({})",
            quoted(&self.name),
            values.join(", ")
        )
    }
}
