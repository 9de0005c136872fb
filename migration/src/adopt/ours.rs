//! Tables of our names without a history of ours: a step would stop at them. No step of ours made them, and `adopt` is
//! meant; or one did, and its history was emptied.

use std::collections::BTreeSet;

use entity::registry::resources;
use sea_orm_migration::sea_orm::ConnectionTrait;

use super::part::Part;
use super::room::{self, Space, folded};
use super::{Adoption, has_table, tool};
use crate::engine::Engine;
use crate::error::Error;
use crate::history::{self, Status};
use crate::step::{Direction, STEPS};

/// Whether the history that stands as `status` is one of ours that has something.
pub(super) async fn has_history(db: &impl ConnectionTrait, status: &Status) -> Result<bool, Error> {
    let has_some = !status.applied.is_empty()
        || !status.half_replaced.is_empty()
        || status.failed.iter().any(|failed| failed.half);
    // Steps that are not known here are a newer program's of ours, where our own table stands beside them.
    Ok(has_some
        || (!status.unknown.is_empty() && has_table(db, None, "chancery_migrations").await?))
}

/// Why nothing goes up here: tables stand that the steps would make, in a database without a history of ours.
/// Whatever else stands may stay.
pub(crate) async fn unadopted(
    db: &impl ConnectionTrait,
    status: &Status,
) -> Result<Option<Error>, Error> {
    if has_history(db, status).await? || Adoption::of(db).await?.is_some() {
        return Ok(None);
    }
    let engine = Engine::of(db)?;
    let names = room::names(db, engine).await?;
    let stands = |name: &str| {
        let what = names.get(&(Space::Relation, folded(engine, name)));
        what.is_some_and(|what| what == "a table")
    };
    let mut tables: Vec<String> = made(engine).into_iter().collect();
    tables.retain(|name| stands(name));
    if tables.is_empty() {
        return Ok(None);
    }
    // What our own steps made is nobody's to take over. The log never loses a row by itself: an empty one beside
    // all of our tables was emptied with the lists.
    let is_whole = resources().iter().all(|one| stands(one.table))
        && has_table(db, None, "chancery_migrations").await?;
    if is_whole || !history::noted(db).await?.is_empty() {
        return Ok(Some(Error::Emptied { tables }));
    }
    let keeper = tool::keeper(db).await?;
    Ok(Some(Error::Unadopted {
        tables,
        tool: keeper.map_or("none", |(_, tool)| tool.word()),
    }))
}

/// The tables that the steps make.
fn made(engine: Engine) -> BTreeSet<String> {
    let statements = STEPS
        .iter()
        .flat_map(|step| step.statements(engine, Direction::Up));
    let tables = statements.filter_map(|sql| match Part::of(sql) {
        Part::Table(name) if Part::makes(sql) => Some(name),
        _ => None,
    });
    tables.collect()
}
