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
    let most = way
        .steps
        .map_or(1, |steps| usize::try_from(steps).unwrap_or(usize::MAX));
    let applied = guard::applied(&before);
    let going: Vec<&Step> = applied.into_iter().rev().take(most).collect();
    let last = going.last().map(|step| step.name);
    let oldest = STEPS.iter().position(|step| Some(step.name) == last);
    let lowest = oldest.into_iter().chain(way.floor).min();
    guard::whole(&before, lowest.unwrap_or(STEPS.len()))?;
    let all = going.iter().copied();
    let losses = plan::losses(&lock.db(), all, Direction::Down).await?;
    if !losses.is_empty() && !way.accept_loss {
        return Err(Error::Loss(losses));
    }
    for loss in &losses {
        (way.told)(Progress::Loses(&loss.to_string()));
    }
    let done = runner::down(&lock.db(), &going, &way.run_under(&lock)).await;
    let released = lock.release().await;
    done?;
    released?;
    Ok(Undone {
        steps: going.into_iter().map(|step| step.name.to_owned()).collect(),
        losses,
    })
}
