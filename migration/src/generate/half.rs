//! One engine's half of a step: the scripts that make of one schema another, and back.

use std::collections::BTreeMap;

use super::script::{script, way_down};
use super::unused::Side;
use super::{Said, ask, postgres};
use crate::engine::Engine;
use crate::error::Error;
use crate::schema::change::{self, Options, Statement};
use crate::schema::{Column, LiveSchema, Object, Renames, Table, difference};

/// What is to be done on one engine.
#[derive(Debug)]
pub(super) struct Half {
    pub(super) up: String,
    pub(super) down: String,
    /// The same of what runs each by itself beside readers and writers; none where nothing needs that.
    pub(super) online: Option<(String, String)>,
    /// Whether there is anything to do.
    pub(super) differs: bool,
    /// What going up, or down again, loses.
    pub(super) losses: Vec<String>,
    /// The schema when it is done, but for what comes online.
    pub(super) mid: LiveSchema,
}

/// The half that makes of the second of `side` the third, once it is known what was renamed.
pub(super) fn half(side: Side, said: &Said) -> Result<Half, Error> {
    let (renames, from, to) = &side;
    ask::renamed(&renames.applied(from), to, said)?;
    half_of(side, said)
}

/// The same where nobody need be asked for that any more.
pub(super) fn half_of((renames, from, to): Side, said: &Said) -> Result<Half, Error> {
    let known = renames.applied(&from);
    ask::filled(&known, &to, said)?;
    // A writer of SQLite has the whole file anyway.
    let mid = match from.engine {
        Engine::Postgres => {
            postgres::between(&change::with_new_names(known, &to), &to, &said.fills)
        }
        Engine::Sqlite => to.clone(),
    };
    let mut options = Options {
        renames,
        fills: said.fills.clone(),
        carries_rights: true,
        ..Options::default()
    };
    // What is put off is filled in then.
    options
        .fills
        .retain(|key, _| takes_null(&mid, key) == takes_null(&to, key));
    let back = Options {
        renames: options.renames.reversed(),
        fills: stand_ins(&from, &options.renames.reversed().applied(&to)),
        carries_rights: true,
        ..Options::default()
    };
    let up = change::statements(&from, &mid, &options);
    let down = change::statements(&mid, &from, &back);
    refuse_impossible(&up)?;
    let online = match from.engine {
        Engine::Postgres => online(&mid, &to, said),
        Engine::Sqlite => None,
    };
    let mut losses = Vec::new();
    for loses in up.iter().chain(&down).filter_map(|one| one.loses.as_ref()) {
        if !losses.contains(loses) {
            losses.push(loses.clone());
        }
    }
    Ok(Half {
        differs: !up.is_empty() || has_more_than_order(&from, &to),
        up: script(&up),
        down: way_down(&down, &from, &mid, &options.renames, &said.fills),
        online,
        losses,
        mid,
    })
}

/// Refuse to write a step of a change that no statement makes.
fn refuse_impossible(up: &[Statement]) -> Result<(), Error> {
    match up.iter().find_map(Statement::refusal) {
        None => Ok(()),
        Some(why) => Err(Error::Option(why)),
    }
}

/// What comes in a step of its own, and back.
fn online(mid: &LiveSchema, to: &LiveSchema, said: &Said) -> Option<(String, String)> {
    let (up, down) = postgres::online(mid, to, &said.fills);
    if up.is_empty() {
        return None;
    }
    let down = way_down(&down, mid, to, &Renames::default(), &said.fills);
    Some((script(&up), down))
}

fn takes_null(schema: &LiveSchema, (table, column): &(String, String)) -> bool {
    let table = schema.tables.get(table);
    let mut columns = table.iter().flat_map(|table| &table.columns);
    columns.any(|one| one.name == *column && one.nullable)
}

fn has_more_than_order(from: &LiveSchema, to: &LiveSchema) -> bool {
    let is_order = |object: &Object| matches!(object, Object::Order(_));
    difference(to, from)
        .iter()
        .any(|one| !is_order(&one.object))
}

/// What the rows have in a column that goes and, by the way back, comes again without what it had:
/// the least that it takes.
pub(crate) fn stand_ins(from: &LiveSchema, to: &LiveSchema) -> BTreeMap<(String, String), String> {
    let mut found = BTreeMap::new();
    for (name, table) in &from.tables {
        let Some(kept) = to.tables.get(name) else {
            continue;
        };
        let gone = |old: &&Column| !kept.columns.iter().any(|one| one.name == old.name);
        let bare = |old: &&Column| !old.nullable && old.filling.is_none();
        for column in table.columns.iter().filter(gone).filter(bare) {
            let value = stand_in(from, table, column);
            found.insert((name.clone(), column.name.clone()), value);
        }
    }
    found
}

fn stand_in(schema: &LiveSchema, table: &Table, column: &Column) -> String {
    if let Some(first) = schema
        .enums
        .get(&column.kind)
        .and_then(|values| values.first())
    {
        return format!("'{}'", first.replace('\'', "''"));
    }
    // An enum of SQLite is a text with a check.
    let check = format!("CHECK ({} IN (", column.name);
    let allowed = table
        .constraints
        .values()
        .find_map(|text| text.strip_prefix(&check));
    if let Some(first) = allowed.and_then(|values| values.split([',', ')']).next()) {
        return first.to_owned();
    }
    let kind = column.kind.as_str();
    let known = [
        ("timestamp", "CURRENT_TIMESTAMP"),
        ("date", "CURRENT_DATE"),
        ("uuid", "'00000000-0000-0000-0000-000000000000'"),
        ("json", "'{}'"),
        ("bool", "false"),
        ("bytea", "''"),
        ("blob", "x\'\'"),
        ("int", "0"),
        ("big", "0"),
        ("small", "0"),
        ("numeric", "0"),
        ("double", "0"),
        ("real", "0"),
    ];
    let value = known.iter().find(|(part, _)| kind.contains(part));
    value.map_or("''", |(_, value)| value).to_owned()
}
