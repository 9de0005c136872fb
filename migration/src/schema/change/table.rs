//! What becomes of the tables that both schemas have, and of their parts.

use std::collections::{BTreeMap, BTreeSet};

use super::super::rename::replaced;
use super::super::{Column, Filling, LiveSchema, Table};

/// A part of a table that is not a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Constraint,
    Index,
    Trigger,
    Policy,
}

impl Part {
    pub(super) fn of(self, table: &Table) -> &BTreeMap<String, String> {
        match self {
            Self::Constraint => &table.constraints,
            Self::Index => &table.indexes,
            Self::Trigger => &table.triggers,
            Self::Policy => &table.policies,
        }
    }
}

/// The names of columns after those of `from` that `to` has not are gone and the new ones stand at
/// the end.
pub(super) fn appended(from: &Table, to: &Table) -> Vec<String> {
    let has = |columns: &[Column], name: &str| columns.iter().any(|one| one.name == name);
    let kept = from
        .columns
        .iter()
        .filter(|one| has(&to.columns, &one.name));
    let new = to
        .columns
        .iter()
        .filter(|one| !has(&from.columns, &one.name));
    kept.chain(new).map(|one| one.name.clone()).collect()
}

/// The columns that both have: the first's and the second's.
pub(super) fn common<'t>(from: &'t Table, to: &'t Table) -> Vec<(&'t Column, &'t Column)> {
    let of = |new: &'t Column| {
        let old = from.columns.iter().find(|old| old.name == new.name);
        old.map(|old| (old, new))
    };
    to.columns.iter().filter_map(of).collect()
}

/// Whether the column's value is computed from the others, always.
pub(super) fn is_generated(column: &Column) -> bool {
    matches!(column.filling, Some(Filling::Generated(_)))
}

/// Whether a computed column comes or changes, for which every row is written anew.
pub(super) fn is_rewritten(from: &Table, to: &Table) -> bool {
    let computed = |(old, new): &(&Column, &Column)| {
        is_generated(new) && (old.filling != new.filling || old.kind != new.kind)
    };
    common(from, to).iter().any(computed)
}

/// Constraints or indexes that are the same under another name, the old one first; `from` has the
/// new names afterwards.
pub(super) fn renamed_parts(
    from: &mut LiveSchema,
    to: &LiveSchema,
    part: Part,
) -> Vec<(String, String, String)> {
    let mut found = Vec::new();
    for (name, table) in &mut from.tables {
        let Some(other) = to.tables.get(name) else {
            continue;
        };
        let mut taken = BTreeSet::new();
        let old = part.of(table).clone();
        let gone = old
            .iter()
            .filter(|(old, _)| !part.of(other).contains_key(*old));
        for (old_name, text) in gone {
            let is_same = |(new, wanted): &(&String, &String)| {
                !old.contains_key(*new)
                    && !taken.contains(*new)
                    && replaced(text, old_name, new) == **wanted
            };
            let Some((new, wanted)) = part.of(other).iter().find(is_same) else {
                continue;
            };
            taken.insert(new.clone());
            let parts = match part {
                Part::Constraint => &mut table.constraints,
                Part::Index => &mut table.indexes,
                Part::Trigger => &mut table.triggers,
                Part::Policy => &mut table.policies,
            };
            parts.remove(old_name);
            parts.insert(new.clone(), wanted.clone());
            found.push((name.clone(), old_name.clone(), new.clone()));
        }
    }
    found
}
