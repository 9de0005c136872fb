//! What belongs to tables: constraints, indexes, triggers, policies, and what is said of the whole.

use std::collections::BTreeSet;

use super::super::super::name::{quoted, unquoted};
use super::super::super::rename::mentions;
use super::super::Statement;
use super::super::table::{Part, common};
use super::Plan;
use super::partitions::is_inherited;
use super::triggers::{key_states, kind, state, turned_off};

impl Plan<'_> {
    /// Drop what is not wanted, or stands in the way.
    pub(super) fn drop_parts(&mut self) {
        for (table, name, text) in self.going(Part::Trigger) {
            self.push(format!(
                "DROP {} {} ON {}",
                kind(&text),
                quoted(&name),
                quoted(&table)
            ));
        }
        for (table, name, _) in self.going(Part::Policy) {
            self.push(format!(
                "DROP POLICY {} ON {}",
                quoted(&name),
                quoted(&table)
            ));
        }
        let (keys, others): (Vec<_>, Vec<_>) = self
            .going(Part::Constraint)
            .into_iter()
            .partition(|(_, _, text)| is_foreign_key(text));
        self.drop_constraints(keys);
        let indexes = self.going(Part::Index);
        for (_, name, text) in indexes {
            let kind = if text.starts_with("CREATE STATISTICS") {
                "STATISTICS"
            } else {
                "INDEX"
            };
            self.push(format!("DROP {kind} {}", quoted(&name)));
        }
        self.drop_constraints(others);
    }

    /// What a child has from a parent goes with the parent's.
    fn drop_constraints(&mut self, mut going: Vec<(String, String, String)>) {
        let is_child = |table: &str| self.parents(table).next().is_some();
        going.sort_by_key(|(table, ..)| is_child(table));
        let mut statements = Vec::new();
        for (table, name, _) in going {
            let there = if is_child(&table) { "IF EXISTS " } else { "" };
            let (table, name) = (quoted(&table), quoted(&name));
            statements.push(format!("ALTER TABLE {table} DROP CONSTRAINT {there}{name}"));
        }
        for sql in statements {
            self.push(sql);
        }
    }

    /// The parts that must go, taken out of what is there: table, name, definition.
    fn going(&mut self, part: Part) -> Vec<(String, String, String)> {
        let mut found = Vec::new();
        for (table, of) in &self.from.tables {
            for (name, text) in part.of(of) {
                if !self.stays(table, part, name, text) {
                    found.push((table.clone(), name.clone(), text.clone()));
                }
            }
        }
        let before = self.from.clone();
        for (table, name, _) in &found {
            if let Some(of) = self.from.tables.get_mut(table) {
                match part {
                    Part::Constraint => of.constraints.remove(name),
                    Part::Index => of.indexes.remove(name),
                    Part::Trigger => of.triggers.remove(name),
                    Part::Policy => of.policies.remove(name),
                };
            }
        }
        // What a table that goes takes along needs no word of its own, but for the keys between
        // tables that go. What a partition has of its parent goes there.
        found.retain(|(table, name, text)| {
            (self.to.tables.contains_key(table) || is_foreign_key(text))
                && !is_inherited(&before, table, part, name, text)
        });
        found
    }

    fn stays(&self, table: &str, part: Part, name: &str, text: &str) -> bool {
        let (from, Some(to)) = (&self.from.tables[table], self.to.tables.get(table)) else {
            return false;
        };
        let wanted = part.of(to).get(name);
        let is_wanted = wanted.is_some_and(|wanted| {
            wanted == text
                || (part == Part::Trigger && state(wanted).0 == state(text).0)
                || text.strip_suffix(" NOT VALID") == Some(wanted)
        });
        if !is_wanted || self.moved.tables.contains(table) || self.moved.is_used_in(text) {
            return false;
        }
        let mut computed = self.moved_columns(table).into_iter();
        if computed.any(|column| mentions(text, column)) {
            return false;
        }
        match part {
            Part::Trigger if self.is_rule_over_moved(text) => false,
            Part::Trigger | Part::Policy => {
                let both = common(from, to).into_iter();
                let mut moved = both.filter(|(old, new)| self.moved.retypes(old, new));
                !moved.any(|(old, _)| mentions(text, &old.name))
            }
            Part::Constraint if is_foreign_key(text) => {
                self.keeps_keys(text) && !self.retypes_ends(table, text)
            }
            _ => true,
        }
    }

    /// Whether the keys of the table to which a foreign key leads stay as they are, and the unique index by
    /// which it does.
    fn keeps_keys(&self, text: &str) -> bool {
        let table = &referenced(text);
        let (Some(from), Some(to)) = (self.from.tables.get(table), self.to.tables.get(table))
        else {
            return false;
        };
        let is_key = |text: &str| text.starts_with("PRIMARY KEY") || text.starts_with("UNIQUE");
        let mut keys = from.constraints.iter().filter(|(_, text)| is_key(text));
        let (_, columns) = ends(text);
        let is_behind = |index: &str| {
            let on = index.rsplit_once(" (").map_or("", |(_, on)| on);
            index.starts_with("CREATE UNIQUE INDEX ") && names(on.trim_end_matches(')')) == columns
        };
        let mut indexes = from.indexes.iter().filter(|(_, text)| is_behind(text));
        !self.moved.tables.contains(table)
            && keys.all(|(name, text)| to.constraints.get(name) == Some(text))
            && indexes.all(|(name, text)| to.indexes.get(name) == Some(text))
    }

    /// Whether a column on either end of a foreign key gets another type: the ends are of no two types
    /// meanwhile that the server compares.
    fn retypes_ends(&self, table: &str, text: &str) -> bool {
        let (own, others) = ends(text);
        let retypes = |table: &str, columns: &BTreeSet<String>| {
            let both = (self.from.tables.get(table), self.to.tables.get(table));
            let (Some(from), Some(to)) = both else {
                return false;
            };
            let mut both = common(from, to).into_iter();
            both.any(|(old, new)| columns.contains(&old.name) && self.moved.retypes(old, new))
        };
        retypes(table, &own) || retypes(&referenced(text), &others)
    }

    /// Constraints and indexes.
    pub(super) fn make_parts(&mut self) {
        let (mut keys, mut indexes) = (Vec::new(), Vec::new());
        for (table, to) in &self.to.tables {
            let written = quoted(table);
            let from = self.from.tables.get(table).cloned().unwrap_or_default();
            for (name, text) in &to.constraints {
                let known = from.constraints.get(name);
                let (definition, off) = key_states(text);
                let of_parent = || {
                    self.parents(table).any(|parent| {
                        self.to.tables[&parent].constraints.get(name) == Some(text)
                            && !self.from.tables[&parent].constraints.contains_key(name)
                    })
                };
                let is_above = is_inherited(self.to, table, Part::Constraint, name, text);
                let sql = if known == Some(text) || is_above || of_parent() {
                    continue;
                } else if known.is_some() {
                    format!("ALTER TABLE {written} VALIDATE CONSTRAINT {}", quoted(name))
                } else {
                    format!(
                        "ALTER TABLE {written} ADD CONSTRAINT {} {definition}",
                        quoted(name)
                    )
                };
                if is_foreign_key(text) {
                    let is_new = !self.was.tables.contains_key(table);
                    let fails =
                        format!("where a row of {table} names none of {}", referenced(text));
                    keys.push(if is_new || definition.ends_with(" NOT VALID") {
                        Statement::new(sql)
                    } else {
                        Statement::failing(sql, fails)
                    });
                    keys.extend(turned_off(table, name, off).map(Statement::new));
                } else {
                    self.push(sql);
                }
                self.touched.insert(name.clone());
            }
            for (name, text) in &to.indexes {
                // A partition's index is made with its parent's, but for a new one of that.
                let is_above = self.is_indexed_above(table, text);
                if !from.indexes.contains_key(name) && !is_above {
                    self.push(text.trim_end_matches(" INVALID"));
                    self.touched.insert(name.clone());
                    indexes.push(name.clone());
                }
            }
        }
        self.out.extend(keys);
        self.attach_indexes(&indexes);
    }

    /// What is said of tables, then triggers and policies.
    pub(super) fn late_parts(&mut self) {
        for (table, to) in &self.to.tables {
            let from = self.from.tables.get(table).cloned().unwrap_or_default();
            self.set_options(table, &from, to);
            let mut triggers = to.triggers.clone();
            triggers.retain(|name, text| !is_inherited(self.to, table, Part::Trigger, name, text));
            self.make_triggers(table, &from.triggers, &triggers);
            for (name, text) in &to.policies {
                if !from.policies.contains_key(name) {
                    self.push(text.clone());
                    self.touched.insert(name.clone());
                }
            }
        }
    }
}

pub(super) fn is_foreign_key(text: &str) -> bool {
    text.starts_with("FOREIGN KEY")
}

/// The table that a foreign key leads to.
pub(super) fn referenced(text: &str) -> String {
    let rest = text.split_once(" REFERENCES ").map_or("", |(_, rest)| rest);
    let name = rest.split('(').next().unwrap_or_default().trim();
    name.trim_matches('"').replace("\"\"", "\"")
}

/// The columns on the two ends of a foreign key.
fn ends(text: &str) -> (BTreeSet<String>, BTreeSet<String>) {
    let (own, other) = text.split_once(" REFERENCES ").unwrap_or((text, ""));
    let inner = |part: &str| {
        let inner = part.split_once('(').map_or("", |(_, rest)| rest);
        names(inner.split_once(')').map_or(inner, |(inner, _)| inner))
    };
    (inner(own), inner(other))
}

/// The names in `a, "b c"`.
fn names(list: &str) -> BTreeSet<String> {
    list.split(", ").map(unquoted).collect()
}
