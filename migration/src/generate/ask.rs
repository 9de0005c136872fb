//! What only a person knows of a change: whether something was renamed, and what new columns hold.

use entity::registry::Resource;

use crate::engine::Engine;
use crate::error::Error;
use crate::schema::{Column, LiveSchema, Renames, Table, is_like};

use super::Said;

/// What the entities say of old names: `#[sea_orm(renamed_from = "old")]` of a column, which `SeaORM`
/// hands on in its comment, and `renamed_from` in the declaration of a table. What a schema does not
/// have under its old name, or has under the new one, is not renamed any more.
pub(crate) fn by_entities<'r>(
    resources: impl IntoIterator<Item = &'r Resource>,
    engine: Engine,
    from: &LiveSchema,
    renames: &mut Renames,
) {
    for resource in resources {
        let table = resource.table.to_owned();
        if let Some(old) = resource.declaration.renamed_from
            && from.tables.contains_key(old)
            && !from.tables.contains_key(&table)
        {
            renames.tables.insert(old.to_owned(), table.clone());
        }
        let mut named = renames.tables.iter();
        let named = named.find(|(_, new)| **new == table);
        let before = named.map_or(&table, |(old, _)| old);
        let Some(known) = from.tables.get(before) else {
            continue;
        };
        let has = |name: &str| known.columns.iter().any(|one| one.name == name);
        for def in (resource.column_defs)(engine.backend()) {
            let comment = def.get_column_spec().comment.clone().unwrap_or_default();
            let old = comment.split_once("renamed_from \"").map(|(_, rest)| rest);
            let Some(old) = old.and_then(|rest| rest.strip_suffix('"')) else {
                continue;
            };
            let new = def.get_column_name();
            if has(old) && !has(&new) {
                renames.columns.insert((table.clone(), old.to_owned()), new);
            }
        }
    }
}

/// Refuse where a table or a column went and one like it came, and nobody said whether it is the same
/// under another name. `from` has the new names of what is known to be renamed.
pub(crate) fn renamed(from: &LiveSchema, to: &LiveSchema, said: &Said) -> Result<(), Error> {
    let gone = Renames::default().candidates(from, to, is_like);
    let mut gone = gone.into_iter().filter(|(old, _)| !said.gone.contains(old));
    if let Some((old, new)) = gone.next() {
        return Err(Error::Ambiguous { old, new });
    }
    columns(from, to, said)
}

/// The same of the columns of tables that both have.
fn columns(from: &LiveSchema, to: &LiveSchema, said: &Said) -> Result<(), Error> {
    for (name, table, wanted) in both(from, to) {
        for old in table.columns.iter().filter(|old| !has(wanted, old)) {
            let key = (name.clone(), old.name.clone());
            let alike = wanted.columns.iter();
            let alike = alike.filter(|new| !has(table, new) && new.kind == old.kind);
            let alike: Vec<String> = alike.map(|new| new.name.clone()).collect();
            if !alike.is_empty() && !said.drops.contains(&key) {
                return Err(Error::Ambiguous {
                    old: format!("{name}.{}", old.name),
                    new: alike,
                });
            }
        }
    }
    Ok(())
}

/// Refuse where the rows that are there would have nothing in a new column that wants something.
pub(crate) fn filled(from: &LiveSchema, to: &LiveSchema, said: &Said) -> Result<(), Error> {
    for (name, table, wanted) in both(from, to) {
        let mut new = wanted.columns.iter().filter(|new| !has(table, new));
        let unfilled = new.find(|new| {
            let key = (name.clone(), new.name.clone());
            !new.nullable && new.filling.is_none() && !said.fills.contains_key(&key)
        });
        if let Some(column) = unfilled {
            return Err(Error::Unfilled {
                table: name.clone(),
                column: column.name.clone(),
            });
        }
    }
    Ok(())
}

/// What was renamed by hand between what is `expected` and what there `is`: what somebody `said`, and
/// what can be nothing else. Refused where a table may have been renamed and may not.
pub(crate) fn by_hand(
    expected: &LiveSchema,
    is: &LiveSchema,
    said: &Said,
) -> Result<Renames, Error> {
    let mut left = expected.clone();
    // A table that was dropped, as somebody said, is no other.
    left.tables.retain(|name, _| !said.gone.contains(name));
    let mut found = Renames::between(&left, is, &said.renames);
    found.columns.retain(|key, _| !said.drops.contains(key));
    let mut doubts = found.candidates(&left, is, is_like).into_iter();
    if let Some((old, new)) = doubts.next() {
        return Err(Error::Ambiguous { old, new });
    }
    if is.engine == Engine::Sqlite {
        // Where a column stands there is no identity: those behind one that goes move up.
        columns(&found.applied(&left), is, said)?;
    }
    Ok(found)
}

/// The tables that both have.
fn both<'s>(
    from: &'s LiveSchema,
    to: &'s LiveSchema,
) -> impl Iterator<Item = (&'s String, &'s Table, &'s Table)> {
    let tables = from.tables.iter();
    tables.filter_map(|(name, table)| Some((name, table, to.tables.get(name)?)))
}

fn has(table: &Table, column: &Column) -> bool {
    table.columns.iter().any(|one| one.name == column.name)
}
