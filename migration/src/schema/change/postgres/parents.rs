//! Tables that inherit from others: what is done to a parent is done to its children by the server.

use super::super::super::name::{quoted, unquoted};
use super::super::super::{Column, Filling, Table};
use super::super::Statement;
use super::super::table::common;
use super::moved::has_other_columns;
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

    /// Whether a column counts, or does no more, with that of the table it is a partition of: the server
    /// says where, by its version.
    pub(super) fn counts_above(&self, table: &str, old: &Column, new: &Column) -> bool {
        let counts = |one: &Column| matches!(one.filling, Some(Filling::Identity(_)));
        let is_partition = self.to.tables.get(table).is_some_and(partitions::is_part);
        is_partition
            && (counts(old) || counts(new))
            && self.a_parent_has(table, |_, from, to| {
                let mut pairs = common(from, to).into_iter();
                let above = pairs.find(|(_, above)| above.name == new.name);
                above.is_some_and(|(before, after)| before.filling != after.filling)
            })
    }

    /// Whether a column gets another type with a parent's.
    pub(super) fn retypes_above(&self, table: &str, new: &Column) -> bool {
        self.a_parent_has(table, |_, from, to| {
            let mut pairs = common(from, to).into_iter();
            let above = pairs.find(|(_, above)| above.name == new.name);
            above.is_some_and(|(before, after)| self.moved.retypes(before, after))
        })
    }

    /// Say where a column is inherited from two tables and gets another type: the server gives it to none
    /// of them while it is the other's.
    pub(super) fn refuse_two_parents(&mut self) {
        let mut found = Vec::new();
        for (name, from) in &self.from.tables {
            for column in &from.columns {
                let retypes = |parent: &String| {
                    let (from, to) = (&self.from.tables[parent], &self.to.tables[parent]);
                    let mut both = common(from, to).into_iter();
                    let of = both.find(|(_, new)| new.name == column.name);
                    of.is_some_and(|(old, new)| {
                        self.moved.retypes(old, new) && !self.retypes_above(parent, new)
                    })
                };
                let parents: Vec<String> = self.parents(name).filter(retypes).collect();
                if let [first, second, ..] = parents.as_slice() {
                    found.push(Statement::refusing(&format!(
                        "no statement gives {name}.{} another type while it is inherited from both {first} and \
                         {second}: say ALTER TABLE {name} NO INHERIT {second} first, and INHERIT again behind it",
                        column.name
                    )));
                }
            }
        }
        self.out.append(&mut found);
    }

    /// Whether what is done to the columns of a table above is done to this one's.
    pub(super) fn follows(&self, table: &str) -> bool {
        self.parents(table).any(|parent| {
            let (was, to) = (&self.was.tables[&parent], &self.to.tables[&parent]);
            has_other_columns(&self.moved, was, to) || self.follows(&parent)
        })
    }

    /// The tables that inherit from this one, and those below them.
    fn below(&self, table: &str) -> Vec<String> {
        let mut found = vec![table.to_owned()];
        let mut at = 0;
        while let Some(above) = found.get(at).cloned() {
            for name in self.from.tables.keys() {
                if !found.contains(name) && self.parents(name).any(|parent| parent == above) {
                    found.push(name.clone());
                }
            }
            at += 1;
        }
        found.split_off(1)
    }

    /// Know that the server has done to the columns below what was done to this one.
    pub(super) fn below_follows(&mut self, table: &str, column: &str, done: impl Fn(&mut Column)) {
        for name in self.below(table) {
            let below = self.from.tables.get_mut(&name).into_iter();
            let mut columns = below.flat_map(|below| &mut below.columns);
            if let Some(below) = columns.find(|one| one.name == column) {
                done(below);
            }
        }
    }

    /// Know that tables below have a new column, too.
    pub(super) fn below_gets(&mut self, table: &str, new: &Column) {
        for name in self.below(table) {
            if let Some(below) = self.from.tables.get_mut(&name)
                && !has(below, &new.name)
            {
                below.columns.push(new.clone());
            }
        }
    }

    /// Know that a default, or what is computed, was taken away or said below, too.
    pub(super) fn below_refills(&mut self, table: &str, old: Option<&Filling>, new: &Column) {
        let goes = matches!(old, Some(Filling::Default(_) | Filling::Generated(_)));
        let said = match &new.filling {
            Some(Filling::Default(_)) => new.filling.clone(),
            _ if goes => None,
            _ => return,
        };
        self.below_follows(table, &new.name, |below| {
            if !matches!(below.filling, Some(Filling::Identity(_))) {
                below.filling.clone_from(&said);
            }
        });
    }

    /// Drop the defaults that tables below have of their own: none becomes one of another type by itself.
    pub(super) fn drop_defaults_below(&mut self, table: &str, column: &str) {
        for name in self.below(table) {
            let below = self.from.tables.get(&name).into_iter();
            let mut columns = below.flat_map(|below| &below.columns);
            let is_it = |one: &&Column| {
                one.name == column && matches!(one.filling, Some(Filling::Default(_)))
            };
            if columns.find(is_it).is_some() {
                let (name, column) = (quoted(&name), quoted(column));
                self.push(format!(
                    "ALTER TABLE {name} ALTER COLUMN {column} DROP DEFAULT"
                ));
            }
        }
    }
}

fn has(table: &Table, column: &str) -> bool {
    table.columns.iter().any(|one| one.name == column)
}

pub(super) fn set(option: &str) -> Option<String> {
    let parent = option.strip_prefix(INHERITS)?;
    Some(format!("INHERIT {parent}"))
}

fn unset(option: &str) -> Option<String> {
    let parent = option.strip_prefix(INHERITS)?;
    Some(format!("NO INHERIT {parent}"))
}
