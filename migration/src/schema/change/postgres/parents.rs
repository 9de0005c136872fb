//! Tables that inherit from others: what is done to a parent is done to its children by the server.

use super::super::super::name::{quoted, unquoted};
use super::super::super::{Column, Table};
use super::super::table::common;
use super::{Plan, partitions};

/// How a table tells of a parent.
const INHERITS: &str = "INHERITS ";

impl Plan<'_> {
    /// Have tables leave the parents that they shall not have, and those that cannot go, or be made
    /// anew, while others inherit from them.
    pub(super) fn leave_parents(&mut self) {
        let mut leaving = Vec::new();
        for (name, table) in &self.from.tables {
            for option in &table.options {
                let Some(parent) = option.strip_prefix(INHERITS).map(unquoted) else {
                    continue;
                };
                let to = self.to.tables.get(name);
                let is_wanted = to.is_some_and(|to| to.options.contains(option));
                let moves = self.moved.tables.contains(name) || self.moved.tables.contains(&parent);
                // A table that goes leaves a parent that stays by itself.
                let is_moot = to.is_none() && self.to.tables.contains_key(&parent);
                if (!is_wanted || moves) && !is_moot {
                    leaving.push((name.clone(), option.clone()));
                }
            }
        }
        for (name, option) in leaving {
            if let Some(sql) = unset(&option) {
                self.push(format!("ALTER TABLE {} {sql}", quoted(&name)));
            }
            if let Some(table) = self.from.tables.get_mut(&name) {
                table.options.remove(&option);
            }
        }
    }

    /// The parents that a table has, before and after.
    pub(super) fn parents(&self, table: &str) -> impl Iterator<Item = String> {
        let both = (self.from.tables.get(table), self.to.tables.get(table));
        let mut found = Vec::new();
        if let (Some(from), Some(to)) = both {
            for option in from.options.intersection(&to.options) {
                let parent = match option.strip_prefix(INHERITS) {
                    Some(parent) => Some(parent),
                    None => option
                        .strip_prefix("PARTITION OF ")
                        .and_then(|rest| rest.split(" FOR VALUES ").next())
                        .map(|parent| parent.trim_end_matches(" DEFAULT")),
                };
                found.extend(parent.map(unquoted));
            }
        }
        let stays = |parent: &String| {
            self.from.tables.contains_key(parent) && self.to.tables.contains_key(parent)
        };
        found.retain(stays);
        found.into_iter()
    }

    /// Whether the same is done to one of the table's parents.
    fn a_parent_has(&self, table: &str, same: impl Fn(&str, &Table, &Table) -> bool) -> bool {
        self.parents(table).any(|parent| {
            let (from, to) = (&self.from.tables[&parent], &self.to.tables[&parent]);
            same(&parent, from, to)
        })
    }

    /// Whether a column goes with a parent's.
    pub(super) fn goes_above(&self, table: &str, column: &str) -> bool {
        self.a_parent_has(table, |parent, from, to| {
            let key = (parent.to_owned(), column.to_owned());
            self.moved.columns.contains(&key) || (has(from, column) && !has(to, column))
        })
    }

    /// Whether a column comes with a parent's.
    pub(super) fn comes_above(&self, table: &str, column: &str) -> bool {
        self.a_parent_has(table, |_, from, to| !has(from, column) && has(to, column))
    }

    /// Whether a column becomes another with a parent's. All that is said of a partition's column is
    /// said to its parent.
    pub(super) fn changes_above(&self, table: &str, old: &Column, new: &Column) -> bool {
        let is_partition = self.to.tables.get(table).is_some_and(partitions::is_part);
        self.a_parent_has(table, |_, from, to| {
            let mut pairs = common(from, to).into_iter();
            let above = pairs.find(|(_, above)| above.name == new.name);
            above.is_some_and(|(before, after)| {
                let is_same = is_alike(before, old) && is_alike(after, new);
                let changes = self.moved.retypes(before, after) || !is_alike(before, after);
                is_same || (is_partition && changes)
            })
        })
    }
}

fn has(table: &Table, column: &str) -> bool {
    table.columns.iter().any(|one| one.name == column)
}

fn is_alike(one: &Column, other: &Column) -> bool {
    one.to_string() == other.to_string()
}

pub(super) fn set(option: &str) -> Option<String> {
    let parent = option.strip_prefix(INHERITS)?;
    Some(format!("INHERIT {parent}"))
}

fn unset(option: &str) -> Option<String> {
    let parent = option.strip_prefix(INHERITS)?;
    Some(format!("NO INHERIT {parent}"))
}
