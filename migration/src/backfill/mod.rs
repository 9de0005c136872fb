//! Rows that are filled in beside the running program: batch after batch by a key, each in a commit of
//! its own with how far it is, so that it can be stopped, killed and gone on with.

mod guard;
mod postgres;
mod sqlite;
mod state;
mod words;

use std::time::Duration;

use sea_orm_migration::sea_orm::{
    ConnectionTrait, DatabaseExecutor, DatabaseTransaction, Statement,
};
use sea_orm_migration::{IntoSchemaManagerConnection, SchemaManager};
use serde::Serialize;

pub(crate) use state::forget;
pub(crate) use words::Backfill;

use self::guard::Guard;
use crate::engine::Engine;
use crate::error::Error;
use crate::lock::{self, Rows};
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
    let (earlier, begun) = begin(db, backfill, total, pace, run).await?;
    if !backfill.is(&begun.words) {
        return Err(Error::Backfill(format!(
            "{} began as another statement ({}): say --restart to begin anew",
            backfill.name,
            begun.words.replace('\n', " ")
        )));
    }
    let mut guard = None;
    if !begun.is_done() {
        let is_again = earlier.as_ref().is_some_and(state::Model::has_written);
        guard = Some(Guard::of(db, backfill, is_again).await?);
    }
    let mut batches = 0;
    loop {
        let is_last = pace.most.is_some_and(|most| batches + 1 >= most);
        let going = Going {
            backfill,
            pace,
            is_last,
            guard: guard.as_ref(),
            restarted: earlier.as_ref().filter(|_| pace.restart && batches == 0),
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

/// Its row, which says how far it is, and the one that stood there before. A writer of `SQLite` waits for
/// its turn.
async fn begin(
    db: &DatabaseExecutor<'_>,
    backfill: &Backfill,
    total: i64,
    pace: &Pace,
    run: &Run<'_>,
) -> Result<(Option<state::Model>, state::Model), Error> {
    let tx = lock::begin_write(db, run.patience).await?;
    state::prepare(&tx).await?;
    let earlier = state::known(&tx, &backfill.name).await?;
    if pace.restart {
        forget(&tx, &backfill.name).await?;
    }
    let begun = state::begin(&tx, backfill, total, &run.writer.actor).await?;
    tx.commit().await?;
    Ok((earlier, begun))
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

/// After a batch that would have made rows refer to nothing.
const BROKEN: &str = "its last batch is taken back: add the rows that are missing and say the same again, or mend \
                      the statement and say --restart";

/// After a run behind which rows refer to nothing that no batch answers for.
const LEFT: &str = "its last batch is taken back, and those before it stay: mend these rows, then say the same again";

/// After a batch that failed.
const STAYS: &str = "what is done stays, and the next run goes on there";

/// What a run of batches goes by.
struct Going<'g> {
    backfill: &'g Backfill,
    pace: &'g Pace,
    /// Whether this batch is the last of this run.
    is_last: bool,
    /// Looks after what refers to nothing, where anything was left to do.
    guard: Option<&'g Guard>,
    /// How far it was before it began anew, until a batch is kept.
    restarted: Option<&'g state::Model>,
}

/// The next batch, again and again where it waits too long for a lock.
async fn one_batch(
    db: &DatabaseExecutor<'_>,
    engine: Engine,
    going: &Going<'_>,
    run: &Run<'_>,
) -> Result<state::Model, Error> {
    let name = &going.backfill.name;
    for next in 0..=TRIES {
        let tx = lock::begin_write(db, run.patience).await?;
        let (error, advice) = match in_batch(&tx, engine, going, run).await {
            Ok(stands) => match at_end(&tx, going, &stands).await {
                Ok(()) => {
                    tx.commit().await?;
                    return Ok(stands);
                }
                Err(error) => (error, LEFT),
            },
            Err(error) => (error, BROKEN),
        };
        tx.rollback().await?;
        match &error {
            Error::Orphans(_) => {
                if let Some(earlier) = going.restarted {
                    // It wrote there, which the next run must know.
                    state::put(db, earlier.clone()).await?;
                }
                return Err(Error::Backfill(format!("{name}: {error}; {advice}")));
            }
            Error::Database(error) if next < TRIES && timeouts::is_too_long(error) => {
                let pause = timeouts::pause(next);
                (run.told)(Progress::Again(name, pause));
                tokio::time::sleep(pause).await;
            }
            _ => return Err(Error::Backfill(format!("{name}: {error}; {STAYS}"))),
        }
    }
    unreachable!("the last try returns")
}

/// Behind the last batch of a run, look at everything: a trigger writes where no batch looks.
async fn at_end(
    tx: &DatabaseTransaction,
    going: &Going<'_>,
    stands: &state::Model,
) -> Result<(), Error> {
    match going.guard {
        Some(guard) if stands.is_done() || going.is_last => guard.check_all(tx).await,
        _ => Ok(()),
    }
}

async fn in_batch(
    tx: &DatabaseTransaction,
    engine: Engine,
    going: &Going<'_>,
    run: &Run<'_>,
) -> Result<state::Model, Error> {
    let Going { backfill, pace, .. } = *going;
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
        return Ok(state::put(tx, stands).await?);
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
    let within = Rows {
        table: &backfill.table,
        key: &backfill.key,
        after: stands.checkpoint.as_deref(),
        end: &end,
    };
    let changed = guarded(tx, going, &within, &update).await?;
    stands.checkpoint = Some(end);
    stands.seen += rows;
    stands.changed += i64::try_from(changed).unwrap_or_default();
    Ok(state::put(tx, stands).await?)
}

/// Change the rows `within`, and refuse it where more refers to nothing then.
async fn guarded(
    tx: &DatabaseTransaction,
    going: &Going<'_>,
    within: &Rows<'_>,
    update: &str,
) -> Result<u64, Error> {
    let Some(guard) = going.guard else {
        return Ok(tx.execute_unprepared(update).await?.rows_affected());
    };
    let before = guard.before(tx, going.backfill, within).await?;
    let changed = tx.execute_unprepared(update).await?.rows_affected();
    guard.check(tx, going.backfill, within, &before).await?;
    Ok(changed)
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
