//! Taking over: looked at first, then put down, in one transaction.

use std::time::Instant;

use entity::registry::resources;
use sea_orm_migration::MigratorTrait;
use sea_orm_migration::sea_orm::sea_query::{Alias, Query};
use sea_orm_migration::sea_orm::{ConnectionTrait, DatabaseConnection, TransactionTrait};

use super::judge::{Report, judge};
use super::{Adoption, CREATE, TABLE, Tool, Verdict, ours, postgres, room, tool};
use crate::engine::Engine;
use crate::error::Error;
use crate::history::{self, Record, State, Status, applied_record, status};
use crate::lock::{self, Lock};
use crate::schema::{BOOKKEEPING, LiveSchema, scratch};
use crate::step::STEPS;
use crate::{Aside, Migrator, Way};

/// What came of it.
#[derive(Debug)]
pub(crate) struct Taken {
    /// The state that the tool said it was in.
    pub(crate) revision: Option<String>,
    /// Of each object.
    pub(crate) report: Report,
    /// The steps that are adopted; none where something was refused, or where nobody wanted it yet.
    pub(crate) steps: Vec<&'static str>,
    /// Whether it was put down.
    pub(crate) written: bool,
}

impl Taken {
    /// What is refused, and why.
    pub(crate) fn refused(&self) -> Vec<String> {
        let refused = self.report.findings.iter();
        let refused = refused.filter(|one| one.verdict == Verdict::Refuse);
        refused
            .map(|one| format!("{} {}", one.object, one.note))
            .collect()
    }
}

/// Look at the database behind `db`, and unless this is only a `check`, or something of it is
/// refused, put down that it is taken over from `tool`.
pub(crate) async fn take(
    db: &DatabaseConnection,
    tool: Tool,
    way: &Way,
    check: bool,
) -> Result<Taken, Error> {
    let engine = Engine::of(db)?;
    // A file says only to whoever writes that nobody may: what waits for a turn before that waits twice.
    if !check && engine == Engine::Postgres {
        writable(db).await?;
    }
    let revision = look(db, &status(db).await?, tool).await?;
    if check {
        let found = compared(engine, db, tool, revision).await?;
        return Ok(Taken {
            revision: found.adoption.revision,
            report: found.report,
            steps: Vec::new(),
            written: false,
        });
    }
    let lock = way.lock(db).await.map_err(read_only)?;
    // Somebody may have been faster.
    let revision = look(&lock.db(), &status(lock.db()).await?, tool).await?;
    let found = compared(engine, db, tool, revision).await?;
    let fits = found.report.count(Verdict::Refuse) == 0;
    let mut steps = Vec::new();
    if fits {
        steps = put_down(&lock, &found.adoption, way, &found.live)
            .await
            .map_err(read_only)?;
        lock.release().await?;
    }
    Ok(Taken {
        revision: found.adoption.revision,
        report: found.report,
        steps,
        written: fits,
    })
}

/// Why nothing is written on `PostgreSQL`, where looking needs a place to compare with, too.
const READ_ONLY: &str = "the session is read-only, and an adoption is written down in tables of our own: \
    connect to where it may write";

/// Why nothing is written into a file.
const READ_ONLY_FILE: &str = "the file is read-only, and an adoption is written down in tables of our own; \
    `adopt --check` looks without writing";

/// Refuse where nobody may write.
async fn writable(db: &DatabaseConnection) -> Result<(), Error> {
    if postgres::is_read_only(db).await? {
        return Err(Error::NotAdoptable(READ_ONLY.to_owned()));
    }
    match postgres::may_not(db).await? {
        Some(why) => Err(Error::NotAdoptable(why)),
        None => Ok(()),
    }
}

/// The same, where a file says so.
fn read_only(error: Error) -> Error {
    match error {
        Error::Database(error) if lock::is_read_only(&error) => {
            Error::NotAdoptable(READ_ONLY_FILE.to_owned())
        }
        error => error,
    }
}

/// Refuse what is ours already, and what the tool says is not to be gone on from.
async fn look(
    db: &impl ConnectionTrait,
    known: &Status,
    tool: Tool,
) -> Result<Option<String>, Error> {
    if let Some(known) = Adoption::of(db).await? {
        return Err(Error::NotAdoptable(format!(
            "this database is taken over already, from {}: `migrate up` goes on",
            known.tool.word()
        )));
    }
    // One that was rolled back has nothing that would be taken over from itself.
    if ours::has_history(db, known).await? {
        return Err(Error::NotAdoptable(
            "this database has a history of ours, so there is nothing to take over: `migrate up` \
             goes on"
                .to_owned(),
        ));
    }
    tool.revision(db).await
}

/// What a comparison found.
struct Compared {
    report: Report,
    live: LiveSchema,
    /// What would be put down.
    adoption: Adoption,
}

/// What stands, held against what the entities want and the steps make.
async fn compared(
    engine: Engine,
    db: &DatabaseConnection,
    tool: Tool,
    revision: Option<String>,
) -> Result<Compared, Error> {
    let expected = scratch::of_entities(engine, db, resources()).await?;
    let live = LiveSchema::read(db).await?.without(BOOKKEEPING);
    let mut report = judge(db, &expected, &live, tool.tables()).await?;
    if report.tables.is_empty() {
        return Err(Error::NotAdoptable(
            "no table of ours stands here, so there is nothing to take over: `migrate up` makes them; \
             tables of other shapes come by `migrate import` or `migrate pull`"
                .to_owned(),
        ));
    }
    let adoption = Adoption {
        tool,
        revision,
        known: STEPS.last().map_or("", |step| step.name).to_owned(),
        tables: report.tables.clone(),
        types: report.types.clone(),
        functions: report.functions.clone(),
        accepted: report.accepted.clone(),
        left_out: report.left_out.clone(),
    };
    let taken = room::in_the_way(db, &adoption, &expected).await?;
    report.findings.extend(taken);
    Ok(Compared {
        report,
        live,
        adoption,
    })
}

/// The history's rows, and nothing else.
async fn put_down(
    lock: &Lock<'_>,
    adoption: &Adoption,
    way: &Way,
    live: &LiveSchema,
) -> Result<Vec<&'static str>, Error> {
    let db = lock.db();
    let engine = Engine::of(&db)?;
    let tx = db.begin().await?;
    let writer = &way.writer;
    let is_listed = super::has_table(&tx, None, "seaql_migrations").await?;
    if is_listed && !tool::is_our_list(&tx).await? {
        // Whoever keeps the standard list takes every row of it for one of its own.
        Aside::install(&tx).await?;
    } else {
        Migrator::install(&tx).await?;
    }
    writer.prepare(&tx).await?;
    tx.execute_unprepared(CREATE).await?;
    let columns = ["id", "tool", "revision", "state", "actor", "program", "at"];
    let row = Query::insert()
        .into_table(Alias::new(TABLE))
        .columns(columns.map(Alias::new))
        .values_panic([
            "adoption".into(),
            adoption.tool.word().into(),
            adoption.revision.clone().into(),
            adoption.text()?.into(),
            writer.actor.clone().into(),
            history::PROGRAM.into(),
            history::now().into(),
        ])
        .to_owned();
    tx.execute(&row).await?;
    let covered = adoption.covered(engine);
    let fingerprint = live.fingerprint();
    for step in &covered {
        let record = Record {
            state: State::Adopted,
            reason: Some(format!("taken over from {}", adoption.tool.word())),
            fingerprint_before: Some(fingerprint.clone()),
            fingerprint_after: Some(fingerprint.clone()),
            ..applied_record(engine, step, writer, Instant::now())
        };
        writer.list(&tx, step.name).await?;
        writer.put(&tx, record).await?;
        let reason = adoption.revision.clone();
        writer.log(&tx, step.name, "adopt", reason).await?;
    }
    tx.commit().await?;
    Ok(covered.into_iter().map(|step| step.name).collect())
}
