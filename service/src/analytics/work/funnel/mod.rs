//! How far runs came: everybody's from their rollup, once that is built, a person's own from the rows.

mod store;

use chrono::{DateTime, Utc};
use entity::Scope;
use entity::pipeline::run::RunStatus;

use super::{STAGES, place};
use crate::analytics::edges::{Period, filled};
use crate::analytics::rollup;
use crate::ctx::Ctx;
use crate::error::Result;

/// How far the runs of a period came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunFunnel {
    /// All of them, as they stand now.
    pub all: Runs,
    /// How many brought each stage, the first one first.
    pub stages: Vec<i64>,
    /// The runs of each bucket.
    pub points: Vec<(DateTime<Utc>, Runs)>,
}

/// Runs by where they stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are states")]
pub struct Runs {
    pub created: i64,
    pub pending: i64,
    pub running: i64,
    pub completed: i64,
    pub failed: i64,
}

impl Runs {
    fn add(&mut self, status: RunStatus, count: i64) {
        self.created += count;
        *match status {
            RunStatus::Pending => &mut self.pending,
            RunStatus::Running => &mut self.running,
            RunStatus::Completed => &mut self.completed,
            RunStatus::Failed => &mut self.failed,
        } += count;
    }
}

/// How far the runs that were created in a period came: the caller's own; everybody's for staff.
pub async fn run_funnel(ctx: &Ctx, period: Period) -> Result<RunFunnel> {
    let scope = ctx.actor.reads()?;
    let buckets = period.buckets()?;
    let reader = ctx.analytics()?;
    // A person has few: they are read by the index of whose they are.
    let rows = match scope {
        Scope::Everyone if rollup::counts(&reader, "runs").await? => {
            store::sums(&reader, period.range, &buckets).await?
        }
        _ => store::rows(&reader, scope, period.range, &buckets).await?,
    };
    let mut funnel = RunFunnel {
        stages: (1..=STAGES).map(|_| 0).collect(),
        points: filled(&buckets),
        ..RunFunnel::default()
    };
    for row in rows {
        funnel.all.add(row.status, row.count);
        if let Some((_, runs)) = funnel.points.get_mut(place(row.at)) {
            runs.add(row.status, row.count);
        }
        for (stage, reached) in (1..).zip(&mut funnel.stages) {
            if row.current_stage >= stage {
                *reached += row.count;
            }
        }
    }
    Ok(funnel)
}
