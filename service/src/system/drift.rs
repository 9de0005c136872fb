//! The live schema beside the entities: tables, columns, and indexes by their names.
//!
//! Not compared: types, defaults, constraints, triggers and functions. That is the work of the
//! migration commands.

use std::collections::{BTreeMap, BTreeSet};

use entity::registry::{Resource, resources};

use super::{policy, postgres, sqlite};
use crate::ctx::Ctx;
use crate::db::Engine;
use crate::error::Result;

/// What is in the database.
#[derive(Debug, Default)]
pub(super) struct Live {
    /// Whether a column may be null, by table and column.
    pub(super) columns: BTreeMap<String, BTreeMap<String, bool>>,
    /// Whether an index can be used, by its name.
    pub(super) indexes: BTreeMap<String, bool>,
}

/// What was compared, and what came of it.
#[derive(Clone, Debug)]
pub struct Drift {
    /// Where the two part ways.
    pub findings: Vec<Finding>,
}

/// A place where they part ways.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How.
    pub difference: Difference,
    /// The table.
    pub table: &'static str,
    /// The column or index.
    pub name: Option<String>,
}

/// How the database differs from the entities.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Difference {
    MissingTable,
    MissingColumn,
    UnknownColumn,
    /// Null is allowed on one side only.
    Nullability,
    MissingIndex,
    /// It is good to have, and not there.
    RecommendedIndex,
    /// It is there and cannot be used.
    InvalidIndex,
}

/// Where the live schema and the entities part ways, as far as names tell.
pub async fn drift(ctx: &Ctx) -> Result<Drift> {
    policy::read(&ctx.actor)?;
    let reader = ctx.read()?;
    let live = match reader.engine() {
        Engine::Sqlite => sqlite::live(&reader).await?,
        Engine::Postgres => postgres::live(&reader).await?,
    };
    Ok(Drift {
        findings: resources()
            .iter()
            .flat_map(|one| compare(one, &live))
            .collect(),
    })
}

fn compare(resource: &'static Resource, live: &Live) -> Vec<Finding> {
    let finding = |difference, name: Option<&str>| Finding {
        difference,
        table: resource.table,
        name: name.map(str::to_owned),
    };
    let Some(columns) = live.columns.get(resource.table) else {
        return vec![finding(Difference::MissingTable, None)];
    };
    let mut found = Vec::new();
    let mut known: BTreeSet<&str> = resource
        .declaration
        .search
        .iter()
        .map(|one| one.vector)
        .collect();
    for column in &resource.columns {
        known.insert(column.name);
        match columns.get(column.name) {
            None => found.push(finding(Difference::MissingColumn, Some(column.name))),
            Some(nullable) if *nullable != column.nullable => {
                found.push(finding(Difference::Nullability, Some(column.name)));
            }
            Some(_) => {}
        }
    }
    let strange = columns.keys().filter(|name| !known.contains(name.as_str()));
    found.extend(strange.map(|name| finding(Difference::UnknownColumn, Some(name))));
    for index in resource.declaration.indexes {
        let name = index.name_on(resource.table);
        let difference = match live.indexes.get(&name) {
            Some(true) => continue,
            Some(false) => Difference::InvalidIndex,
            None if index.recommended => Difference::RecommendedIndex,
            None => Difference::MissingIndex,
        };
        found.push(finding(difference, Some(&name)));
    }
    found
}
