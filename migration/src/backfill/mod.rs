//! Rows that are filled in beside the running program: batch after batch by a key, each in a commit of
//! its own with how far it is, so that it can be stopped, killed and gone on with.

mod postgres;
mod sqlite;
mod state;
mod words;

use std::time::Duration;

use sea_orm_migration::sea_orm::{
    ConnectionTrait, DatabaseExecutor, DatabaseTransaction, DbErr, Statement,
};
use sea_orm_migration::{IntoSchemaManagerConnection, SchemaManager};
use serde::Serialize;

pub(crate) use state::forget;
pub(crate) use words::Backfill;

use crate::engine::Engine;
use crate::error::Error;
use crate::lock::{self, Orphans};
use crate::plan;
use crate::rows::check_seen;
use crate::runner::{Progress, Run};
use crate::schema::{LiveSchema, Table, quoted};
use crate::step::{STEPS, Step};
use crate::timeouts::{self, TRIES};

/// How a backfill goes.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Pace {
    /// How many rows a batch has, if not as many as it says itself.
    pub(crate) batch: Option<u64>,
    /// How long the others are left alone after each.
    pub(crate) pause: Duration,
    /// At most so many batches.
    pub(crate) most: Option<u64>,
    /// Whether it begins anew.
    pub(crate) restart: bool,
}

/// How far a backfill is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Standing {
    /// Its name.
    pub name: String,
    /// `pending`, `running` or `done`.
    pub state: &'static str,
    /// How many rows it looked at.
    pub seen: i64,
    /// How many of them it changed.
    pub changed: i64,
    /// How many there were, about, when it began.
    pub total: i64,
}

/// Do what is left of `backfill`.
pub(crate) async fn run(
    db: &DatabaseExecutor<'_>,
    backfill: &Backfill,
    pace: &Pace,
    run: &Run<'_>,
) -> Result<Standing, Error> {
    let engine = Engine::of(db)?;
    let schema = LiveSchema::read(db).await?;
    check(backfill, &schema)?;
    check_seen(db, |name| backfill.reads(engine, name)).await?;
    let sizes = plan::sizes(db).await?;
    let total = sizes.get(&backfill.table).map_or(0, |size| size.rows);
    let begun = begin(db, backfill, total, pace, run).await?;
    if !backfill.is(&begun.words) {
        return Err(Error::Backfill(format!(
            "{} began as another statement ({}): say --restart to begin anew",
            backfill.name,
            begun.words.replace('\n', " ")
        )));
    }
    let mut before = None;
    if !begun.is_done() {
        let mut known = Orphans::of(db).await?;
        if begun.checkpoint.is_some() {
            // An earlier run wrote there, and may have been killed before it looked.
            known.forget(&backfill.table, |column| backfill.sets(engine, column));
        }
        before = Some(known);
    }
    let mut batches = 0;
    loop {
        let is_last = pace.most.is_some_and(|most| batches + 1 >= most);
        let going = Going {
            backfill,
            pace,
            is_last,
            before: before.as_ref(),
        };
        let stands = one_batch(db, engine, &going, run).await?;
        let standing = Standing::of(&stands);
        let (seen, total) = (stands.seen.unsigned_abs(), stands.total.unsigned_abs());
        (run.told)(Progress::Rows(&backfill.name, seen, total.max(seen)));
        batches += 1;
        if standing.is_done() || is_last {
            return Ok(standing);
        }
        tokio::time::sleep(pace.pause).await;
    }
}

/// Its row, which says how far it is. A writer of `SQLite` waits for its turn.
async fn begin(
    db: &DatabaseExecutor<'_>,
    backfill: &Backfill,
    total: i64,
    pace: &Pace,
    run: &Run<'_>,
) -> Result<state::Model, Error> {
    let tx = lock::begin_write(db, run.patience).await?;
    state::prepare(&tx).await?;
    if pace.restart {
        forget(&tx, &backfill.name).await?;
    }
    let begun = state::begin(&tx, backfill, total, &run.writer.actor).await?;
    tx.commit().await?;
    Ok(begun)
}

/// Forget what `step` declares: done again, it makes a column that has nothing in it.
pub(crate) async fn forget_declared(db: &DatabaseTransaction, step: &Step) -> Result<(), Error> {
    let Some(declared) = step.backfill(Engine::of(db)?) else {
        return Ok(());
    };
    if SchemaManager::new(db).has_table(state::TABLE).await? {
        forget(db, &Backfill::read(Engine::of(db)?, declared)?.name).await?;
    }
    Ok(())
}

/// Rows that refer to nothing since a run.
fn broken(backfill: &Backfill, error: &Error) -> Error {
    Error::Backfill(format!(
        "{}: {error}; its last batch is taken back: mend these rows, then say the same again",
        backfill.name
    ))
}

/// What a run of batches goes by.
struct Going<'g> {
    backfill: &'g Backfill,
    pace: &'g Pace,
    /// Whether this batch is the last of this run.
    is_last: bool,
    /// What referred to nothing before it, where anything was left to do.
    before: Option<&'g Orphans>,
}

/// The next batch, again and again where it waits too long for a lock.
async fn one_batch(
    db: &DatabaseExecutor<'_>,
    engine: Engine,
    going: &Going<'_>,
    run: &Run<'_>,
) -> Result<state::Model, Error> {
    let Going { backfill, pace, .. } = *going;
    for next in 0..=TRIES {
        let tx = lock::begin_write(db, run.patience).await?;
        match in_batch(&tx, engine, backfill, pace, run).await {
            Ok(stands) => {
                if let Some(before) = going.before
                    && (stands.is_done() || going.is_last)
                {
                    // A row of SQLite may refer to none meanwhile.
                    let found = Orphans::of(&tx).await?;
                    found
                        .refuse_more_than(before)
                        .map_err(|error| broken(backfill, &error))?;
                }
                tx.commit().await?;
                return Ok(stands);
            }
            Err(error) => {
                tx.rollback().await?;
                if next == TRIES || !timeouts::is_too_long(&error) {
                    return Err(Error::Backfill(format!(
                        "{}: {error}; what is done stays, and the next run goes on there",
                        backfill.name
                    )));
                }
                let pause = timeouts::pause(next);
                (run.told)(Progress::Again(&backfill.name, pause));
                tokio::time::sleep(pause).await;
            }
        }
    }
    unreachable!("the last try returns")
}

async fn in_batch(
    tx: &DatabaseTransaction,
    engine: Engine,
    backfill: &Backfill,
    pace: &Pace,
    run: &Run<'_>,
) -> Result<state::Model, DbErr> {
    run.timeouts.within(tx).await?;
    // Of two that run at once each takes the next batch in turn.
    let mut stands = state::take(tx, &backfill.name).await?;
    if stands.is_done() {
        return Ok(stands);
    }
    let (table, key) = (quoted(&backfill.table), quoted(&backfill.key));
    let after = stands.checkpoint.as_ref();
    let after = after.map_or_else(String::new, |after| format!(" WHERE {key} > {after}"));
    let literal = match engine {
        Engine::Sqlite => sqlite::LITERAL,
        Engine::Postgres => postgres::LITERAL,
    };
    let batch = pace.batch.unwrap_or(backfill.batch).max(1);
    let end = format!(
        "SELECT {literal}, n FROM (SELECT k, row_number() OVER (ORDER BY k) AS n FROM (SELECT {key} \
         AS k FROM {table}{after} ORDER BY {key} LIMIT {batch}) one) all_of_them ORDER BY n DESC \
         LIMIT 1"
    );
    let end = tx
        .query_one_raw(Statement::from_string(engine.backend(), end))
        .await?;
    let Some(end) = end else {
        stands.finish();
        return state::put(tx, stands).await;
    };
    let (end, rows): (String, i64) = (end.try_get_by_index(0)?, end.try_get_by_index(1)?);
    let and = |condition: &Option<String>| {
        let given = condition.as_ref();
        given.map_or_else(String::new, |given| format!(" AND ({given})"))
    };
    let after = stands
        .checkpoint
        .as_ref()
        .map(|after| format!("{key} > {after}"));
    let update = format!(
        "UPDATE {table} SET {} WHERE {key} <= {end}{}{}",
        backfill.set,
        and(&after),
        and(&backfill.only),
    );
    let changed = tx.execute_unprepared(&update).await?.rows_affected();
    stands.checkpoint = Some(end);
    stands.seen += rows;
    stands.changed += i64::try_from(changed).unwrap_or_default();
    state::put(tx, stands).await
}

/// Refuse what could not be gone through by its key.
fn check(backfill: &Backfill, schema: &LiveSchema) -> Result<(), Error> {
    let refuse = |why: &str| Err(Error::Backfill(format!("{}: {why}", backfill.name)));
    let (table, key) = (&backfill.table, &backfill.key);
    let Some(found) = schema.tables.get(table) else {
        return refuse(&format!("there is no table {table}"));
    };
    if !found.columns.iter().any(|column| column.name == *key) {
        return refuse(&format!("{table} has no column {key}"));
    }
    if !is_key(found, key) {
        return refuse(&format!(
            "{table}.{key} is no key by itself: name a column that is, and that takes no null"
        ));
    }
    Ok(())
}

fn is_key(table: &Table, column: &str) -> bool {
    let alone = format!("({})", quoted(column)).to_lowercase();
    let is_null = |one: &crate::schema::Column| one.name == column && one.nullable;
    let nullable = table.columns.iter().any(is_null);
    table.constraints.values().any(|text| {
        let text = text.to_lowercase();
        (text.starts_with("primary key") || (text.starts_with("unique") && !nullable))
            && text.replace(" (", "(").contains(&alone)
    })
}

/// The backfills that the applied steps declare.
pub(crate) fn declared(engine: Engine, applied: &[String]) -> Result<Vec<Backfill>, Error> {
    let steps = STEPS
        .iter()
        .filter(|step| applied.iter().any(|name| name == step.name));
    steps
        .filter_map(|step| step.backfill(engine))
        .map(|text| Backfill::read(engine, text))
        .collect()
}

/// Those that were begun and are not done, and can be gone on with by what was kept of them. What a step
/// does within itself is gone on with by `up`.
pub(crate) async fn begun<'c>(
    db: impl IntoSchemaManagerConnection<'c>,
) -> Result<Vec<Backfill>, Error> {
    let manager = SchemaManager::new(db);
    if !manager.has_table(state::TABLE).await? {
        return Ok(Vec::new());
    }
    let engine = Engine::of(manager.get_connection())?;
    let all = state::all(manager.get_connection()).await?;
    let open = all.iter().filter(|one| !one.is_done());
    Ok(open
        .filter_map(|one| Backfill::read(engine, &one.words).ok())
        .collect())
}

/// How far those are that the applied steps declare, and whatever else was begun.
pub(crate) async fn standing<'c>(
    db: impl IntoSchemaManagerConnection<'c>,
    applied: &[String],
) -> Result<Vec<Standing>, Error> {
    let manager = SchemaManager::new(db);
    let engine = Engine::of(manager.get_connection())?;
    let begun = if manager.has_table(state::TABLE).await? {
        state::all(manager.get_connection()).await?
    } else {
        Vec::new()
    };
    let mut found: Vec<Standing> = begun.iter().map(Standing::of).collect();
    for one in declared(engine, applied)? {
        if !found.iter().any(|known| known.name == one.name) {
            found.push(Standing {
                name: one.name,
                state: "pending",
                seen: 0,
                changed: 0,
                total: 0,
            });
        }
    }
    Ok(found)
}

impl Standing {
    fn of(stands: &state::Model) -> Self {
        Self {
            name: stands.name.clone(),
            state: if stands.is_done() { "done" } else { "running" },
            seen: stands.seen,
            changed: stands.changed,
            total: stands.total,
        }
    }

    /// Whether nothing is left of it.
    pub(crate) fn is_done(&self) -> bool {
        self.state == "done"
    }
}
