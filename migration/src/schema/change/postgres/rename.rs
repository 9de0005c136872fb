//! What goes under another name: first of all, so that the rest finds it under the new one.

use std::collections::BTreeMap;

use super::super::super::name::{literal, quoted};
use super::super::super::rename::replaced;
use super::super::super::{Filling, LiveSchema};
use super::super::ASIDE;
use super::super::table::{Part, renamed_parts};
use super::functions::hard;
use super::types::kind_of_type;
use super::{Plan, ranges};

impl Plan<'_> {
    pub(super) fn rename(&mut self) {
        self.rename_types();
        self.rename_values();
        self.add_values();
        let options = self.options;
        for (old, new) in &options.renames.tables {
            let (old, new) = (quoted(old), quoted(new));
            self.push(format!("ALTER TABLE {old} RENAME TO {new}"));
        }
        for ((table, old), new) in &options.renames.columns {
            let (table, old, new) = (quoted(table), quoted(old), quoted(new));
            self.push(format!("ALTER TABLE {table} RENAME COLUMN {old} TO {new}"));
        }
        self.rename_sequences();
        self.free_names();
        for (table, old, new) in renamed_parts(&mut self.from, self.to, Part::Constraint) {
            let (table, old, new) = (quoted(&table), quoted(&old), quoted(&new));
            self.push(format!(
                "ALTER TABLE {table} RENAME CONSTRAINT {old} TO {new}"
            ));
        }
        for (_, old, new) in renamed_parts(&mut self.from, self.to, Part::Index) {
            let (old, new) = (quoted(&old), quoted(&new));
            self.push(format!("ALTER INDEX {old} RENAME TO {new}"));
        }
        for (table, old, new) in renamed_parts(&mut self.from, self.to, Part::Trigger) {
            let (table, old, new) = (quoted(&table), quoted(&old), quoted(&new));
            self.push(format!("ALTER TRIGGER {old} ON {table} RENAME TO {new}"));
        }
    }

    /// Types that are made alike and have no other of their kind beside them.
    fn rename_types(&mut self) {
        let enums = alike(&self.from.enums, &self.to.enums, |old, new, _, _| {
            old == new
        });
        let types = alike(&self.from.types, &self.to.types, |text, new, from, to| {
            replaced(text, from, to) == *new
        });
        for (old, new) in enums {
            let (from, to) = (quoted(&old), quoted(&new));
            self.push(format!("ALTER TYPE {from} RENAME TO {to}"));
            if let Some(values) = self.from.enums.remove(&old) {
                self.from.enums.insert(new.clone(), values);
            }
            respell(&mut self.from, |text| replaced(text, &old, &new));
        }
        for (old, new) in types {
            let Some(text) = self.from.types.remove(&old) else {
                continue;
            };
            let (kind, from, to) = (kind_of_type(&text), quoted(&old), quoted(&new));
            self.push(format!("ALTER {kind} {from} RENAME TO {to}"));
            if let (Some(before), Some(after)) = (
                ranges::many(&old, &text),
                ranges::many(&new, &self.to.types[&new]),
            ) {
                let (range, many) = (literal(&new), literal(&after));
                let called = format!(
                    "CASE own.name WHEN {} THEN {range} ELSE {many} END",
                    literal(&old)
                );
                self.push(ranges::parts_renamed(&to, &called));
                respell(&mut self.from, |text| replaced(text, &before, &after));
            }
            self.from.types.insert(new.clone(), text);
            respell(&mut self.from, |text| replaced(text, &old, &new));
        }
    }

    /// A value that went where one came is that one.
    fn rename_values(&mut self) {
        for (name, wanted) in &self.to.enums {
            let Some(values) = self.from.enums.get_mut(name) else {
                continue;
            };
            let pairs = values.iter().zip(wanted);
            let mut other = pairs.filter(|(old, new)| old != new);
            let (Some((old, new)), None) = (other.next(), other.next()) else {
                continue;
            };
            if values.len() != wanted.len() || values.contains(new) || wanted.contains(old) {
                continue;
            }
            let (old, new) = (literal(old), literal(new));
            values.clone_from(wanted);
            let name = quoted(name);
            self.push(format!("ALTER TYPE {name} RENAME VALUE {old} TO {new}"));
            let (old, new) = (format!("{old}::{name}"), format!("{new}::{name}"));
            respell(&mut self.from, |text| text.replace(&old, &new));
        }
    }

    /// The sequences of columns whose table was renamed.
    fn rename_sequences(&mut self) {
        let renames = &self.options.renames;
        for sequence in self.from.sequences.values_mut() {
            let Some(column) = &mut sequence.owned_by else {
                continue;
            };
            for (old, new) in &renames.tables {
                if let Some(rest) = column.strip_prefix(&format!("{}.", quoted(old))) {
                    *column = format!("{}.{rest}", quoted(new));
                    break;
                }
            }
            for ((table, old), new) in &renames.columns {
                if *column == format!("{}.{}", quoted(table), quoted(old)) {
                    *column = format!("{}.{}", quoted(table), quoted(new));
                    break;
                }
            }
        }
        let found = alike(
            &self.from.sequences,
            &self.to.sequences,
            |old, new, _, _| old.owned_by.is_some() && old == new,
        );
        for (old, new) in found {
            let (from, to) = (quoted(&old), quoted(&new));
            self.push(format!("ALTER SEQUENCE {from} RENAME TO {to}"));
            if let Some(sequence) = self.from.sequences.remove(&old) {
                self.from.sequences.insert(new.clone(), sequence);
            }
            respell(&mut self.from, |text| replaced(text, &old, &new));
        }
    }

    /// Names of indexes are the schema's: what another table shall have goes aside.
    fn free_names(&mut self) {
        let mut wanted: BTreeMap<&String, &String> = BTreeMap::new();
        for (name, table) in &self.to.tables {
            let keys = table.constraints.iter().filter(|(_, text)| is_key(text));
            let all = keys.chain(&table.indexes).map(|(index, _)| (index, name));
            wanted.extend(all);
        }
        let mut found = Vec::new();
        for (table, of) in &mut self.from.tables {
            let is_other = |index: &String| wanted.get(index).is_some_and(|other| *other != table);
            for parts in [&mut of.constraints, &mut of.indexes] {
                let names = parts.iter();
                let names = names.filter(|(name, text)| {
                    let is_index = text.contains(" INDEX ") || is_key(text);
                    is_index && is_other(name)
                });
                let names: Vec<String> = names.map(|(name, _)| name.clone()).collect();
                for old in names {
                    let new = format!("{old}{ASIDE}");
                    if let Some(text) = parts.remove(&old) {
                        parts.insert(new.clone(), replaced(&text, &old, &new));
                    }
                    found.push((old, new));
                }
            }
        }
        for (old, new) in found {
            let (old, new) = (quoted(&old), quoted(&new));
            self.push(format!("ALTER INDEX {old} RENAME TO {new}"));
        }
    }
}

/// Whether an index stands behind the constraint.
fn is_key(text: &str) -> bool {
    ["PRIMARY KEY", "UNIQUE", "EXCLUDE"]
        .iter()
        .any(|word| text.starts_with(word))
}

/// What went and what came, where each is the only one that the other may be.
fn alike<T>(
    from: &BTreeMap<String, T>,
    to: &BTreeMap<String, T>,
    is_same: impl Fn(&T, &T, &str, &str) -> bool,
) -> Vec<(String, String)> {
    let gone = || from.iter().filter(|(name, _)| !to.contains_key(*name));
    let came = || to.iter().filter(|(name, _)| !from.contains_key(*name));
    let mut found = Vec::new();
    for (old, one) in gone() {
        let new: Vec<_> = came()
            .filter(|(new, other)| is_same(one, other, old, new))
            .collect();
        let [(new, other)] = new.as_slice() else {
            continue;
        };
        let others = gone().filter(|(old, one)| is_same(one, other, old, new));
        if others.count() == 1 {
            found.push((old.clone(), (*new).clone()));
        }
    }
    found
}

/// Spell every definition as `spell` does, as the catalogue would. Of a body that is a text nobody
/// knows what it speaks of.
fn respell(schema: &mut LiveSchema, spell: impl Fn(&str) -> String) {
    for table in schema.tables.values_mut() {
        for column in &mut table.columns {
            column.kind = spell(&column.kind);
            if let Some(Filling::Default(value) | Filling::Generated(value)) = &mut column.filling {
                *value = spell(value);
            }
        }
        let parts = table
            .constraints
            .values_mut()
            .chain(table.indexes.values_mut());
        let parts = parts.chain(table.triggers.values_mut());
        for text in parts.chain(table.policies.values_mut()) {
            *text = spell(text);
        }
    }
    for view in schema.views.values_mut() {
        view.create = spell(&view.create);
        for part in view.indexes.values_mut().chain(view.triggers.values_mut()) {
            *part = spell(part);
        }
    }
    for text in schema.types.values_mut() {
        *text = spell(text);
    }
    let functions = std::mem::take(&mut schema.functions).into_iter();
    schema.functions = functions
        .map(|(signature, text)| {
            let (head, body) = text.split_at(hard(&text).len());
            (spell(&signature), spell(head) + body)
        })
        .collect();
    let others = std::mem::take(&mut schema.others).into_iter();
    schema.others = others
        .map(|(what, text)| (spell(&what), spell(&text)))
        .collect();
    for told in [&mut schema.comments, &mut schema.owners, &mut schema.grants] {
        let pairs = std::mem::take(told).into_iter();
        *told = pairs.map(|(on, text)| (spell(&on), text)).collect();
    }
}
