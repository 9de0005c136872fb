//! Whether there is room for what the steps make: what stands in the way of a name is told before
//! anything is put down, and not by the step that stops at it.

use std::collections::BTreeMap;

use sea_orm_migration::sea_orm::{ConnectionTrait, DbErr};

use super::part::Part;
use super::{Adoption, Finding, LeftOut, Optional, Verdict, postgres, sqlite};
use crate::engine::Engine;
use crate::schema::{LiveSchema, Object};
use crate::step::{Direction, STEPS};

/// Names that nothing else may have at the same time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Space {
    /// Of tables, views, sequences and indexes.
    Relation,
    /// Of types, where the engine has such.
    Type,
    /// Of triggers, where these are no table's own.
    Trigger,
}

/// What stands, and what it is: `a sequence`.
pub(super) type Names = BTreeMap<(Space, String), String>;

/// What stands in the way of what the steps still make.
pub(super) async fn in_the_way(
    db: &impl ConnectionTrait,
    adoption: &Adoption,
    expected: &LiveSchema,
) -> Result<Vec<Finding>, DbErr> {
    let engine = expected.engine;
    let names = names(db, engine).await?;
    let found = made(adoption, expected)
        .into_iter()
        .filter_map(|(space, name, object)| {
            let taken = names.get(&(space, folded(engine, &name)))?;
            Some(Finding {
                object: object.to_string(),
                verdict: Verdict::Refuse,
                note: format!("could not be made: {taken} has its name"),
            })
        });
    let mut found: Vec<Finding> = found.collect();
    // What has both of a table's names is one thing.
    found.dedup_by(|one, other| one.object == other.object);
    Ok(found)
}

/// What stands in the way of what was left out, a line each. What stands on the very table may be what an earlier
/// run made.
pub(super) async fn taken(
    db: &impl ConnectionTrait,
    live: &LiveSchema,
    wanted: &[LeftOut],
) -> Result<Vec<String>, DbErr> {
    let names = names(db, live.engine).await?;
    let lines = wanted.iter().filter_map(|one| {
        let table = live.tables.get(&one.table);
        let (space, stands) = match one.kind {
            Optional::Indexes => (Space::Relation, table.map(|table| &table.indexes)),
            Optional::Triggers => (Space::Trigger, table.map(|table| &table.triggers)),
            Optional::Keys => return None,
        };
        let taken = names.get(&(space, folded(live.engine, &one.name)))?;
        let is_there = stands.is_some_and(|all| all.contains_key(&one.name));
        (!is_there).then(|| format!("{taken} has the name of {one}"))
    });
    Ok(lines.collect())
}

pub(super) async fn names(db: &impl ConnectionTrait, engine: Engine) -> Result<Names, DbErr> {
    match engine {
        Engine::Sqlite => sqlite::names(db).await,
        Engine::Postgres => postgres::names(db).await,
    }
}

/// A name as the engine compares it.
pub(super) fn folded(engine: Engine, name: &str) -> String {
    match engine {
        Engine::Sqlite => name.to_lowercase(),
        Engine::Postgres => name.to_owned(),
    }
}

/// What the steps still make, each with the space of its name.
fn made(adoption: &Adoption, expected: &LiveSchema) -> Vec<(Space, String, Object)> {
    let engine = expected.engine;
    let mut made = Vec::new();
    for step in STEPS {
        for sql in adoption.trim(step, engine, Direction::Up).statements {
            let of = |table: Option<String>| table.unwrap_or_default();
            match Part::of(&sql) {
                _ if !Part::makes(&sql) => {}
                Part::Table(name) => {
                    let object = Object::Table(name.clone());
                    made.push((Space::Relation, name.clone(), object.clone()));
                    // The rows of a table are a type.
                    made.push((Space::Type, name, object));
                }
                Part::Index { table, name } => {
                    let object = Object::Index(of(table), name.clone());
                    made.push((Space::Relation, name, object));
                }
                Part::Trigger { table, name } => {
                    let object = Object::Trigger(of(table), name.clone());
                    made.push((Space::Trigger, name, object));
                }
                Part::Type(name) => {
                    let object = Object::Type(name.clone());
                    made.push((Space::Type, name, object));
                }
                _ => {}
            }
        }
    }
    let new = expected
        .tables
        .iter()
        .filter(|(name, _)| !adoption.has(name));
    for (table, shape) in new {
        for (name, text) in &shape.constraints {
            let text = text.to_uppercase();
            // These are indexes, too; on SQLite they have names of their own.
            if engine == Engine::Postgres
                && (text.starts_with("PRIMARY KEY") || text.starts_with("UNIQUE"))
            {
                let object = Object::Constraint(table.clone(), name.clone());
                made.push((Space::Relation, name.clone(), object));
            }
        }
    }
    made
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_sqlite_takes_names_of_other_letters_for_the_same() {
        assert_eq!(folded(Engine::Sqlite, "Jobs"), "jobs");
        assert_eq!(folded(Engine::Postgres, "Jobs"), "Jobs");
    }
}
