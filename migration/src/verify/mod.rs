//! Trying steps where nobody is hurt: each goes up, down and up again, without rows, with rows made
//! for it, and with the rows of a database that is given. Whatever is not as it was is a finding.
//!
//! A step that takes something for good says so in its way down: a line `-- irreversible TABLE: WHY`
//! or `-- irreversible TABLE.COLUMN: WHY`. It is told, and what is named may differ, and so may the place
//! of columns in its table, since one that is dropped comes back at the end.

mod attempt;
mod data;
mod place;
mod postgres;
mod sqlite;
mod sums;

use entity::registry::resources;
use sea_orm_migration::sea_orm::DatabaseConnection;
use serde::Serialize;

use crate::engine::Engine;
use crate::error::Error;
use crate::runner::Progress;
use crate::schema::{BOOKKEEPING, Object, difference, scratch};
use crate::step::{Direction, Step, check_written};

use attempt::{Attempt, Rows};
use place::Place;
pub(crate) use postgres::scratch_database;

/// What came of it.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Report {
    /// The steps, once for each state that their database was in.
    pub(crate) steps: Vec<Verified>,
    /// In what the entities are not what the steps make.
    pub(crate) entities: Vec<String>,
}

/// How one step stood the test.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Verified {
    /// Its name.
    pub(crate) step: String,
    /// What the database held: `no rows`, `made rows` or `given rows`.
    pub(crate) on: &'static str,
    /// How many rows were there when it went down.
    pub(crate) rows: u64,
    /// What was not as it was.
    pub(crate) findings: Vec<String>,
    /// What it says that it cannot bring back, and why.
    pub(crate) irreversible: Vec<String>,
}

impl Report {
    /// Whether there is nothing to say against any.
    pub(crate) fn is_clean(&self) -> bool {
        self.entities.is_empty() && self.steps.iter().all(|step| step.findings.is_empty())
    }
}

/// Who hears how far it is.
struct Turns<'t> {
    told: &'t (dyn Fn(Progress<'_>) + Send + Sync),
    at: usize,
    all: usize,
}

impl Turns<'_> {
    fn begins(&mut self, step: &Step) {
        self.at += 1;
        (self.told)(Progress::Begins(step.name, self.at, self.all));
    }

    fn done(&self, step: &Step) {
        (self.told)(Progress::Done(step.name));
    }
}

/// Try `steps` at the server of `db`, which itself stays as it is, and with the rows of `data`: those
/// that `only` names, or all where it names none. The others are done and not tried.
pub(crate) async fn verify(
    db: &DatabaseConnection,
    steps: &[Step],
    only: &[String],
    data: Option<&DatabaseConnection>,
    told: &(dyn Fn(Progress<'_>) + Send + Sync),
) -> Result<Report, Error> {
    let engine = Engine::of(db)?;
    check_written(steps, engine)?;
    let mut report = Report::default();
    let tried = if only.is_empty() {
        steps.len()
    } else {
        only.len()
    };
    let mut turns = Turns {
        told,
        at: 0,
        all: 2 * tried,
    };
    let mut all_go_up = true;
    for rows in [Rows::None, Rows::Made] {
        let place = Place::new(db).await?;
        let tried = forth(
            &place.db,
            engine,
            steps,
            only,
            rows,
            &mut turns,
            &mut report,
        )
        .await;
        place.close().await?;
        all_go_up &= tried?;
    }
    if let Some(data) = data {
        let (place, applied) = data::place(db, data, steps).await?;
        turns.all += 2 * steps.len() - applied;
        let turns = &mut turns;
        let tried = with_data(&place.db, engine, steps, applied, turns, &mut report).await;
        place.close().await?;
        tried?;
    }
    if !all_go_up {
        // What they make is nothing to compare with.
        return Ok(report);
    }
    let wanted = scratch::of_entities(engine, db, resources()).await?;
    let made = scratch::of_steps(engine, db, steps).await?;
    // A new field of an entity may stand anywhere; a table has it at its end.
    report.entities = difference(&wanted.without(BOOKKEEPING), &made.without(BOOKKEEPING))
        .iter()
        .filter(|one| !matches!(one.object, Object::Order(_)))
        .map(ToString::to_string)
        .collect();
    Ok(report)
}

/// Each step in its turn; one that does not go up ends it. Whether all went up.
async fn forth(
    db: &DatabaseConnection,
    engine: Engine,
    steps: &[Step],
    only: &[String],
    rows: Rows,
    turns: &mut Turns<'_>,
    report: &mut Report,
) -> Result<bool, Error> {
    let mut skipped = false;
    for step in steps {
        if !only.is_empty() && !only.iter().any(|name| name == step.name) {
            let mut attempt = Attempt::new(db, engine, step, rows);
            if !attempt.goes(Direction::Up).await {
                report.steps.push(attempt.verified);
                return Ok(false);
            }
            skipped = true;
            continue;
        }
        if std::mem::take(&mut skipped) && rows == Rows::Made {
            attempt::fill_empty(db).await?;
        }
        let mut attempt = Attempt::new(db, engine, step, rows);
        turns.begins(step);
        let goes_on = attempt.run().await?;
        turns.done(step);
        report.steps.push(attempt.verified);
        if !goes_on {
            return Ok(false);
        }
    }
    Ok(true)
}

/// What the given database has not yet goes forth; then everything goes back, and may take only what
/// is its own.
async fn with_data(
    db: &DatabaseConnection,
    engine: Engine,
    steps: &[Step],
    applied: usize,
    turns: &mut Turns<'_>,
    report: &mut Report,
) -> Result<(), Error> {
    let before = report.steps.len();
    forth(
        db,
        engine,
        &steps[applied..],
        &[],
        Rows::Given,
        turns,
        report,
    )
    .await?;
    let stopped = report.steps[before..]
        .iter()
        .any(|one| !one.findings.is_empty());
    if stopped {
        return Ok(());
    }
    for step in steps.iter().rev() {
        let mut attempt = Attempt::new(db, engine, step, Rows::Given);
        turns.begins(step);
        let goes_on = attempt.back().await?;
        turns.done(step);
        report.steps.push(attempt.verified);
        if !goes_on {
            break;
        }
    }
    Ok(())
}

/// What a step says that it cannot bring back: what, and the whole line.
fn irreversible(step: &Step, engine: Engine) -> (Vec<String>, Vec<String>) {
    let lines = step.script(engine, Direction::Down).lines();
    lines
        .filter_map(|line| line.trim().strip_prefix("-- irreversible "))
        .map(|line| {
            let what = line.split_once(':').map_or(line, |(what, _)| what);
            (what.trim().to_owned(), line.to_owned())
        })
        .unzip()
}
