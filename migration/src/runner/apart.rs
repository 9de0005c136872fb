//! A step whose statements run each by itself, up or down.
//!
//! A statement is kept with the record of it, in one transaction, wherever it may run in one. One that may
//! not is put down behind it; whoever goes on there looks first whether it is done.

use std::borrow::Cow;
use std::time::Instant;

use sea_orm_migration::sea_orm::ConnectionTrait;

use super::{Run, is_lost, patiently, put, put_failed};
use crate::backfill::{self, Backfill, Pace};
use crate::engine::Engine;
use crate::error::Error;
use crate::history::{Record, State, applied_record};
use crate::lock::Lock;
use crate::step::{Direction, Step, is_alone, needs_no_transaction};

/// Run `statements`, from where an earlier run that way stopped, and tell how many there are.
pub(super) async fn one_by_one(
    lock: &Lock<'_>,
    step: &Step,
    statements: &[Cow<'static, str>],
    run: &Run<'_>,
    (direction, before): (Direction, Option<String>),
) -> Result<i32, Error> {
    let writer = run.writer;
    let known = writer.known(&lock.db(), step.name).await?;
    let mut record = Record {
        state: match direction {
            Direction::Up => State::Started,
            Direction::Down => State::Undoing,
        },
        finished_at: None,
        fingerprint_before: before,
        // What the schema was is known still, where this is broken off.
        fingerprint_after: known.as_ref().and_then(|one| one.fingerprint_after.clone()),
        ..applied_record(Engine::of(&lock.db())?, step, writer, Instant::now())
    };
    let known =
        known.filter(|known| known.state == record.state && known.checksum == record.checksum);
    let goes_on = known.is_some();
    record.statements_done = known.map_or(0, |known| known.statements_done);
    let first = usize::try_from(record.statements_done).unwrap_or_default();
    put(lock, writer, step, record.clone()).await?;
    for (at, statement) in statements.iter().enumerate().skip(first) {
        let next = Record {
            statements_done: record.statements_done + 1,
            ..record.clone()
        };
        // Whoever was broken off may have done it, and not put it down.
        let may_be_done = goes_on && at == first;
        let doing = one(lock, step, statement, run, &next, may_be_done);
        if let Err(error) = Box::pin(doing).await {
            if is_lost(&error) {
                return Err(error);
            }
            record.error = Some(error.to_string());
            let done = record.statements_done;
            put_failed(lock, writer, step, Some(record), &error).await?;
            let how = match direction {
                Direction::Up => "statements are done, and `up` goes on there",
                Direction::Down => "statements down are done, and `down` goes on there",
            };
            return Err(Error::Stopped {
                step: step.name,
                what_stays: format!("{done} of its {} {how}", statements.len()),
                goes_on: done > 0,
                source: Box::new(error),
            });
        }
        record = next;
    }
    Ok(record.statements_done)
}

/// Run a statement, and put down `next`, which has it.
async fn one(
    lock: &Lock<'_>,
    step: &Step,
    statement: &str,
    run: &Run<'_>,
    next: &Record,
    may_be_done: bool,
) -> Result<(), Error> {
    let db = lock.db();
    if Backfill::is_one(statement) {
        return filled(lock, step, statement, run, next).await;
    }
    if !is_alone(statement) {
        let once = async || {
            let tx = lock.begin().await?;
            run.timeouts.within(&tx).await?;
            match tx.execute_unprepared(statement).await {
                Ok(_) => Ok(Some(tx)),
                Err(error) => {
                    tx.rollback().await?;
                    if needs_no_transaction(&error) {
                        return Ok(None);
                    }
                    Err(error.into())
                }
            }
        };
        if let Some(tx) = patiently(step.name, run, once).await? {
            run.writer.put(&tx, next.clone()).await?;
            return lock.commit(tx, step.name).await;
        }
    }
    lock.prove(&db, step.name).await?;
    if !may_be_done || !step.is_done(&db, statement).await? {
        let once = async || Ok(step.run_apart(&db, statement, run.apart).await?);
        patiently(step.name, run, once).await?;
    }
    put(lock, run.writer, step, next.clone()).await
}

/// Fill rows in, batch after batch.
async fn filled(
    lock: &Lock<'_>,
    step: &Step,
    statement: &str,
    run: &Run<'_>,
    next: &Record,
) -> Result<(), Error> {
    let db = lock.db();
    let mut backfill = Backfill::read(Engine::of(&db)?, statement)?;
    backfill.name = format!("{}: {}", step.name, backfill.name);
    Box::pin(backfill::run(&db, &backfill, &Pace::default(), run)).await?;
    let tx = lock.begin().await?;
    // The step stands for it now, and may be undone and done again.
    backfill::forget(&tx, &backfill.name).await?;
    run.writer.put(&tx, next.clone()).await?;
    lock.commit(tx, step.name).await
}
