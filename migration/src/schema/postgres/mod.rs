//! The catalogue of `PostgreSQL`: it spells every definition itself, and leaves out the schema's
//! name where the schema is the one that the connection works in.

mod objects;
mod others;
mod rights;
mod tables;

use std::collections::BTreeMap;

use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend, DbErr, QueryResult, Statement};

use super::{LiveSchema, Sequence};
use crate::engine::Engine;

/// Refuse a connection that works in no schema: its catalogue would be taken for an empty one.
pub(crate) async fn check_place(db: &impl ConnectionTrait) -> Result<(), DbErr> {
    for row in rows(db, "SELECT current_schema()::text").await? {
        if row.try_get_by_index::<Option<String>>(0)?.is_none() {
            return Err(DbErr::Custom(NOWHERE.to_owned()));
        }
    }
    Ok(())
}

const NOWHERE: &str = "the connection's search_path names no schema that exists: make that schema, or \
    set search_path to one that is there";

pub(super) async fn read(db: &impl ConnectionTrait) -> Result<LiveSchema, DbErr> {
    check_place(db).await?;
    let mut schema = LiveSchema::empty(Engine::Postgres);
    tables::read(db, &mut schema).await?;
    for row in rows(db, objects::VIEWS).await? {
        let view = schema.views.entry(text(&row, 0)?).or_default();
        view.materialized = row.try_get_by_index(1)?;
        view.create = text(&row, 2)?;
    }
    tables::parts(db, &mut schema).await?;
    for (name, value) in pairs_of(db, objects::ENUMS).await? {
        schema.enums.entry(name).or_default().push(value);
    }
    schema.types = pairs(db, objects::TYPES).await?;
    schema.functions = pairs(db, objects::FUNCTIONS).await?;
    for row in rows(db, objects::SEQUENCES).await? {
        let sequence = Sequence {
            definition: text(&row, 1)?,
            owned_by: row.try_get_by_index(2)?,
        };
        schema.sequences.insert(text(&row, 0)?, sequence);
    }
    for row in rows(db, objects::EXTENSIONS).await? {
        let name = text(&row, 0)?;
        if let Some(place) = row.try_get_by_index(1)? {
            schema.extension_schemas.insert(name.clone(), place);
        }
        schema.extensions.insert(name);
    }
    schema.others = pairs(db, others::OTHERS).await?;
    schema.comments = pairs(db, objects::COMMENTS).await?;
    schema.grants = pairs(db, rights::GRANTS).await?;
    let mut owners = pairs(db, objects::OWNERS).await?;
    let owner = most(owners.values());
    owners.retain(|_, one| Some(&*one) != owner.as_ref());
    schema.owners = owners;
    schema.owner = owner;
    Ok(schema)
}

/// The name that occurs most; of several the first.
fn most<'n>(names: impl Iterator<Item = &'n String>) -> Option<String> {
    let mut counts: BTreeMap<&String, usize> = BTreeMap::new();
    for name in names {
        *counts.entry(name).or_default() += 1;
    }
    let counts = counts.into_iter().rev();
    counts
        .max_by_key(|(_, count)| *count)
        .map(|(name, _)| name.clone())
}

async fn pairs(db: &impl ConnectionTrait, sql: &str) -> Result<BTreeMap<String, String>, DbErr> {
    Ok(pairs_of(db, sql).await?.into_iter().collect())
}

async fn pairs_of(db: &impl ConnectionTrait, sql: &str) -> Result<Vec<(String, String)>, DbErr> {
    let rows = rows(db, sql).await?;
    rows.iter()
        .map(|row| Ok((text(row, 0)?, text(row, 1)?)))
        .collect()
}

fn text(row: &QueryResult, at: usize) -> Result<String, DbErr> {
    row.try_get_by_index(at)
}

async fn rows(db: &impl ConnectionTrait, sql: &str) -> Result<Vec<QueryResult>, DbErr> {
    db.query_all_raw(Statement::from_string(DbBackend::Postgres, sql))
        .await
}
