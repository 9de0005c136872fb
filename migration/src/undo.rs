//! Going down: what was applied last is undone, newest first.

use sea_orm_migration::sea_orm::DatabaseConnection;

use crate::error::Error;
use crate::history::status;
use crate::plan::{self, Loss};
use crate::runner::{self, Progress};
use crate::step::{Direction, STEPS, Step};
use crate::{Way, checked, guard};

/// What came of it.
#[derive(Debug, Default)]
pub(crate) struct Undone {
    /// The steps, newest first.
    pub(crate) steps: Vec<String>,
    /// What went with them.
    pub(crate) losses: Vec<Loss>,
}

/// Undo what was applied last. Unless that is accepted it refuses when rows, or what a column has,
/// would be lost.
pub(crate) async fn undo(db: &DatabaseConnection, way: &Way) -> Result<Undone, Error> {
    let lock = way.lock(db).await?;
    let before = checked(status(lock.db()).await?)?;
    let most = way.steps.map_or(usize::MAX, |steps| {
        usize::try_from(steps).unwrap_or(usize::MAX)
    });
    let floor = way.floor.unwrap_or_default();
    let above = |step: &&Step| STEPS[floor..].iter().any(|one| one.name == step.name);
    let applied = guard::applied(&before).into_iter().filter(above);
    let going: Vec<&Step> = applied.rev().take(most).collect();
    let last = going.last().map(|step| step.name);
    let oldest = STEPS.iter().position(|step| Some(step.name) == last);
    let lowest = oldest.into_iter().chain(way.floor).min();
    guard::whole(&before, lowest.unwrap_or(STEPS.len()))?;
    if !going.is_empty() {
        guard::drift(db, &lock, &before, way).await?;
    }
    let all = going.iter().copied();
    let losses = plan::losses(&lock.db(), all, Direction::Down).await?;
    if !losses.is_empty() && !way.accept_loss {
        return Err(Error::Loss(losses));
    }
    for loss in &losses {
        (way.told)(Progress::Loses(&loss.to_string()));
    }
    let run = way.run_under(&lock);
    let done = runner::down(&lock, &going, &run).await;
    Error::both(done, lock.release().await)?;
    Ok(Undone {
        steps: going.into_iter().map(|step| step.name.to_owned()).collect(),
        losses,
    })
}
