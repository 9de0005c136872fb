//! What is the same under another name. Nothing in two schemas says so by itself: it is named by
//! whoever renames, or told by what a table is made of and where a column stands in it. The
//! catalogue's own numbers of tables say nothing, since the two are seldom of one database.

use std::collections::{BTreeMap, BTreeSet};

use super::name::quoted;
use super::{Column, LiveSchema, Table};
use crate::engine::Engine;

/// Tables and columns under new names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Renames {
    /// Tables: the old name, and the new.
    pub tables: BTreeMap<String, String>,
    /// Columns: the table's new name and the column's old one, and the column's new one.
    pub columns: BTreeMap<(String, String), String>,
}

impl Renames {
    /// What was renamed by hand between `from` and `to`, beside what is `known`: a table is another
    /// where no third is of their shape, a column where it kept its number and its type, and on `SQLite`
    /// alone went and came.
    pub fn between(from: &LiveSchema, to: &LiveSchema, known: &Self) -> Self {
        let mut found = Self {
            tables: known.tables.clone(),
            ..Self::default()
        };
        // Constraints and indexes keep their names when their table is renamed, so of several of one
        // shape it is the one that has them.
        found.pair(from, to, |old, new| {
            shape(old) == shape(new) && names(old) == names(new)
        });
        found.pair(from, to, |old, new| shape(old) == shape(new));
        for (old, table) in &from.tables {
            let new = found.tables.get(old).unwrap_or(old).clone();
            if let Some(other) = to.tables.get(&new) {
                found.columns(from.engine, &new, &table.columns, &other.columns);
            }
        }
        for (key, new) in &known.columns {
            found
                .columns
                .retain(|other, name| other.0 != key.0 || (other.1 != key.1 && name != new));
        }
        found.columns.extend(known.columns.clone());
        found
    }

    /// Tables that went, and are not known to be another, each with those that came and are
    /// `alike`.
    pub(crate) fn candidates(
        &self,
        from: &LiveSchema,
        to: &LiveSchema,
        alike: impl Fn(&Table, &Table) -> bool,
    ) -> BTreeMap<String, Vec<String>> {
        let gone = from
            .tables
            .iter()
            .filter(|(old, _)| !to.tables.contains_key(*old) && !self.tables.contains_key(*old));
        let came = |old: &Table| {
            let new = to.tables.iter().filter(|(new, table)| {
                !from.tables.contains_key(*new)
                    && !self.tables.values().any(|known| known == *new)
                    && alike(old, table)
            });
            new.map(|(new, _)| new.clone()).collect::<Vec<_>>()
        };
        gone.map(|(old, table)| (old.clone(), came(table)))
            .filter(|(_, new)| !new.is_empty())
            .collect()
    }

    /// Have tables that are each other's only candidate be the same.
    fn pair(&mut self, from: &LiveSchema, to: &LiveSchema, alike: impl Fn(&Table, &Table) -> bool) {
        let all = self.candidates(from, to, alike);
        for (old, new) in &all {
            let [new] = new.as_slice() else {
                continue;
            };
            if all
                .iter()
                .all(|(other, of)| other == old || !of.contains(new))
            {
                self.tables.insert(old.clone(), new.clone());
            }
        }
    }

    fn columns(&mut self, engine: Engine, table: &str, from: &[Column], to: &[Column]) {
        let has = |columns: &[Column], name: &str| columns.iter().any(|one| one.name == name);
        let alone = |some: &[Column], others: &[Column]| {
            some.iter().filter(|one| !has(others, &one.name)).count() == 1
        };
        // A column of SQLite is numbered by its place, which it does not keep where one before it went.
        if engine == Engine::Sqlite && !(alone(from, to) && alone(to, from)) {
            return;
        }
        for old in from.iter().filter(|old| !has(to, &old.name)) {
            let is_same = |new: &&Column| {
                new.number == old.number && new.kind == old.kind && !has(from, &new.name)
            };
            if let Some(new) = to.iter().find(is_same) {
                let key = (table.to_owned(), old.name.clone());
                self.columns.insert(key, new.name.clone());
            }
        }
    }

    /// The same renames, back.
    #[must_use]
    pub fn reversed(&self) -> Self {
        let tables = self
            .tables
            .iter()
            .map(|(old, new)| (new.clone(), old.clone()));
        let tables: BTreeMap<_, _> = tables.collect();
        let columns = self.columns.iter().map(|((table, old), new)| {
            let table = tables.get(table).unwrap_or(table).clone();
            ((table, new.clone()), old.clone())
        });
        Self {
            columns: columns.collect(),
            tables,
        }
    }

    /// `schema` with the new names, in definitions too.
    #[must_use]
    pub fn applied(&self, schema: &LiveSchema) -> LiveSchema {
        let mut renamed = schema.clone();
        for (old, new) in &self.tables {
            if let Some(table) = renamed.tables.remove(old) {
                renamed.tables.insert(new.clone(), table);
            }
            for table in renamed.tables.values_mut() {
                for text in definitions(table) {
                    *text = replaced(text, old, new);
                }
                let options = std::mem::take(&mut table.options).into_iter();
                let option = |one: String| {
                    if is_of_column(&one) {
                        return one;
                    }
                    replaced(&one, old, new)
                };
                table.options = options.map(option).collect();
            }
            for texts in [
                &mut renamed.comments,
                &mut renamed.owners,
                &mut renamed.grants,
            ] {
                let pairs = std::mem::take(texts).into_iter();
                *texts = pairs
                    .map(|(on, text)| (replaced(&on, old, new), text))
                    .collect();
            }
        }
        for ((table, old), new) in &self.columns {
            let on = |column: &str| format!("COLUMN {}.{}", quoted(table), quoted(column));
            if let Some(text) = renamed.comments.remove(&on(old)) {
                renamed.comments.insert(on(new), text);
            }
            let Some(table) = renamed.tables.get_mut(table) else {
                continue;
            };
            for column in table.columns.iter_mut().filter(|one| one.name == *old) {
                column.name.clone_from(new);
            }
            for text in definitions(table) {
                *text = replaced(text, old, new);
            }
            let (before, after) = (
                format!("COLUMN {} ", quoted(old)),
                format!("COLUMN {} ", quoted(new)),
            );
            let options = std::mem::take(&mut table.options).into_iter();
            let option = |one: String| match one.strip_prefix(&before) {
                Some(rest) => format!("{after}{rest}"),
                None => one,
            };
            table.options = options.map(option).collect();
        }
        renamed
    }
}

/// Whether an option is said of a column, not of the whole table.
fn is_of_column(option: &str) -> bool {
    option.starts_with("COLUMN ")
}

/// What a table is made of, whatever it and its parts are called.
fn shape(table: &Table) -> (Vec<Column>, BTreeSet<String>) {
    let keys = table.constraints.iter().filter_map(|(name, text)| {
        // SQLite knows a key by its columns, PostgreSQL by its definition.
        let key = if text.is_empty() { name } else { text }.to_lowercase();
        (key.starts_with("primary key") || key.starts_with("unique")).then_some(key)
    });
    (table.plain().columns, keys.collect())
}

/// What a table's parts are called.
fn names(table: &Table) -> BTreeSet<&String> {
    let constraints = table.constraints.keys();
    constraints.chain(table.indexes.keys()).collect()
}

/// Whether the one may have become the other: they share at least half of their columns.
pub(crate) fn is_like(old: &Table, new: &Table) -> bool {
    let is_shared = |one: &&Column| {
        let mut others = new.columns.iter();
        others.any(|other| other.name == one.name && other.kind == one.kind)
    };
    let shared = old.columns.iter().filter(is_shared).count();
    shared > 0 && 2 * shared >= old.columns.len().max(new.columns.len())
}

fn definitions(table: &mut Table) -> impl Iterator<Item = &mut String> {
    table
        .constraints
        .values_mut()
        .chain(table.indexes.values_mut())
        .chain(table.triggers.values_mut())
        .chain(table.policies.values_mut())
}

/// `text` with the name `old` where it stands by itself replaced by `new`.
pub(super) fn replaced(text: &str, old: &str, new: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let is_part = |letter: char| letter.is_alphanumeric() || letter == '_';
    while let Some(at) = rest.find(old) {
        let (before, after) = (&rest[..at], &rest[at + old.len()..]);
        let joined = out
            .chars()
            .chain(before.chars())
            .next_back()
            .is_some_and(is_part);
        out.push_str(before);
        let whole = !joined && !after.starts_with(is_part);
        out.push_str(if whole { new } else { old });
        rest = after;
    }
    out.push_str(rest);
    out
}

/// Whether the name stands by itself somewhere in `text`.
pub(crate) fn mentions(text: &str, name: &str) -> bool {
    replaced(text, name, "") != text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_replaced_where_it_stands_by_itself() {
        let text = "CREATE INDEX runs_idx ON runs (run, runs.id) WHERE runs";
        let expected = "CREATE INDEX runs_idx ON jobs (run, jobs.id) WHERE jobs";
        assert_eq!(replaced(text, "runs", "jobs"), expected);
        assert!(mentions("a.b", "a") && !mentions("ab", "a"));
    }
}
