//! What is looked at before the history is moved: whether the database is as it left it, and whether
//! anything in its middle is missing or half-done.

use entity::registry::resource;
use sea_orm_migration::sea_orm::{ConnectionTrait, DatabaseConnection, DbErr};
use tracing::warn;

use crate::Way;
use crate::adopt::Adoption;
use crate::engine::Engine;
use crate::error::Error;
use crate::history::{ACCEPTED, Status, is_as_left};
use crate::lexer::{self, Token};
use crate::lock::Lock;
use crate::schema::{BOOKKEEPING, Change, Difference, LiveSchema, Object, difference, scratch};
use crate::step::{Direction, STEPS, Step};

/// Refuse to go on from a database that was changed behind the history's back: what is put down
/// afterwards would hide it.
pub(crate) async fn drift(
    db: &DatabaseConnection,
    lock: &Lock<'_>,
    before: &Status,
    way: &Way,
) -> Result<(), Error> {
    drift_but(db, lock, before, way, |_| false).await
}

/// The same, but for what `is_known`: it is about to be made, or an earlier run that was broken off made it.
pub(crate) async fn drift_but(
    db: &DatabaseConnection,
    lock: &Lock<'_>,
    before: &Status,
    way: &Way,
    is_known: impl Fn(&Object) -> bool,
) -> Result<(), Error> {
    // Its own statements stand half-way, and what stopped it may have to be mended by hand.
    if before.failed.iter().any(|failed| failed.half) {
        return Ok(());
    }
    if is_as_left(lock.db()).await? != Some(false) {
        return Ok(());
    }
    let applied = applied(before);
    // Who may not compare, or cannot, knows still that something is not as it was.
    let found = match drifted(db, &lock.db(), &applied).await {
        Ok(found) => {
            let drift = found.into_iter().filter(|one| !is_known(&one.object));
            let drift: Vec<String> = drift.map(|one| one.to_string()).collect();
            // Somebody brought it back.
            if drift.is_empty() {
                return Ok(());
            }
            drift
        }
        Err(error) => vec![format!("in what, nobody could compare: {error}")],
    };
    let refusal = Error::Drifted(found);
    if way.accept_drift {
        warn!("{refusal}");
        let last = before.applied.last().map_or("", String::as_str);
        let why = Some(refusal.to_string());
        return way.writer.log(&lock.db(), last, ACCEPTED, why).await;
    }
    Err(refusal)
}

/// The steps that are applied, oldest first.
pub(crate) fn applied(status: &Status) -> Vec<&'static Step> {
    let is_applied = |step: &&Step| status.applied.iter().any(|name| name == step.name);
    STEPS.iter().filter(is_applied).collect()
}

/// In what the database is not as `steps` make it.
pub(crate) async fn found(
    db: &DatabaseConnection,
    at: &impl ConnectionTrait,
    steps: &[&Step],
) -> Result<Vec<Difference>, Error> {
    Ok(compared(db, at, steps).await?.0)
}

/// The same, but for what is only advice.
pub(crate) async fn drifted(
    db: &DatabaseConnection,
    at: &impl ConnectionTrait,
    steps: &[&Step],
) -> Result<Vec<Difference>, Error> {
    let (mut found, adoption) = compared(db, at, steps).await?;
    found.retain(|one| !is_advice(one, adoption.as_ref()));
    Ok(found)
}

async fn compared(
    db: &DatabaseConnection,
    at: &impl ConnectionTrait,
    steps: &[&Step],
) -> Result<(Vec<Difference>, Option<Adoption>), Error> {
    let expected = expected(Engine::of(db)?, db, steps).await?;
    let actual = LiveSchema::read(at).await?.without(BOOKKEEPING);
    let adoption = Adoption::of(at).await?;
    let found = match &adoption {
        None => difference(&expected, &actual),
        Some(adoption) => adoption.fit(expected, &actual).drift,
    };
    Ok((found, adoption))
}

/// What `steps` make, oldest first. Refused where they cannot be done again because one in their
/// middle is missing.
pub(crate) async fn expected(
    engine: Engine,
    db: &DatabaseConnection,
    steps: &[&Step],
) -> Result<LiveSchema, Error> {
    match scratch::of_steps(engine, db, steps.iter().copied()).await {
        Ok(mut schema) => {
            // The place where the steps were tried has those of the database.
            schema.extensions.retain(|name| is_made(name, steps));
            Ok(schema.without(BOOKKEEPING))
        }
        Err(DbErr::Exec(_) | DbErr::Query(_)) if !missing(steps).is_empty() => {
            Err(Error::Hole(missing(steps)))
        }
        Err(error) => Err(error.into()),
    }
}

/// Whether one of `steps` makes the extension `name`.
fn is_made(name: &str, steps: &[&Step]) -> bool {
    let scripts = steps
        .iter()
        .map(|step| step.script(Engine::Postgres, Direction::Up));
    let mut statements = scripts.flat_map(|script| lexer::split(Engine::Postgres, script));
    statements.any(|sql| extension(sql).is_some_and(|made| made == name))
}

/// The extension that a statement makes.
fn extension(sql: &str) -> Option<String> {
    let words = lexer::words(Engine::Postgres, sql);
    let is = |at: usize, word: &str| words.get(at).is_some_and(|one| one.is(word));
    if !is(0, "CREATE") || !is(1, "EXTENSION") {
        return None;
    }
    let at = if is(2, "IF") { 5 } else { 2 };
    words.get(at).map(Token::plain)
}

/// The steps that are older than the last of `steps`, and none of them.
fn missing(steps: &[&Step]) -> Vec<String> {
    let is_one = |step: &Step| steps.iter().any(|one| one.name == step.name);
    let last = STEPS.iter().rposition(is_one).unwrap_or_default();
    let missing = STEPS[..last].iter().filter(|step| !is_one(step));
    missing.map(|step| step.name.to_owned()).collect()
}

/// Refuse to undo what begins at the place `lowest` where a step from there on is half-done, or is
/// missing below one that is applied.
pub(crate) fn whole(status: &Status, lowest: usize) -> Result<(), Error> {
    let is_above = |name: &str| STEPS[lowest..].iter().any(|step| step.name == name);
    let mut half = status.failed.iter().filter(|failed| failed.half);
    if let Some(failed) = half.find(|failed| is_above(&failed.step)) {
        return Err(Error::HalfDone {
            step: failed.step.clone(),
            statements: failed.statements_done,
        });
    }
    let holes = status.out_of_order.iter().filter(|name| is_above(name));
    let holes: Vec<String> = holes.cloned().collect();
    if holes.is_empty() {
        return Ok(());
    }
    Err(Error::Hole(holes))
}

/// What is good to have and not part of the contract: on tables that an `adoption` took over an index that
/// the entity only recommends and the rules of keys, as they were found then, and anywhere an extension or a
/// right that somebody added, as whoever runs the server does for measurements and readers.
pub(crate) fn is_advice(one: &Difference, adoption: Option<&Adoption>) -> bool {
    // What went after the adoption somebody took away.
    let was_so = || adoption.is_some_and(|adoption| adoption.knows(one));
    match (&one.object, &one.change) {
        (Object::Index(table, name), Change::Missing) if was_so() => {
            resource(table).is_some_and(|resource| {
                let mut indexes = resource.declaration.indexes.iter();
                indexes.any(|index| index.recommended && index.name_on(table) == *name)
            })
        }
        (Object::Constraint(table, _), Change::Changed { from, to }) if was_so() => {
            let shared = resource(table).is_some_and(|one| one.domain == "conversation");
            shared && from.strip_suffix(" ON DELETE CASCADE") == Some(to)
        }
        (Object::Extension(_) | Object::Grant(_), Change::Added) => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_extension_is_known_by_its_whole_name() {
        let makes = |sql| {
            let step = Step::doing("m1", sql);
            is_made("pg_trgm", &[&step])
        };
        for sql in [
            "CREATE EXTENSION pg_trgm;",
            "-- one\n  create extension IF NOT EXISTS \"pg_trgm\" WITH SCHEMA public;",
        ] {
            assert!(makes(sql), "{sql}");
        }
        for sql in [
            "CREATE EXTENSION pg_trgm_x;",
            "CREATE EXTENSION other; -- not pg_trgm",
            "COMMENT ON EXTENSION pg_trgm IS 'CREATE EXTENSION pg_trgm';",
        ] {
            assert!(!makes(sql), "{sql}");
        }
    }
}
