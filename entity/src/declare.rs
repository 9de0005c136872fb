//! What `SeaORM`'s macros cannot say about a table, said as data beside the entity: composite,
//! partial, descending and expression indexes, checks, full-text search, engine-specific objects,
//! and which columns are secret. DDL, `diff`, the both-ways test and the explore engine read it.

use sea_orm::EntityTrait;

/// The part of a table's definition that stands beside its entity.
#[derive(Clone, Copy, Debug)]
pub struct Declaration {
    /// What the table was called before. It stays until a step has renamed the table everywhere;
    /// a column says the same by `#[sea_orm(renamed_from = "…")]`.
    pub renamed_from: Option<&'static str>,
    /// Indexes beyond the primary key and the columns' own `unique`.
    pub indexes: &'static [Index],
    /// Checks beyond those that follow from the columns' types.
    pub checks: &'static [Check],
    /// Columns that never leave: no field, filter, order, group key, cursor, history or export.
    pub secrets: &'static [&'static str],
    /// Full-text search, where the table has one.
    pub search: Option<Search>,
    /// Objects that only one engine has (functions, triggers, virtual tables).
    pub objects: Objects,
}

impl Declaration {
    /// Nothing but what the entity says.
    pub const PLAIN: Self = Self {
        renamed_from: None,
        indexes: &[],
        checks: &[],
        secrets: &[],
        search: None,
        objects: Objects {
            postgres: &[],
            sqlite: &[],
        },
    };
}

/// An entity that has a [`Declaration`].
pub trait Declared: EntityTrait {
    /// What the macros cannot say about the table.
    const DECLARATION: Declaration;
}

/// An index. A part is a column name, or a column with its direction (`last_used DESC NULLS LAST`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Index {
    /// The name; without one it is made from the table and its columns, as `PostgreSQL` would.
    pub name: Option<&'static str>,
    /// The parts, first to last.
    pub parts: &'static [&'static str],
    /// Whether two rows may not share the parts.
    pub unique: bool,
    /// The predicate of a partial index, in SQL that both engines read.
    pub filter: Option<&'static str>,
    /// Good to have, not part of the contract: `drift` names its absence a recommendation.
    pub recommended: bool,
}

impl Index {
    /// A plain index over `parts`.
    pub const fn on(parts: &'static [&'static str]) -> Self {
        Self {
            name: None,
            parts,
            unique: false,
            filter: None,
            recommended: false,
        }
    }

    /// A unique index over `parts`.
    pub const fn unique(parts: &'static [&'static str]) -> Self {
        Self {
            unique: true,
            ..Self::on(parts)
        }
    }

    /// Only the rows that satisfy `predicate`.
    #[must_use]
    pub const fn filter(self, predicate: &'static str) -> Self {
        Self {
            filter: Some(predicate),
            ..self
        }
    }

    /// Under a name of its own, where the made one would be too long or is already fixed.
    #[must_use]
    pub const fn named(self, name: &'static str) -> Self {
        Self {
            name: Some(name),
            ..self
        }
    }

    /// Optional on an adopted database.
    #[must_use]
    pub const fn recommended(self) -> Self {
        Self {
            recommended: true,
            ..self
        }
    }

    /// The index's name on `table`: `{table}_{column}…_idx`, or `_key` when unique.
    pub fn name_on(&self, table: &str) -> String {
        if let Some(name) = self.name {
            return name.to_owned();
        }
        let mut name = table.to_owned();
        for part in self.parts {
            name.push('_');
            name.push_str(part.split_whitespace().next().unwrap_or(part));
        }
        name.push_str(if self.unique { "_key" } else { "_idx" });
        name
    }
}

/// A check constraint, in SQL that both engines read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Check {
    /// The constraint's name.
    pub name: &'static str,
    /// The condition that every row satisfies.
    pub condition: &'static str,
}

impl Check {
    /// A check called `name`.
    pub const fn new(name: &'static str, condition: &'static str) -> Self {
        Self { name, condition }
    }
}

/// Full-text search over one text of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Search {
    /// The column whose text is searched.
    pub column: &'static str,
    /// The `tsvector` column on `PostgreSQL`: in the table, but no field of the entity.
    pub vector: &'static str,
    /// The FTS5 table on `SQLite`.
    pub fts_table: &'static str,
}

/// DDL of objects that only one engine has, in the order in which they are made. A column that is
/// no field of the entity (a `tsvector`) is added here, last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Objects {
    /// For `PostgreSQL`.
    pub postgres: &'static [&'static str],
    /// For `SQLite`.
    pub sqlite: &'static [&'static str],
}
