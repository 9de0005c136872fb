//! What is made, in the order in which one is made of the other.

use std::collections::BTreeSet;

use super::super::super::rename::mentions;
use super::super::super::{Column, Table};
use super::super::table::common;
use super::functions::{hard, name_of};
use super::moved::has_other_columns;
use super::order::{Thing, bottom_up};
use super::tables::{create, define};
use super::{Plan, others, ranges};

/// One thing that is made or changed.
enum Made {
    Enum(String),
    Type(String),
    Sequence(String),
    Function(String),
    Other(String),
    Table(String),
    Columns(String),
}

fn thing(what: fn(String) -> Made, name: &str, text: String) -> Thing<Made> {
    Thing {
        what: what(name.to_owned()),
        name: name.to_owned(),
        text,
    }
}

impl Plan<'_> {
    /// All but views, and what stands over them.
    pub(super) fn make(&mut self) {
        self.make_extensions();
        self.make_others(others::BEFORE_TYPES);
        let functions = self.missing_functions();
        let late = self.late_functions();
        let mut things = self.missing_types();
        for (signature, text) in &functions {
            if !late.contains(signature) {
                things.push(Thing {
                    what: Made::Function(signature.clone()),
                    name: name_of(signature),
                    text: hard(text).to_owned(),
                });
            }
        }
        things.extend(self.missing_others().map(|one| Thing {
            what: Made::Other(one.what),
            name: one.name,
            text: one.text,
        }));
        things.extend(self.missing_tables());
        let mut others: Vec<String> = self
            .missing_views()
            .into_iter()
            .map(|(name, _)| name)
            .collect();
        let is_function = |one: &Thing<Made>| matches!(one.what, Made::Function(_));
        others.extend(
            things
                .iter()
                .filter(|one| !is_function(one))
                .map(|one| one.name.clone()),
        );
        self.defer_bodies(&functions, &others);
        for one in &mut things {
            one.text = ranges::naming(std::mem::take(&mut one.text), self.to);
        }
        for made in bottom_up(things) {
            match made {
                Made::Enum(name) => self.make_enum(&name),
                Made::Type(name) => self.make_type(&name),
                Made::Sequence(name) => self.make_sequence(&name),
                Made::Function(signature) => self.make_function(&signature),
                Made::Other(what) => self.make_other(&what),
                Made::Table(name) => self.make_table(&name),
                Made::Columns(name) => self.alter_table(&name),
            }
        }
        self.own_sequences();
    }

    fn missing_types(&self) -> Vec<Thing<Made>> {
        let mut things = Vec::new();
        for name in self.to.enums.keys() {
            if !self.from.enums.contains_key(name) {
                things.push(thing(Made::Enum, name, String::new()));
            }
        }
        for (name, text) in &self.to.types {
            if self.from.types.get(name) != Some(text) {
                things.push(thing(Made::Type, name, text.clone()));
            }
        }
        for (name, sequence) in &self.to.sequences {
            let known = self.from.sequences.get(name);
            if known.is_none_or(|known| known.definition != sequence.definition) {
                things.push(thing(Made::Sequence, name, String::new()));
            }
        }
        things
    }

    fn missing_tables(&self) -> Vec<Thing<Made>> {
        let mut things = Vec::new();
        for (name, to) in &self.to.tables {
            match self.from.tables.get(name) {
                Some(from) if !self.moved.tables.contains(name) => {
                    // What it was before some of it was dropped.
                    let was = self.was.tables.get(name).unwrap_or(from);
                    if has_other_columns(&self.moved, was, to)
                        || has_other_columns(&self.moved, from, to)
                        || self.follows(name)
                    {
                        let text = self.changed_columns(name, from, to);
                        things.push(thing(Made::Columns, name, text));
                    }
                }
                _ => things.push(thing(Made::Table, name, create(name, to, self.to))),
            }
        }
        things
    }

    /// What the columns that come or change are made of.
    fn changed_columns(&self, name: &str, from: &Table, to: &Table) -> String {
        let is_known = |new: &&Column| from.columns.iter().any(|old| old.name == new.name);
        let new = to.columns.iter().filter(|new| !is_known(new)).map(define);
        let other = common(from, to)
            .into_iter()
            .filter(|(old, new)| self.moved.retypes(old, new) || old.filling != new.filling);
        let other = other.map(|(_, new)| new.to_string());
        // What is done to a parent is done to its children.
        let parents = self.parents(name);
        new.chain(other)
            .chain(parents)
            .collect::<Vec<_>>()
            .join("\n")
    }

    /// The functions that are made of views that come, by signature.
    pub(super) fn late_functions(&self) -> BTreeSet<String> {
        let missing = self.missing_functions();
        let mut over: BTreeSet<String> = self
            .missing_views()
            .into_iter()
            .map(|(name, _)| name)
            .collect();
        let mut found = BTreeSet::new();
        loop {
            let next = missing.iter().find(|(signature, text)| {
                !found.contains(signature) && over.iter().any(|name| mentions(hard(text), name))
            });
            let Some((signature, _)) = next else {
                return found;
            };
            over.insert(name_of(signature));
            found.insert(signature.clone());
        }
    }
}
