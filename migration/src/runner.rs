//! Doing and undoing steps, one transaction each, and putting down what was done.
//!
//! A step that cannot run in a transaction is put down before its first statement and after each, so
//! that the next run goes on where this one stopped.

use std::borrow::Cow;
use std::time::{Duration, Instant};

use sea_orm_migration::MigratorTrait;
use sea_orm_migration::sea_orm::{
    ConnectionTrait, DatabaseExecutor, DatabaseTransaction, DbErr, TransactionTrait,
};

use tracing::info;

use crate::Migrator;
use crate::adopt::{Adoption, Trimmed};
use crate::backfill::{self, Backfill, Pace};
use crate::engine::Engine;
use crate::error::Error;
use crate::history::{Record, State, Writer, applied_record};
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
}

/// A listener that listens to nothing.
pub(crate) fn quietly(_: Progress<'_>) {}

/// A listener of a program that has a log: it hears why nothing happens.
pub(crate) fn to_the_log(progress: Progress<'_>) {
    if let Progress::Waits(holder) = progress {
        info!("another migration is under way: {holder}");
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
pub(crate) async fn up(
    db: &DatabaseExecutor<'_>,
    steps: &[&Step],
    run: &Run<'_>,
) -> Result<(), Error> {
    prepare(db, run).await?;
    let mut adoption = Adoption::of(db).await?;
    let mut before = Some(fingerprint(db).await?);
    let mut last = None;
    for (at, step) in steps.iter().enumerate() {
        (run.told)(Progress::Begins(step.name, at + 1, steps.len()));
        let is_last = at + 1 == steps.len();
        match one_up(db, step, adoption.as_mut(), run, before.take(), is_last).await {
            Ok(record) => last = Some(record),
            Err(error) => {
                // What the database said of the step is what there is to say.
                leave(db, run.writer, step, last).await.ok();
                return Err(error);
            }
        }
        (run.told)(Progress::Done(step.name));
    }
    Ok(())
}

/// Note what a run leaves that ends at `step`, behind the step of `last`: what was done stays, so it is
/// what the next run finds.
async fn leave(
    db: &DatabaseExecutor<'_>,
    writer: &Writer,
    step: &Step,
    last: Option<Record>,
) -> Result<(), Error> {
    let known = writer.known(db, step.name).await?;
    let stopped = known.filter(|one| matches!(one.state, State::Started | State::Failed));
    if let Some(mut record) = stopped.or(last) {
        record.fingerprint_after = Some(fingerprint(db).await?);
        writer.put(db, record).await?;
    }
    Ok(())
}

/// Undo `steps`, newest first.
pub(crate) async fn down(
    db: &DatabaseExecutor<'_>,
    steps: &[&Step],
    run: &Run<'_>,
) -> Result<(), Error> {
    prepare(db, run).await?;
    let adoption = Adoption::of(db).await?;
    let mut before = Some(fingerprint(db).await?);
    let mut last = None;
    for (at, step) in steps.iter().enumerate() {
        (run.told)(Progress::Begins(step.name, at + 1, steps.len()));
        let is_last = at + 1 == steps.len();
        match one_down(db, step, adoption.as_ref(), run, before.take(), is_last).await {
            Ok(record) => last = Some(record),
            Err(error) => {
                leave(db, run.writer, step, last).await.ok();
                return Err(error);
            }
        }
        (run.told)(Progress::Done(step.name));
    }
    Ok(())
}

async fn one_down(
    db: &DatabaseExecutor<'_>,
    step: &Step,
    adoption: Option<&Adoption>,
    run: &Run<'_>,
    before: Option<String>,
    is_last: bool,
) -> Result<Record, Error> {
    let engine = Engine::of(db)?;
    let writer = run.writer;
    let began = Instant::now();
    let trimmed = trimmed(adoption, step, engine, Direction::Down);
    let trimmed = trimmed.as_ref();
    if step.is_apart(engine) {
        for statement in statements(trimmed, step, engine, Direction::Down) {
            let done = patiently(step, run, async || {
                step.run_apart(db, &statement, run.apart).await
            })
            .await;
            done.map_err(|source| stopped(step, None, source))?;
        }
    }
    let once = async || in_transaction(db, step, trimmed, run, Direction::Down).await;
    let tx = patiently(step, run, once)
        .await
        .map_err(|source| stopped(step, None, source))?;
    let mut record = Record {
        state: State::RolledBack,
        fingerprint_before: before,
        ..applied_record(engine, step, writer, began)
    };
    if is_last {
        record.fingerprint_after = Some(fingerprint(&tx).await?);
    }
    backfill::forget_declared(&tx, step).await?;
    writer.unlist(&tx, step).await?;
    writer.put(&tx, record.clone()).await?;
    writer.log(&tx, step.name, "down", None).await?;
    tx.commit().await?;
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
    db: &DatabaseExecutor<'_>,
    step: &Step,
    adoption: Option<&mut Adoption>,
    run: &Run<'_>,
    before: Option<String>,
    is_last: bool,
) -> Result<Record, Error> {
    let engine = Engine::of(db)?;
    let writer = run.writer;
    let began = Instant::now();
    let trimmed = trimmed(adoption.as_deref(), step, engine, Direction::Up);
    let mut apart = 0;
    if step.is_apart(engine) {
        apart = one_by_one(db, step, trimmed.as_ref(), run, before.clone()).await?;
    }
    let once = async || in_transaction(db, step, trimmed.as_ref(), run, Direction::Up).await;
    let tx = match patiently(step, run, once).await {
        Ok(tx) => tx,
        Err(source) => {
            let reason = Some(source.to_string());
            if !step.is_apart(engine) {
                let record = Record {
                    state: State::Failed,
                    error: reason.clone(),
                    fingerprint_before: before,
                    finished_at: None,
                    ..applied_record(engine, step, writer, began)
                };
                writer.put(db, record).await?;
            }
            writer.log(db, step.name, "failed", reason).await?;
            return Err(stopped(step, None, source));
        }
    };
    let mut record = Record {
        statements_done: apart,
        fingerprint_before: before,
        ..applied_record(engine, step, writer, began)
    };
    if let (Some(adoption), Some(trimmed)) = (adoption, &trimmed) {
        adoption.leave_out(&tx, &trimmed.left_out).await?;
        record.reason = trimmed.reason();
    }
    // In the same commit: a run that is broken off after it leaves nothing unsaid.
    if is_last {
        record.fingerprint_after = Some(fingerprint(&tx).await?);
    }
    writer.list(&tx, step.name).await?;
    writer.put(&tx, record.clone()).await?;
    writer.log(&tx, step.name, "up", None).await?;
    tx.commit().await?;
    Ok(record)
}

/// A transaction in which the step is done or undone, if it is one that goes into a transaction.
async fn in_transaction(
    db: &DatabaseExecutor<'_>,
    step: &Step,
    trimmed: Option<&Trimmed>,
    run: &Run<'_>,
    direction: Direction,
) -> Result<DatabaseTransaction, DbErr> {
    let engine = Engine::of(db)?;
    let tx = db.begin().await?;
    run.timeouts.within(&tx).await?;
    if !step.is_apart(engine)
        && let Err(error) = tx
            .execute_unprepared(&script(trimmed, step, engine, direction))
            .await
    {
        tx.rollback().await?;
        return Err(error);
    }
    Ok(tx)
}

/// Do `what`, and do it again when it waited too long for a lock.
pub(crate) async fn patiently<T>(
    step: &Step,
    run: &Run<'_>,
    what: impl AsyncFn() -> Result<T, DbErr>,
) -> Result<T, DbErr> {
    for next in 0..TRIES {
        match what().await {
            Err(error) if timeouts::is_too_long(&error) => {
                let pause = timeouts::pause(next);
                (run.told)(Progress::Again(step.name, pause));
                tokio::time::sleep(pause).await;
            }
            done => return done,
        }
    }
    what().await
}

/// Run the statements of a step each by itself, from where an earlier run stopped, and tell how many
/// there are.
async fn one_by_one(
    db: &DatabaseExecutor<'_>,
    step: &Step,
    trimmed: Option<&Trimmed>,
    run: &Run<'_>,
    before: Option<String>,
) -> Result<i32, Error> {
    let engine = Engine::of(db)?;
    let writer = run.writer;
    let began = Instant::now();
    let mut record = Record {
        state: State::Started,
        finished_at: None,
        fingerprint_before: before,
        ..applied_record(engine, step, writer, began)
    };
    let known = writer.known(db, step.name).await?;
    let known =
        known.filter(|known| known.state == State::Started && known.checksum == record.checksum);
    record.statements_done = known.map_or(0, |known| known.statements_done);
    let done = usize::try_from(record.statements_done).unwrap_or_default();
    let statements = statements(trimmed, step, engine, Direction::Up);
    writer.put(db, record.clone()).await?;
    for statement in statements.iter().skip(done) {
        if Backfill::is_one(statement) {
            let pace = Pace::default();
            let mut backfill = Backfill::read(statement)?;
            backfill.name = format!("{}: {}", step.name, backfill.name);
            Box::pin(backfill::run(db, &backfill, &pace, run)).await?;
            // The step stands for it now, and may be undone and done again.
            backfill::forget(db, &backfill.name).await?;
            record.statements_done += 1;
            writer.put(db, record.clone()).await?;
            continue;
        }
        let done = patiently(step, run, async || {
            step.run_apart(db, statement, run.apart).await
        })
        .await;
        if let Err(source) = done {
            record.error = Some(source.to_string());
            writer.put(db, record.clone()).await?;
            writer.log(db, step.name, "failed", record.error).await?;
            return Err(stopped(
                step,
                Some((record.statements_done, statements.len())),
                source,
            ));
        }
        record.statements_done += 1;
        writer.put(db, record.clone()).await?;
    }
    Ok(record.statements_done)
}

fn stopped(step: &Step, after: Option<(i32, usize)>, source: DbErr) -> Error {
    Error::Stopped {
        step: step.name,
        what_stays: after.map_or_else(
            || "nothing of it stays".to_owned(),
            |(done, all)| {
                format!("{done} of its {all} statements are done, and `up` goes on there")
            },
        ),
        source,
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
