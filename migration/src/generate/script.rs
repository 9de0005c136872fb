//! A step's script, and what it says above itself of what no way down brings back.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::engine::Engine;
use crate::schema::change::{Statement, cast};
use crate::schema::{Column, Filling, LiveSchema, Renames};
use crate::step::UNWRITTEN;

/// A script that nobody has written yet.
pub(super) fn unwritten(engine: Engine) -> String {
    format!(
        "{UNWRITTEN}: what this does on {} is not written yet, and the step does not run there.\n\
         -- `migrate generate --complete` writes it, with such a database.\n",
        engine.name()
    )
}

/// A script of `statements`.
pub(super) fn script(statements: &[Statement]) -> String {
    let mut script = String::new();
    for one in statements {
        if let Some(loses) = &one.loses {
            let _ = writeln!(script, "-- Loses {loses}.");
        }
        if let Some(fails) = &one.fails {
            let _ = writeln!(script, "-- Fails {fails}.");
        }
        let _ = writeln!(script, "{};", one.sql);
    }
    if script.is_empty() {
        // An empty script is a statement to neither engine.
        script.push_str("SELECT 1;\n");
    }
    script
}

/// The way down from `to`, which the way up made of `from`: with a line for each thing that does not
/// come back as it was, which `verify` reads.
pub(super) fn way_down(
    statements: &[Statement],
    from: &LiveSchema,
    to: &LiveSchema,
    renames: &Renames,
    fills: &BTreeMap<(String, String), String>,
) -> String {
    let mut lines = String::new();
    for (what, why) in irreversible(from, to, renames, fills) {
        let _ = writeln!(lines, "-- irreversible {what}: {why}");
    }
    lines + &script(statements)
}

/// What is not as it was in `from` after the way to `to` and back, by the names of `from`, and why.
fn irreversible(
    from: &LiveSchema,
    to: &LiveSchema,
    renames: &Renames,
    fills: &BTreeMap<(String, String), String>,
) -> Vec<(String, &'static str)> {
    let mut found = Vec::new();
    for (name, table) in &from.tables {
        let new = renames.tables.get(name).unwrap_or(name);
        let Some(kept) = to.tables.get(new) else {
            if !table.source.to_uppercase().starts_with("CREATE VIRTUAL") {
                let why = "going up drops it, and nothing keeps its rows";
                found.push((name.clone(), why));
            }
            continue;
        };
        for column in &table.columns {
            let key = (new.clone(), column.name.clone());
            let called = renames.columns.get(&key).unwrap_or(&column.name);
            let other = kept.columns.iter().find(|one| one.name == *called);
            let is_filled = fills.contains_key(&(new.clone(), called.clone()));
            let why = lost(column, other, is_filled);
            let cuts = || cut(from.engine, column, other?);
            if let Some(why) = why.or_else(cuts) {
                found.push((format!("{name}.{}", column.name), why));
            }
        }
    }
    found
}

/// Why what another type made of the column's values stays.
fn cut(engine: Engine, column: &Column, kept: &Column) -> Option<&'static str> {
    let is_cut = engine == Engine::Postgres
        && column.kind != kept.kind
        && cast(&column.kind, &kept.kind).is_some_and(|how| how.loses);
    is_cut.then_some("what its other type did not hold is gone")
}

/// Why the column does not come back as it was, where it does not.
fn lost(column: &Column, kept: Option<&Column>, is_filled: bool) -> Option<&'static str> {
    match kept {
        None if matches!(column.filling, Some(Filling::Generated(_))) => {
            Some("it comes back computed anew, at the end of its table")
        }
        None => Some("going up drops it, and nothing keeps what it held"),
        Some(kept) if is_filled && column.nullable && !kept.nullable => {
            Some("a row that had nothing in it keeps what going up put there")
        }
        Some(_) => None,
    }
}
