//! Doing and undoing steps, one transaction each, and putting down what was done.
//!
//! A step that cannot run in a transaction is put down before its first statement and with each, so
//! that the next run goes on where this one stopped. Nothing is kept by whoever lost the lock meanwhile.

mod apart;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::time::{Duration, Instant};

use futures::future::{Either, select};
use sea_orm_migration::MigratorTrait;
use sea_orm_migration::sea_orm::{
    ConnectionTrait, DatabaseExecutor, DatabaseTransaction, TransactionTrait as _,
};
use tracing::{info, warn};

use self::apart::one_by_one;
use crate::Migrator;
use crate::adopt::{Adoption, Trimmed};
use crate::backfill;
use crate::engine::Engine;
use crate::error::Error;
use crate::history::{Record, State, Writer, applied_record};
use crate::lock::Lock;
use crate::schema::{BOOKKEEPING, LiveSchema};
use crate::step::{Direction, Step};
use crate::timeouts::{self, TRIES, Timeouts};

/// What is told of a step while it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress<'s> {
    /// It begins: its name, its place among those of this run, and how many those are.
    Begins(&'s str, usize, usize),
    /// It is done.
    Done(&'s str),
    /// So many of so many rows, where it is long.
    Rows(&'s str, u64, u64),
    /// It waited too long for a lock, and is tried again after so long.
    Again(&'s str, Duration),
    /// The run has not begun: somebody else is at work, as far as is known who.
    Waits(&'s str),
    /// A statement waits for a lock, as far as is known who holds it.
    Blocked(&'s str),
    /// It takes this away: so many rows of a table, so many values of a column.
    Loses(&'s str),
    /// Rows refer to nothing that the run finds so: of which tables, and how many.
    Orphans(&'s str),
}

/// A listener that listens to nothing.
pub(crate) fn quietly(_: Progress<'_>) {}

/// A listener of a program that has a log: it hears why nothing happens.
pub(crate) fn to_the_log(progress: Progress<'_>) {
    match progress {
        Progress::Waits(holder) => info!("another migration is under way: {holder}"),
        Progress::Orphans(what) => warn!("rows referred to nothing before this run: {what}"),
        _ => {}
    }
}

/// How a run goes.
pub(crate) struct Run<'r> {
    /// Who it is.
    pub(crate) writer: &'r Writer,
    /// Who hears how it goes.
    pub(crate) told: &'r (dyn Fn(Progress<'_>) + Send + Sync),
    /// How long things may take.
    pub(crate) timeouts: Timeouts,
    /// How long whoever else writes is waited for.
    pub(crate) patience: Duration,
    /// How long a statement may take that runs by itself; nobody says where the session may be another's
    /// right after it.
    pub(crate) apart: Option<Timeouts>,
}

/// Do `steps`, oldest first. What was done before one that fails stays.
pub(crate) async fn up(lock: &Lock<'_>, steps: &[&Step], run: &Run<'_>) -> Result<(), Error> {
    all(lock, steps, run, Direction::Up).await
}

/// Undo `steps`, newest first. What was undone before one that fails stays so.
pub(crate) async fn down(lock: &Lock<'_>, steps: &[&Step], run: &Run<'_>) -> Result<(), Error> {
    all(lock, steps, run, Direction::Down).await
}

async fn all(
    lock: &Lock<'_>,
    steps: &[&Step],
    run: &Run<'_>,
    direction: Direction,
) -> Result<(), Error> {
    if let Some(told) = lock.note_keys().await? {
        (run.told)(Progress::Orphans(&told));
    }
    prepare(&lock.db(), run).await?;
    let mut adoption = Adoption::of(&lock.db()).await?;
    let mut before = Some(fingerprint(&lock.db()).await?);
    let mut last = None;
    for (at, step) in steps.iter().enumerate() {
        (run.told)(Progress::Begins(step.name, at + 1, steps.len()));
        let place = Place {
            before: before.take(),
            is_last: at + 1 == steps.len(),
        };
        let doing = async {
            match direction {
                Direction::Up => one_up(lock, step, adoption.as_mut(), run, place).await,
                Direction::Down => one_down(lock, step, adoption.as_ref(), run, place).await,
            }
        };
        match while_held(lock, step, doing).await {
            Ok(record) => last = Some(record),
            Err(error) => {
                note_stop(lock, run.writer, step, last, &error).await;
                return Err(error);
            }
        }
        (run.told)(Progress::Done(step.name));
    }
    Ok(())
}

/// Where a step stands in its run.
struct Place {
    /// The schema's fingerprint before the run, for its first step.
    before: Option<String>,
    is_last: bool,
}

/// Do `what`, as long as the lock is ours.
async fn while_held<T>(
    lock: &Lock<'_>,
    step: &Step,
    what: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    match select(Box::pin(what), Box::pin(lock.lost())).await {
        Either::Left((done, _)) => done,
        Either::Right(((), _)) => Err(Error::LockLost(step.name.to_owned())),
    }
}

/// Whether the history is somebody else's to write by now.
fn is_lost(error: &Error) -> bool {
    matches!(error, Error::LockLost(_))
}

/// Note what a run leaves that ends at `step` with `error`, behind the step of `last`: what was done stays,
/// so it is what the next run finds.
async fn note_stop(
    lock: &Lock<'_>,
    writer: &Writer,
    step: &Step,
    last: Option<Record>,
    error: &Error,
) {
    if is_lost(error) {
        return;
    }
    let note = async {
        let db = lock.db();
        let known = writer.known(&db, step.name).await?;
        let is_stopped =
            |one: &Record| matches!(one.state, State::Started | State::Failed | State::Undoing);
        if let Some(mut record) = known.filter(is_stopped).or(last) {
            record.fingerprint_after = Some(fingerprint(&db).await?);
            put(lock, writer, step, record).await?;
        }
        Ok::<(), Error>(())
    };
    // What the database said of the step is what there is to say.
    if let Err(error) = note.await {
        warn!("what {} left could not be put down: {error}", step.name);
    }
}

/// Put down what stands of a step, as whoever holds the lock.
async fn put(lock: &Lock<'_>, writer: &Writer, step: &Step, record: Record) -> Result<(), Error> {
    let tx = lock.begin().await?;
    writer.put(&tx, record).await?;
    lock.commit(tx, step.name).await
}

/// Put down that a step failed, and why.
async fn put_failed(
    lock: &Lock<'_>,
    writer: &Writer,
    step: &Step,
    record: Option<Record>,
    why: &Error,
) -> Result<(), Error> {
    let tx = lock.begin().await?;
    if let Some(record) = record {
        writer.put(&tx, record).await?;
    }
    let why = Some(why.to_string());
    writer.log(&tx, step.name, "failed", why).await?;
    lock.commit(tx, step.name).await
}

async fn one_down(
    lock: &Lock<'_>,
    step: &Step,
    adoption: Option<&Adoption>,
    run: &Run<'_>,
    place: Place,
) -> Result<Record, Error> {
    let engine = Engine::of(&lock.db())?;
    let writer = run.writer;
    let began = Instant::now();
    let trimmed = trimmed(adoption, step, engine, Direction::Down);
    let trimmed = trimmed.as_ref();
    if step.is_apart(engine) {
        let all = statements(trimmed, step, engine, Direction::Down);
        let way = (Direction::Down, place.before.clone());
        one_by_one(lock, step, &all, run, way).await?;
    }
    let once = async || in_transaction(lock, step, trimmed, run, Direction::Down).await;
    let tx = patiently(step.name, run, once)
        .await
        .map_err(|source| stopped(step, source))?;
    let mut record = Record {
        state: State::RolledBack,
        fingerprint_before: place.before,
        ..applied_record(engine, step, writer, began)
    };
    if place.is_last {
        record.fingerprint_after = Some(fingerprint(&tx).await?);
    }
    backfill::forget_declared(&tx, step).await?;
    writer.unlist(&tx, step).await?;
    writer.put(&tx, record.clone()).await?;
    writer.log(&tx, step.name, "down", None).await?;
    lock.commit(tx, step.name).await?;
    Ok(record)
}

fn trimmed(
    adoption: Option<&Adoption>,
    step: &Step,
    engine: Engine,
    direction: Direction,
) -> Option<Trimmed> {
    adoption.map(|adoption| adoption.trim(step, engine, direction))
}

/// What of a step runs here.
fn script(
    trimmed: Option<&Trimmed>,
    step: &Step,
    engine: Engine,
    direction: Direction,
) -> Cow<'static, str> {
    match trimmed {
        Some(trimmed) => Cow::Owned(trimmed.script()),
        None => Cow::Borrowed(step.script(engine, direction)),
    }
}

/// The same, statement by statement.
fn statements(
    trimmed: Option<&Trimmed>,
    step: &Step,
    engine: Engine,
    direction: Direction,
) -> Vec<Cow<'static, str>> {
    if let Some(trimmed) = trimmed {
        return trimmed.statements.clone();
    }
    let all = step.statements(engine, direction).into_iter();
    all.map(Cow::Borrowed).collect()
}

async fn one_up(
    lock: &Lock<'_>,
    step: &Step,
    adoption: Option<&mut Adoption>,
    run: &Run<'_>,
    place: Place,
) -> Result<Record, Error> {
    let engine = Engine::of(&lock.db())?;
    let writer = run.writer;
    let began = Instant::now();
    let trimmed = trimmed(adoption.as_deref(), step, engine, Direction::Up);
    let mut apart = 0;
    if step.is_apart(engine) {
        let all = statements(trimmed.as_ref(), step, engine, Direction::Up);
        let way = (Direction::Up, place.before.clone());
        apart = one_by_one(lock, step, &all, run, way).await?;
    }
    let once = async || in_transaction(lock, step, trimmed.as_ref(), run, Direction::Up).await;
    let tx = match patiently(step.name, run, once).await {
        Ok(tx) => tx,
        Err(source) => {
            let record = Record {
                state: State::Failed,
                error: Some(source.to_string()),
                fingerprint_before: place.before,
                finished_at: None,
                ..applied_record(engine, step, writer, began)
            };
            let record = (!step.is_apart(engine)).then_some(record);
            put_failed(lock, writer, step, record, &source).await?;
            return Err(stopped(step, source));
        }
    };
    let mut record = Record {
        statements_done: apart,
        fingerprint_before: place.before,
        ..applied_record(engine, step, writer, began)
    };
    if let (Some(adoption), Some(trimmed)) = (adoption, &trimmed) {
        adoption.leave_out(&tx, &trimmed.left_out).await?;
        record.reason = trimmed.reason();
    }
    // In the same commit: a run that is broken off after it leaves nothing unsaid.
    if place.is_last {
        record.fingerprint_after = Some(fingerprint(&tx).await?);
    }
    writer.list(&tx, step.name).await?;
    writer.put(&tx, record.clone()).await?;
    writer.log(&tx, step.name, "up", None).await?;
    lock.commit(tx, step.name).await?;
    Ok(record)
}

/// A transaction in which the step is done or undone, if it is one that goes into a transaction.
async fn in_transaction(
    lock: &Lock<'_>,
    step: &Step,
    trimmed: Option<&Trimmed>,
    run: &Run<'_>,
    direction: Direction,
) -> Result<DatabaseTransaction, Error> {
    let engine = Engine::of(&lock.db())?;
    let tx = lock.begin().await?;
    run.timeouts.within(&tx).await?;
    if step.is_apart(engine) {
        return Ok(tx);
    }
    let script = script(trimmed, step, engine, direction);
    let done = match tx.execute_unprepared(&script).await {
        Ok(_) => lock.check_keys(&tx).await,
        Err(error) => Err(error.into()),
    };
    if let Err(error) = done {
        tx.rollback().await?;
        return Err(error);
    }
    Ok(tx)
}

/// Do `what`, which is called `name`, and do it again when it waited too long for a lock.
pub(crate) async fn patiently<T>(
    name: &str,
    run: &Run<'_>,
    what: impl AsyncFn() -> Result<T, Error>,
) -> Result<T, Error> {
    for next in 0..TRIES {
        match what().await {
            Err(Error::Database(error)) if timeouts::is_too_long(&error) => {
                let pause = timeouts::pause(next);
                (run.told)(Progress::Again(name, pause));
                tokio::time::sleep(pause).await;
            }
            done => return done,
        }
    }
    what().await
}

/// A step that failed and was taken back.
fn stopped(step: &Step, source: Error) -> Error {
    if is_lost(&source) {
        return source;
    }
    Error::Stopped {
        step: step.name,
        goes_on: false,
        what_stays: "nothing of it stays".to_owned(),
        source: Box::new(source),
    }
}

async fn prepare(db: &DatabaseExecutor<'_>, run: &Run<'_>) -> Result<(), Error> {
    let tx = db.begin().await?;
    run.timeouts.within(&tx).await?;
    Migrator::install(&tx).await?;
    run.writer.prepare(&tx).await?;
    tx.commit().await?;
    Ok(())
}

/// Of what is there, but for the history itself.
pub(crate) async fn fingerprint(db: &impl ConnectionTrait) -> Result<String, Error> {
    Ok(LiveSchema::read(db)
        .await?
        .without(BOOKKEEPING)
        .fingerprint())
}
