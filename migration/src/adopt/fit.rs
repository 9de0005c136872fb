//! Drift of a database that was taken over: what was accepted then is none, and what was left out of
//! our own tables is none either.

use std::collections::BTreeMap;

use super::part;
use super::{Adoption, Optional};
use crate::schema::{BOOKKEEPING, Change, Difference, LiveSchema, Object, Table, difference};

/// What the history made, as it can be expected here.
pub(crate) struct Fitted {
    /// With what stood as it stood.
    pub(crate) expected: LiveSchema,
    /// In what the database differs from that.
    pub(crate) drift: Vec<Difference>,
    /// In what it differs from what the history makes elsewhere, and that is known.
    pub(crate) known: Vec<Difference>,
}

impl Adoption {
    /// Hold `actual` against what the history makes elsewhere.
    pub(crate) fn fit(&self, expected: LiveSchema, actual: &LiveSchema) -> Fitted {
        let (known, drift): (Vec<_>, Vec<_>) = difference(&expected, actual)
            .into_iter()
            .partition(|one| self.accepts(&expected, one));
        let mut fitted = expected;
        for (name, table) in &mut fitted.tables {
            if self.has(name) {
                continue;
            }
            let theirs = |name: &str, key: &str| leads(name, key).is_some_and(|to| self.has(&to));
            table.constraints.retain(|name, key| !theirs(name, key));
        }
        for name in &self.tables {
            let drifted = drift.iter().filter(|one| one.object.table() == Some(name));
            let drifted: Vec<&Object> = drifted.map(|one| &one.object).collect();
            if let (true, Some(live)) = (
                drifted.iter().all(|one| is_part(one)),
                actual.tables.get(name),
            ) {
                let made = fitted.tables.insert(name.clone(), live.clone());
                for object in drifted {
                    put_part(fitted.tables.get_mut(name), made.as_ref(), object);
                }
            }
        }
        for one in &known {
            adopt_object(&mut fitted, actual, &one.object);
            if let Some(table) = one.object.table() {
                let live = actual.tables.get(table);
                put_part(fitted.tables.get_mut(table), live, &one.object);
            }
        }
        Fitted {
            expected: fitted,
            drift,
            known,
        }
    }

    /// Whether a difference is none of this database.
    fn accepts(&self, expected: &LiveSchema, one: &Difference) -> bool {
        if self.knows(one) {
            return true;
        }
        match (&one.object, &one.change) {
            // They stand, and the step that would make them is pending.
            (Object::Table(name), Change::Added) => self.has(name),
            (Object::Enum(name), Change::Added) => self.types.contains(name),
            (Object::Function(signature), Change::Added) => self.functions.contains(signature),
            (Object::Constraint(table, name), Change::Missing) if !self.has(table) => {
                let key = expected.tables.get(table);
                let key = key.and_then(|table| table.constraints.get(name));
                let target = key.and_then(|key| leads(name, key));
                target.is_some_and(|table| self.has(&table))
            }
            (Object::Owner(of), _) => self.is_of_others(of),
            _ => false,
        }
    }

    /// Whether a difference of their tables was found at the adoption, or is an index that a step left out since.
    pub(crate) fn knows(&self, one: &Difference) -> bool {
        let is_left_out = |table: &str, name: &str| {
            let mut left_out = self.left_out.iter();
            left_out.any(|left| {
                left.kind == Optional::Indexes && left.table == table && left.name == name
            })
        };
        let is_later = match (&one.object, &one.change) {
            (Object::Index(table, name), Change::Missing) => is_left_out(table, name),
            _ => false,
        };
        is_later || self.accepted.contains(&one.to_string())
    }

    /// Whether something that has an owner stood, or belongs to a history.
    fn is_of_others(&self, of: &str) -> bool {
        let Some((kind, name)) = of.split_once(' ') else {
            return false;
        };
        match kind {
            "TABLE" => self.has(name) || BOOKKEEPING.contains(&name),
            "TYPE" => self.types.contains(name),
            "FUNCTION" => self.functions.contains(name),
            _ => false,
        }
    }
}

/// The table that a foreign key leads to. `SQLite` tells a key by its columns too: `users (id) on delete …`.
fn leads(name: &str, key: &str) -> Option<String> {
    let by_columns = name.starts_with("foreign key ");
    let to = by_columns.then(|| key.split(" (").next().unwrap_or(key));
    to.map(str::to_owned).or_else(|| part::target(key))
}

fn take<T: Clone>(to: &mut BTreeMap<String, T>, from: &BTreeMap<String, T>, name: &str) {
    match from.get(name) {
        Some(one) => to.insert(name.to_owned(), one.clone()),
        None => to.remove(name),
    };
}

/// Whether it is a part that comes and goes without the rest of its table.
fn is_part(object: &Object) -> bool {
    matches!(
        object,
        Object::Constraint(..) | Object::Index(..) | Object::Trigger(..) | Object::Policy(..)
    )
}

/// Have a part of a table be as another has it.
fn put_part(to: Option<&mut Table>, from: Option<&Table>, object: &Object) {
    let (Some(to), Some(from)) = (to, from) else {
        return;
    };
    match object {
        Object::Constraint(_, name) => take(&mut to.constraints, &from.constraints, name),
        Object::Index(_, name) => take(&mut to.indexes, &from.indexes, name),
        Object::Trigger(_, name) => take(&mut to.triggers, &from.triggers, name),
        Object::Policy(_, name) => take(&mut to.policies, &from.policies, name),
        _ => {}
    }
}

/// Have an object be as it stands.
fn adopt_object(fitted: &mut LiveSchema, actual: &LiveSchema, object: &Object) {
    match object {
        Object::Table(name) => take(&mut fitted.tables, &actual.tables, name),
        Object::View(name) => take(&mut fitted.views, &actual.views, name),
        Object::Enum(name) => take(&mut fitted.enums, &actual.enums, name),
        Object::Type(name) => take(&mut fitted.types, &actual.types, name),
        Object::Function(name) => take(&mut fitted.functions, &actual.functions, name),
        Object::Sequence(name) => take(&mut fitted.sequences, &actual.sequences, name),
        Object::Comment(on) => take(&mut fitted.comments, &actual.comments, on),
        Object::Owner(of) => take(&mut fitted.owners, &actual.owners, of),
        Object::Extension(name) if actual.extensions.contains(name) => {
            fitted.extensions.insert(name.clone());
        }
        _ => {}
    }
}
