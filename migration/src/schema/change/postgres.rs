//! The statements of `PostgreSQL`.
//!
//! What depends on others goes first and comes last: views, triggers, policies, foreign keys,
//! indexes, other constraints. Types and functions come before the tables that use them, and go
//! after.

mod options;
mod others;
mod parents;
mod parts;
mod rights;
mod tables;
mod triggers;
mod types;
mod views;

use std::collections::BTreeSet;

use super::super::difference::is_on;
use super::super::name::{literal, quoted};
use super::super::rename::mentions;
use super::super::{Change, LiveSchema, Object, difference};
use super::table::{Part, common, is_remade, renamed_parts};
use super::{Options, Statement};

pub(super) fn statements(from: &LiveSchema, to: &LiveSchema, options: &Options) -> Vec<Statement> {
    let mut plan = Plan {
        from: options.renames.applied(from),
        was: LiveSchema::empty(to.engine),
        to,
        options,
        remade: BTreeSet::new(),
        touched: BTreeSet::new(),
        out: Vec::new(),
    };
    plan.rename();
    plan.was = plan.from.clone();
    plan.find_remade();
    plan.leave_parents();
    plan.drop_view_triggers();
    plan.drop_views();
    plan.drop_parts();
    plan.make_others(others::BEFORE_TYPES);
    plan.make_functions_of_ranges();
    plan.make_types();
    plan.remake_enums();
    plan.make_functions();
    plan.make_others(others::OF_FUNCTIONS);
    plan.make_tables();
    plan.alter_tables();
    plan.drop_tables();
    plan.make_parts();
    plan.make_others(others::LIKE_TABLES);
    plan.make_views();
    plan.make_view_triggers();
    plan.late_parts();
    plan.say_comments();
    plan.give_owners();
    plan.give_rights();
    plan.drop_others(others::LIKE_TABLES);
    plan.drop_others(others::OF_FUNCTIONS);
    plan.drop_types();
    plan.drop_others(others::BEFORE_TYPES);
    plan.out
}

struct Plan<'s> {
    /// With the new names; what is dropped is taken out.
    from: LiveSchema,
    /// The same, as it was at first.
    was: LiveSchema,
    to: &'s LiveSchema,
    options: &'s Options,
    /// Tables that are made anew.
    remade: BTreeSet<String>,
    /// The names of what was made: its comments and owners are told again.
    touched: BTreeSet<String>,
    out: Vec<Statement>,
}

impl Plan<'_> {
    fn push(&mut self, sql: impl Into<String>) {
        self.out.push(Statement::new(sql));
    }

    fn rename(&mut self) {
        let options = self.options;
        for (old, new) in &options.renames.tables {
            self.push(format!(
                "ALTER TABLE {} RENAME TO {}",
                quoted(old),
                quoted(new)
            ));
        }
        for ((table, old), new) in &options.renames.columns {
            let (table, old, new) = (quoted(table), quoted(old), quoted(new));
            self.push(format!("ALTER TABLE {table} RENAME COLUMN {old} TO {new}"));
        }
        for (table, old, new) in renamed_parts(&mut self.from, self.to, Part::Constraint) {
            let (table, old, new) = (quoted(&table), quoted(&old), quoted(&new));
            self.push(format!(
                "ALTER TABLE {table} RENAME CONSTRAINT {old} TO {new}"
            ));
        }
        for (_, old, new) in renamed_parts(&mut self.from, self.to, Part::Index) {
            self.push(format!(
                "ALTER INDEX {} RENAME TO {}",
                quoted(&old),
                quoted(&new)
            ));
        }
        for (table, old, new) in renamed_parts(&mut self.from, self.to, Part::Trigger) {
            let (table, old, new) = (quoted(&table), quoted(&old), quoted(&new));
            self.push(format!("ALTER TRIGGER {old} ON {table} RENAME TO {new}"));
        }
    }

    fn find_remade(&mut self) {
        let in_order = self.options.in_order;
        for (name, from) in &self.from.tables {
            if self
                .to
                .tables
                .get(name)
                .is_some_and(|to| is_remade(from, to, in_order))
            {
                self.remade.insert(name.clone());
            }
        }
    }

    /// Enums that lose a value or change its place: they are made anew.
    fn remade_enums(&self) -> Vec<String> {
        let remade = |(name, values): &(&String, &Vec<String>)| {
            let wanted = self.to.enums.get(*name);
            wanted.is_some_and(|wanted| !is_within(values, wanted))
        };
        let found = self.from.enums.iter().filter(remade);
        found.map(|(name, _)| name.clone()).collect()
    }

    /// Tables that stay with a column of another type, without one that they had, or that are made
    /// anew: no view stands over them meanwhile.
    fn is_moved(&self, table: &str) -> bool {
        let (Some(from), Some(to)) = (self.from.tables.get(table), self.to.tables.get(table))
        else {
            return true;
        };
        let enums = self.remade_enums();
        let retyped = common(from, to).iter().any(|(old, new)| {
            old.kind != new.kind || enums.iter().any(|name| mentions(&old.kind, name))
        });
        self.remade.contains(table) || retyped || common(from, to).len() < from.columns.len()
    }

    fn is_touched(&self, on: &str) -> bool {
        self.touched.iter().any(|name| mentions(on, name))
    }

    fn say_comments(&mut self) {
        for (on, text) in &self.to.comments {
            if self.from.comments.get(on) != Some(text) || self.is_touched(on) {
                self.push(format!("COMMENT ON {on} IS {}", literal(text)));
            }
        }
        let gone: Vec<String> = self
            .from
            .comments
            .keys()
            .filter(|on| !self.to.comments.contains_key(*on))
            .cloned()
            .collect();
        let lost = self.lost();
        for on in gone {
            if !lost.iter().any(|object| is_on(object, &on)) {
                self.push(format!("COMMENT ON {on} IS NULL"));
            }
        }
    }

    /// What is there no more, or was there and is made anew, and took along what was said of it.
    fn lost(&self) -> Vec<Object> {
        let found = difference(self.to, &self.was).into_iter();
        let mut lost: Vec<Object> = found
            .filter(|one| matches!(one.change, Change::Added))
            .map(|one| one.object)
            .collect();
        for (name, view) in &self.was.views {
            if !self.from.views.contains_key(name) {
                let index = |index: &String| Object::Index(name.clone(), index.clone());
                lost.extend(view.indexes.keys().map(index));
                lost.push(Object::View(name.clone()));
            }
        }
        lost.extend(self.remade.iter().cloned().map(Object::Table));
        lost
    }

    fn give_owners(&mut self) {
        let most = self.to.owner.clone().or_else(|| self.from.owner.clone());
        for (of, owner) in &self.to.owners {
            if self.from.owners.get(of) != Some(owner) || self.is_touched(of) {
                self.push(format!("ALTER {of} OWNER TO {}", quoted(owner)));
            }
        }
        let gone: Vec<String> = self
            .from
            .owners
            .keys()
            .filter(|of| !self.to.owners.contains_key(*of))
            .cloned()
            .collect();
        let lost = self.lost();
        for of in gone {
            let is_lost = lost.iter().any(|object| is_on(object, &of));
            if let (Some(owner), false) = (&most, is_lost) {
                self.push(format!("ALTER {of} OWNER TO {}", quoted(owner)));
            }
        }
    }
}

/// Whether `values` stand in `all`, in the same order.
fn is_within(values: &[String], all: &[String]) -> bool {
    let mut rest = all.iter();
    values.iter().all(|value| rest.any(|one| one == value))
}
