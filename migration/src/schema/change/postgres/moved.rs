//! What cannot stay while something that it is made of changes: it goes and comes again.

use std::collections::BTreeSet;

use super::super::super::rename::mentions;
use super::super::super::{Column, Filling, Table};
use super::super::table::{appended, common, is_generated};
use super::domains::is_loose;
use super::functions::{hard, is_atomic, name_of, replaces};
use super::types::in_place;
use super::{Plan, others, partitions, ranges, triggers};

/// What goes and comes again, or goes early.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Moved {
    /// Tables that are made anew, by name.
    pub(super) tables: BTreeSet<String>,
    /// Enums, domains and composite types that are made anew.
    pub(super) types: BTreeSet<String>,
    /// The types of many of ranges that are made anew.
    pub(super) multiranges: BTreeSet<String>,
    /// Functions, by signature.
    pub(super) functions: BTreeSet<String>,
    /// What few schemas have, by what `DROP` calls it.
    pub(super) others: BTreeSet<String>,
    pub(super) views: BTreeSet<String>,
    /// Computed columns: table and column.
    pub(super) columns: BTreeSet<(String, String)>,
}

impl Moved {
    /// Whether `text` speaks of a type or a function that moves.
    pub(super) fn is_used_in(&self, text: &str) -> bool {
        self.is_type_in(text) || self.is_function_in(text)
    }

    pub(super) fn is_type_in(&self, text: &str) -> bool {
        let mut all = self.types.iter().chain(&self.multiranges);
        all.any(|name| mentions(text, name))
    }

    pub(super) fn is_function_in(&self, text: &str) -> bool {
        let functions = self.functions.iter().map(|one| name_of(one));
        let others = self.others.iter().filter_map(|one| others::name_of(one));
        let mut names = functions.chain(others);
        names.any(|name| mentions(text, &name))
    }

    /// Whether the column is of another type afterwards.
    pub(super) fn retypes(&self, old: &Column, new: &Column) -> bool {
        old.kind != new.kind || self.is_type_in(&old.kind)
    }
}

impl Plan<'_> {
    /// What moves makes others move, until nothing more does.
    pub(super) fn find_moved(&mut self) {
        loop {
            let before = self.moved.clone();
            self.move_types();
            self.move_functions();
            self.move_others();
            self.move_columns();
            self.move_tables();
            self.move_views();
            if self.moved == before {
                return;
            }
        }
    }

    fn move_types(&mut self) {
        for (name, values) in &self.from.enums {
            let wanted = self.to.enums.get(name);
            if wanted.is_some_and(|wanted| !self.can_add(name, values, wanted)) {
                self.moved.types.insert(name.clone());
            }
        }
        for (name, old) in &self.from.types {
            let Some(new) = self.to.types.get(name) else {
                continue;
            };
            let is_other = old != new && in_place(name, old, new).is_none();
            // A domain does without its checks for a while.
            let is_over =
                self.moved.is_type_in(old) || (self.moved.is_function_in(old) && !is_loose(old));
            if is_other || is_over {
                self.moved.types.insert(name.clone());
                self.moved.multiranges.extend(ranges::many(name, old));
            }
        }
    }

    fn move_functions(&mut self) {
        let goes = |table: &String| {
            !self.to.tables.contains_key(table) || self.moved.tables.contains(table)
        };
        let tables: Vec<&String> = self.from.tables.keys().filter(|one| goes(one)).collect();
        let mut found = BTreeSet::new();
        for (signature, text) in &self.from.functions {
            let (hard, name) = (hard(text), name_of(signature));
            let wanted = self.to.functions.get(signature);
            let calls = |other: &String| name_of(other) != name && mentions(hard, &name_of(other));
            let over = |other: &String| {
                others::name_of(other).is_some_and(|other| other != name && mentions(hard, &other))
            };
            let moves = wanted.is_some_and(|new| !replaces(text, new))
                || self.moved.is_type_in(hard)
                || tables.iter().any(|table| mentions(hard, table))
                || self.moved.views.iter().any(|view| mentions(hard, view))
                || self.moved.functions.iter().any(calls)
                || self.moved.others.iter().any(over)
                || (is_atomic(text) && self.is_over_moved_column(text));
            if moves {
                found.insert(signature.clone());
            }
        }
        self.moved.functions.extend(found);
    }

    fn move_others(&mut self) {
        let mut found = BTreeSet::new();
        for (what, text) in &self.from.others {
            let wanted = self.to.others.get(what);
            let is_other = wanted.is_some_and(|new| new != text);
            if others::may_move(what) && (is_other || self.moved.is_used_in(text)) {
                found.insert(what.clone());
            }
        }
        self.moved.others.extend(found);
    }

    /// Whether `text` speaks of a column that goes or gets another type.
    fn is_over_moved_column(&self, text: &str) -> bool {
        self.from.tables.iter().any(|(name, table)| {
            let wanted = self.to.tables.get(name);
            let moves = |old: &Column| {
                let mut new = wanted.iter().flat_map(|table| &table.columns);
                let new = new.find(|new| new.name == old.name);
                let key = (name.clone(), old.name.clone());
                new.is_none_or(|new| self.moved.retypes(old, new))
                    || self.moved.columns.contains(&key)
            };
            let mut columns = table.columns.iter();
            mentions(text, name) && columns.any(|old| mentions(text, &old.name) && moves(old))
        })
    }

    fn move_columns(&mut self) {
        let mut found = Vec::new();
        for (name, from) in &self.from.tables {
            let Some(to) = self.to.tables.get(name) else {
                continue;
            };
            let both = common(from, to);
            let over_moved = |expression: &str| {
                let mut retyped = both
                    .iter()
                    .filter(|(old, new)| self.moved.retypes(old, new));
                retyped.any(|(old, _)| mentions(expression, &old.name))
                    || self.moved.is_used_in(expression)
            };
            for old in &from.columns {
                let new = to.columns.iter().find(|new| new.name == old.name);
                let moves = match (&old.filling, new) {
                    (_, Some(new)) if is_generated(new) && old.filling != new.filling => true,
                    (Some(Filling::Generated(expression)), None) => {
                        self.moved.is_used_in(expression)
                    }
                    (Some(Filling::Generated(expression)), Some(new)) if is_generated(new) => {
                        self.moved.retypes(old, new) || over_moved(expression)
                    }
                    _ => false,
                };
                if moves {
                    found.push((name.clone(), old.name.clone()));
                }
            }
        }
        self.moved.columns.extend(found);
    }

    /// Only a table that is made anew has its columns in another order.
    fn move_tables(&mut self) {
        if !self.options.in_order {
            return;
        }
        for (name, from) in &self.from.tables {
            let Some(to) = self.to.tables.get(name) else {
                continue;
            };
            if partitions::is_part(from) || partitions::is_part(to) {
                continue;
            }
            let mut kept = from.clone();
            kept.columns.retain(|one| {
                !self
                    .moved
                    .columns
                    .contains(&(name.clone(), one.name.clone()))
            });
            let order = to.columns.iter().map(|one| &one.name);
            if appended(&kept, to).iter().ne(order) {
                self.moved.tables.insert(name.clone());
            }
        }
    }

    fn move_views(&mut self) {
        let tables: Vec<&String> = self.from.tables.keys().collect();
        let tables: Vec<_> = tables
            .into_iter()
            .filter(|one| self.is_moved(one))
            .collect();
        let mut found = BTreeSet::new();
        for (name, view) in &self.from.views {
            let body = view.body();
            let over = |other: &String| other != name && mentions(body, other);
            let wanted = self.to.views.get(name);
            if wanted.is_none_or(|wanted| !triggers::is_same_view(view, wanted))
                || tables.iter().any(|table| mentions(body, table))
                || self.moved.is_used_in(body)
                || self.moved.views.iter().any(over)
            {
                found.insert(name.clone());
            }
        }
        self.moved.views.extend(found);
    }

    /// Tables that go, that stay with a column of another type or without one that they had, or that
    /// are made anew: no view stands over them meanwhile.
    pub(super) fn is_moved(&self, table: &str) -> bool {
        let (Some(from), Some(to)) = (self.from.tables.get(table), self.to.tables.get(table))
        else {
            return true;
        };
        let both = common(from, to);
        self.moved.tables.contains(table)
            || both.iter().any(|(old, new)| self.moved.retypes(old, new))
            || both.len() < from.columns.len()
            || !self.moved_columns(table).is_empty()
    }

    /// The computed columns of a table that go and come again.
    pub(super) fn moved_columns(&self, table: &str) -> Vec<&String> {
        let all = self.moved.columns.iter();
        let of = all.filter(|(name, _)| name == table);
        of.map(|(_, column)| column).collect()
    }
}

/// Whether a table differs in its columns.
pub(super) fn has_other_columns(moved: &Moved, from: &Table, to: &Table) -> bool {
    let both = common(from, to);
    let differ = |(old, new): &(&Column, &Column)| {
        moved.retypes(old, new) || old.nullable != new.nullable || old.filling != new.filling
    };
    both.len() < from.columns.len() || both.len() < to.columns.len() || both.iter().any(differ)
}
