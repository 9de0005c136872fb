//! `resolve`: say how a step stands, from whatever state.

use std::collections::BTreeSet;
use std::time::Instant;

use clap::ArgGroup;
use sea_orm_migration::MigratorTrait;
use sea_orm_migration::sea_orm::{DatabaseConnection, DatabaseTransaction, TransactionTrait};
use serde_json::json;

use super::{Answer, place};
use crate::engine::Engine;
use crate::error::Error;
use crate::history::{ACCEPTED, State, Status, applied_record, now, status};
use crate::lock::Lock;
use crate::runner::fingerprint;
use crate::step::{STEPS, Step};
use crate::{Migrator, Way, guard};

/// How it stands, and why.
#[derive(Clone, Debug, clap::Args)]
#[command(group(ArgGroup::new("state").required(true).args(["applied", "rolled_back"])))]
pub struct Args {
    /// The step, or several that are compared as one; with --rolled-back also one that only the history has,
    /// by its whole name.
    #[arg(required = true, value_name = "STEP")]
    steps: Vec<String>,
    /// It is applied: the database has what it makes.
    #[arg(long)]
    applied: bool,
    /// It is not applied: the database has nothing of it.
    #[arg(long)]
    rolled_back: bool,
    /// Why; it is kept.
    #[arg(long, value_parser = words)]
    reason: String,
    /// Say it although the database has another schema.
    #[arg(long)]
    accept_drift: bool,
}

/// A reason that is one.
fn words(text: &str) -> Result<String, &'static str> {
    let text = text.trim();
    if text.is_empty() {
        return Err("say it in words");
    }
    Ok(text.to_owned())
}

/// What is meant.
enum Meant {
    /// A step of this program.
    Known(&'static Step),
    /// One that only the history knows, by its name.
    Unknown(String),
}

impl Meant {
    fn name(&self) -> &str {
        match self {
            Self::Known(step) => step.name,
            Self::Unknown(name) => name,
        }
    }
}

pub(super) async fn run(args: &Args, db: &DatabaseConnection, way: &Way) -> Result<Answer, Error> {
    meant(args, &status(db).await?)?;
    let lock = way.lock(db).await?;
    // Whoever was waited for may have moved the history, or the schema.
    let meant = meant(args, &status(lock.db()).await?)?;
    if !args.accept_drift {
        compare(&meant, args.applied, db, &lock).await?;
    }
    let db = lock.db();
    Migrator::install(&db).await?;
    way.writer.prepare(&db).await?;
    let known = status(lock.db()).await?;
    let tx = db.begin().await?;
    for one in &meant {
        put(args, one, &known, &tx, way).await?;
    }
    tx.commit().await?;
    drop(db);
    lock.release().await?;
    let word = word(args);
    let names: Vec<&str> = meant.iter().map(Meant::name).collect();
    Ok(Answer {
        code: 0,
        lines: names
            .iter()
            .map(|name| format!("{name} is {word}"))
            .collect(),
        json: json!({"step": names.first(), "steps": names, "state": word}),
    })
}

/// How it stands, in a word.
fn word(args: &Args) -> &'static str {
    if args.applied {
        "applied"
    } else {
        "rolled back"
    }
}

/// Put down how one of them stands, and why.
async fn put(
    args: &Args,
    meant: &Meant,
    known: &Status,
    tx: &DatabaseTransaction,
    way: &Way,
) -> Result<(), Error> {
    let mut record = match meant {
        Meant::Known(step) => {
            let listed = known.applied.iter().any(|name| name == step.name);
            match (args.applied, listed) {
                (true, false) => way.writer.list(tx, step.name).await?,
                (false, true) => way.writer.unlist(tx, step).await?,
                _ => {}
            }
            let engine = Engine::of(tx)?;
            Some(applied_record(engine, step, &way.writer, Instant::now()))
        }
        // An older program has put it down, and nobody here knows its checksum.
        Meant::Unknown(name) => {
            way.writer.unlist_named(tx, name).await?;
            way.writer.known(tx, name).await?
        }
    };
    let reason = Some(args.reason.clone());
    if args.accept_drift {
        let why = reason.clone();
        way.writer.log(tx, meant.name(), ACCEPTED, why).await?;
    }
    if let Some(record) = &mut record {
        record.state = if args.applied {
            State::Applied
        } else {
            State::RolledBack
        };
        record.reason.clone_from(&reason);
        record.actor.clone_from(&way.writer.actor);
        record.finished_at = Some(now());
        // What was found, or is known, is what the next look goes by.
        record.fingerprint_after = Some(fingerprint(tx).await?);
        way.writer.put(tx, record.clone()).await?;
    }
    let did = format!("resolve {}", word(args));
    way.writer.log(tx, meant.name(), &did, reason).await
}

/// The steps that are meant, each once: those of this program, oldest first, or some that only the history
/// has, which may be taken off it.
fn meant(args: &Args, status: &Status) -> Result<Vec<Meant>, Error> {
    let (mut places, mut unknown) = (BTreeSet::new(), BTreeSet::new());
    for name in &args.steps {
        match place(name) {
            Ok(at) => {
                places.insert(at);
            }
            Err(_) if args.rolled_back && status.unknown.contains(name) => {
                unknown.insert(name.clone());
            }
            Err(error) => return Err(error),
        }
    }
    let known = places.into_iter().map(|at| Meant::Known(&STEPS[at]));
    Ok(known
        .chain(unknown.into_iter().map(Meant::Unknown))
        .collect())
}

/// Refuse unless the database has the schema that the history would then mean.
async fn compare(
    meant: &[Meant],
    applied: bool,
    db: &DatabaseConnection,
    lock: &Lock<'_>,
) -> Result<(), Error> {
    let known = status(lock.db()).await?.applied;
    let would_be = STEPS.iter().filter(|one| {
        if meant.iter().any(|said| said.name() == one.name) {
            applied
        } else {
            known.iter().any(|name| name == one.name)
        }
    });
    let would_be: Vec<&Step> = would_be.collect();
    let found = guard::found(db, &lock.db(), &would_be).await?;
    if found.is_empty() {
        return Ok(());
    }
    Err(Error::Drift(
        found.iter().map(ToString::to_string).collect(),
    ))
}
