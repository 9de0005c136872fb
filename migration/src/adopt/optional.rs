//! What was left out of tables that stood, made after all because somebody asks for it by name.
//!
//! Each is made by itself and put down at once, so that a run that stops in its middle goes on with
//! the next one.

use sea_orm_migration::sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseExecutor, TransactionTrait,
};

use super::part::{self, Part};
use super::{Adoption, LeftOut, Optional, postgres, room, sqlite};
use crate::engine::Engine;
use crate::error::Error;
use crate::guard;
use crate::history::{self, status};
use crate::lexer::split;
use crate::lock::Lock;
use crate::runner::{Run, patiently};
use crate::schema::{LiveSchema, Object};
use crate::step::{Direction, STEPS, Step};
use crate::{Way, movable};

/// Make what was left out, of `kinds`, and tell what that was.
pub(crate) async fn make(
    db: &DatabaseConnection,
    way: &Way,
    kinds: &[Optional],
) -> Result<Vec<String>, Error> {
    let lock = way.lock(db).await?;
    let at = lock.db();
    let engine = Engine::of(&at)?;
    let Some(mut adoption) = Adoption::of(&at).await? else {
        lock.release().await?;
        return Ok(Vec::new());
    };
    if engine == Engine::Sqlite && kinds.contains(&Optional::Keys) {
        return Err(Error::Option(
            "SQLite gives no key to a table that stands; the rest of `--with` it makes".to_owned(),
        ));
    }
    let going = adoption
        .left_out
        .iter()
        .filter(|one| kinds.contains(&one.kind));
    let going: Vec<LeftOut> = going.cloned().collect();
    if going.is_empty() {
        lock.release().await?;
        return Ok(Vec::new());
    }
    let live = LiveSchema::read(&at).await?;
    check(db, &lock, way, &live, &going).await?;
    let run = way.run_under(&lock);
    let mut made = Vec::new();
    for one in &going {
        let step = make_one(&at, &live, &mut adoption, one, &run).await?;
        adoption.left_out.remove(one);
        adoption.settle(&one.to_string());
        adoption.write(&at).await?;
        let action = format!("with {}", one.kind.word());
        way.writer
            .log(&at, step, &action, Some(one.to_string()))
            .await?;
        made.push(one.to_string());
    }
    follow(&at, engine, &going).await?;
    if !made.is_empty() {
        history::note_schema(lock.db(), &way.writer).await?;
    }
    drop(at);
    lock.release().await?;
    Ok(made)
}

/// Refuse where the database is not as its history left it, or something else has the name of what would be
/// made, before anything is.
async fn check(
    db: &DatabaseConnection,
    lock: &Lock<'_>,
    way: &Way,
    live: &LiveSchema,
    going: &[LeftOut],
) -> Result<(), Error> {
    let before = movable(status(lock.db()).await?)?;
    // A run that was broken off leaves half of something, and a trigger comes in the place of what stands.
    let is_known = |object: &Object| {
        let object = object.to_string();
        let mut going = going.iter();
        going.any(|one| {
            one.to_string() == object && (one.kind == Optional::Triggers || is_half(live, one))
        })
    };
    guard::drift_but(db, lock, &before, way, is_known).await?;
    let taken = room::taken(&lock.db(), live, going).await?;
    if taken.is_empty() {
        return Ok(());
    }
    Err(Error::Option(format!(
        "nothing of `--with` was made, since names are taken: {}; give these other names, or drop them, then say \
         the same again",
        taken.join("; ")
    )))
}

/// Whether it stands as a run leaves it that was broken off.
fn is_half(live: &LiveSchema, one: &LeftOut) -> bool {
    let table = live.tables.get(&one.table);
    let ends = |text: Option<&String>, mark: &str| text.is_some_and(|text| text.ends_with(mark));
    table.is_some_and(|table| match one.kind {
        Optional::Indexes => ends(table.indexes.get(&one.name), " INVALID"),
        Optional::Keys => ends(table.constraints.get(&one.name), " NOT VALID"),
        Optional::Triggers => false,
    })
}

/// Make one of them, and tell whose step it is.
async fn make_one(
    at: &DatabaseExecutor<'_>,
    live: &LiveSchema,
    adoption: &mut Adoption,
    one: &LeftOut,
    run: &Run<'_>,
) -> Result<&'static str, Error> {
    let engine = live.engine;
    let (step, sql) = statement(engine, one).ok_or_else(|| {
        Error::Option(format!(
            "no step makes {one}: was it made by an older program?"
        ))
    })?;
    match (one.kind, engine) {
        (Optional::Indexes, Engine::Sqlite) => {
            at.execute_unprepared(&sql).await?;
        }
        (Optional::Indexes, Engine::Postgres) => {
            let sql = postgres::concurrently(&sql);
            let apart = async || Ok(step.run_apart(at, &sql, run.apart).await?);
            patiently(step.name, run, apart).await?;
        }
        (Optional::Keys, _) => {
            let done = usize::from(is_half(live, one));
            for sql in postgres::key(&one.table, &sql).iter().skip(done) {
                let making = async || in_transaction(at, run, &[sql]).await;
                patiently(step.name, run, making).await?;
            }
        }
        (Optional::Triggers, _) => {
            let all = trigger(engine, adoption, one, sql);
            let making = async || in_transaction(at, run, &all).await;
            patiently(step.name, run, making).await?;
        }
    }
    Ok(step.name)
}

/// Statements that are one, in the time that a run gives them.
async fn in_transaction(
    db: &DatabaseExecutor<'_>,
    run: &Run<'_>,
    statements: &[impl AsRef<str>],
) -> Result<(), Error> {
    let tx = db.begin().await?;
    run.timeouts.within(&tx).await?;
    for sql in statements {
        tx.execute_unprepared(sql.as_ref()).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// The statements that make a trigger, and ours of the function that it calls where another stood, in
/// the place of whatever has their names.
fn trigger(engine: Engine, adoption: &mut Adoption, wanted: &LeftOut, sql: String) -> Vec<String> {
    let (table, name) = (&wanted.table, &wanted.name);
    if engine == Engine::Sqlite {
        return vec![sqlite::no_trigger(name), sql];
    }
    let mut all = vec![postgres::no_trigger(table, name)];
    if let Some(called) = postgres::called(&sql)
        && adoption.settle(&format!("function {called}()"))
        && let Some(function) = function(engine, called)
    {
        all.push(postgres::instead(function));
    }
    all.push(sql);
    all
}

/// The statement that makes a function, as the last step that does says it.
fn function(engine: Engine, name: &str) -> Option<&'static str> {
    let steps = STEPS.iter().rev();
    let mut all = steps.flat_map(|step| split(engine, step.script(engine, Direction::Up)));
    all.find(|sql| Part::makes(sql) && Part::of(sql) == Part::Function(name.to_owned()))
}

/// What triggers would have done had they stood: search has every message, and sums of charts are
/// proven anew.
async fn follow(db: &impl ConnectionTrait, engine: Engine, made: &[LeftOut]) -> Result<(), Error> {
    let on = |table: &str| {
        let mut made = made.iter();
        made.any(|one| one.kind == Optional::Triggers && one.table == table)
    };
    if on("messages") {
        let fill = match engine {
            Engine::Sqlite => sqlite::FILL_SEARCH,
            Engine::Postgres => postgres::FILL_SEARCH,
        };
        db.execute_unprepared(fill).await?;
    }
    if on("runs") || on("stage_outputs") {
        db.execute_unprepared("UPDATE rollup_state SET charts_built_at = NULL")
            .await?;
    }
    Ok(())
}

/// The statement that makes something, as the last step that does says it, and that step. Of a key,
/// it is the line within `CREATE TABLE`.
fn statement(engine: Engine, wanted: &LeftOut) -> Option<(&'static Step, String)> {
    for step in STEPS.iter().rev() {
        for sql in split(engine, step.script(engine, Direction::Up)) {
            let found = match (Part::of(sql), wanted.kind) {
                (Part::Index { name, .. }, Optional::Indexes)
                | (Part::Trigger { name, .. }, Optional::Triggers)
                    if name == wanted.name && sql.contains("CREATE ") =>
                {
                    Some(sql.to_owned())
                }
                (Part::Table(table) | Part::Change { table, .. }, Optional::Keys)
                    if table == wanted.table =>
                {
                    part::line(sql, &wanted.name)
                }
                _ => None,
            };
            if let Some(sql) = found {
                return Some((step, sql));
            }
        }
    }
    None
}
