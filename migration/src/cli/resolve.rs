//! `resolve`: say how a step stands, from whatever state.

use std::time::Instant;

use sea_orm_migration::MigratorTrait;
use sea_orm_migration::sea_orm::{DatabaseConnection, TransactionTrait};
use serde_json::json;

use super::{Answer, place};
use crate::adopt::Adoption;
use crate::engine::Engine;
use crate::error::Error;
use crate::history::{Record, State, applied_record, status};
use crate::lock::Lock;
use crate::schema::{BOOKKEEPING, LiveSchema, difference, scratch};
use crate::step::{STEPS, Step};
use crate::{Migrator, Way};

/// How it stands, and why.
#[derive(Clone, Debug, clap::Args)]
#[group(required = true, multiple = true)]
pub struct Args {
    /// The step.
    step: String,
    /// It is applied: the database has what it makes.
    #[arg(long, conflicts_with = "rolled_back")]
    applied: bool,
    /// It is not applied: the database has nothing of it.
    #[arg(long, required_unless_present = "applied")]
    rolled_back: bool,
    /// Why; it is kept.
    #[arg(long, required = true)]
    reason: String,
    /// Say it although the database has another schema.
    #[arg(long)]
    accept_drift: bool,
}

pub(super) async fn run(args: &Args, db: &DatabaseConnection, way: &Way) -> Result<Answer, Error> {
    let step = &STEPS[place(&args.step)?];
    let engine = Engine::of(db)?;
    if !args.accept_drift {
        compare(step, args.applied, engine, db).await?;
    }
    let lock = Lock::take_as(db, way.patience, way.lock).await?;
    let db = lock.db();
    Migrator::install(&db).await?;
    way.writer.prepare(&db).await?;
    let known = status(lock.db()).await?;
    let listed = known.applied.iter().any(|name| name == step.name);
    let record = Record {
        state: if args.applied {
            State::Applied
        } else {
            State::RolledBack
        },
        reason: Some(args.reason.clone()),
        ..applied_record(engine, step, &way.writer, Instant::now())
    };
    let tx = db.begin().await?;
    match (args.applied, listed) {
        (true, false) => way.writer.list(&tx, step.name).await?,
        (false, true) => way.writer.unlist(&tx, step).await?,
        _ => {}
    }
    let word = if args.applied {
        "applied"
    } else {
        "rolled back"
    };
    let reason = Some(args.reason.clone());
    way.writer.put(&tx, record).await?;
    way.writer
        .log(&tx, step.name, &format!("resolve {word}"), reason)
        .await?;
    tx.commit().await?;
    drop(db);
    lock.release().await?;
    Ok(Answer {
        code: 0,
        lines: vec![format!("{} is {word}", step.name)],
        json: json!({"step": step.name, "state": word}),
    })
}

/// Refuse unless the database has the schema that the history would then mean.
async fn compare(
    step: &Step,
    applied: bool,
    engine: Engine,
    db: &DatabaseConnection,
) -> Result<(), Error> {
    let known = status(db).await?.applied;
    let would_be = STEPS.iter().filter(|one| {
        if one.name == step.name {
            applied
        } else {
            known.iter().any(|name| name == one.name)
        }
    });
    let expected = scratch::of_steps(engine, db, would_be)
        .await?
        .without(BOOKKEEPING);
    let actual = LiveSchema::read(db).await?.without(BOOKKEEPING);
    let found = match Adoption::of(db).await? {
        None => difference(&expected, &actual),
        Some(adoption) => adoption.fit(expected, &actual).drift,
    };
    if found.is_empty() {
        return Ok(());
    }
    Err(Error::Drift(
        found.iter().map(ToString::to_string).collect(),
    ))
}
