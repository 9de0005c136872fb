//! What is the same under another name. Nothing in two schemas says so by itself: it is named by
//! whoever renames, or, where both are of one database, told by the catalogue's own numbers.

use std::collections::BTreeMap;

use super::name::quoted;
use super::{Column, LiveSchema, Table};

/// Tables and columns under new names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Renames {
    /// Tables: the old name, and the new.
    pub tables: BTreeMap<String, String>,
    /// Columns: the table's new name and the column's old one, and the column's new one.
    pub columns: BTreeMap<(String, String), String>,
}

impl Renames {
    /// What was renamed in one database between `from` and `to`: it kept its number. A column of
    /// `SQLite`, where the number is but its place, must be alike in all else.
    pub fn between(from: &LiveSchema, to: &LiveSchema) -> Self {
        let mut found = Self::default();
        for (old, table) in &from.tables {
            let is_same = |(name, other): &(&String, &Table)| {
                table.oid != 0 && other.oid == table.oid && !from.tables.contains_key(*name)
            };
            let new = if to.tables.contains_key(old) {
                Some((old, &to.tables[old]))
            } else {
                to.tables.iter().find(is_same)
            };
            let Some((new, other)) = new else {
                continue;
            };
            if new != old {
                found.tables.insert(old.clone(), new.clone());
            }
            found.columns(new, &table.columns, &other.columns);
        }
        found
    }

    fn columns(&mut self, table: &str, from: &[Column], to: &[Column]) {
        let has = |columns: &[Column], name: &str| columns.iter().any(|one| one.name == name);
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
            }
            for texts in [&mut renamed.comments, &mut renamed.owners] {
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
        }
        renamed
    }
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
pub(super) fn mentions(text: &str, name: &str) -> bool {
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
