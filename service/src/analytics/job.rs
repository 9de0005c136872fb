//! What is done for the rollups by jobs.

use std::convert::Infallible;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use tracing::info;

use super::rollup::{pack, reconcile, resume};
use crate::ctx::Ctx;
use crate::error::Result;
use crate::job::{Ending, Held, NewJob, Nothing, Task};

/// How often a rebuild says how far it is.
const TOLD: Duration = Duration::from_secs(1);

/// Takes in what another backend wrote. Twice is once: what was taken in is counted already.
#[derive(Clone, Copy, Debug)]
pub struct Reconcile;

impl Task for Reconcile {
    const KIND: &'static str = "analytics.reconcile";
    const QUEUE: &'static str = "maintenance";
    type Payload = Nothing;

    async fn run(&self, ctx: &Ctx, _: Nothing, _: &Held) -> Result<Ending> {
        let done = reconcile(ctx).await?;
        if !done.differences.is_empty() {
            info!(
                people = done.people,
                sums = ?done.differences.counts,
                "took in what another backend wrote"
            );
        }
        pack(ctx).await?;
        Ok(Ending::Done)
    }
}

/// Builds the rollups of a database that has none. What is proven is not proven again by a try that
/// goes on where the one before came to.
#[derive(Clone, Copy, Debug)]
pub struct Rebuild;

impl Rebuild {
    /// The job, which there is one of at a time.
    pub(super) fn once() -> Result<NewJob> {
        Ok(NewJob::of::<Self>(&Nothing {})?.once_as(Self::KIND))
    }
}

impl Task for Rebuild {
    const KIND: &'static str = "analytics.rebuild";
    const QUEUE: &'static str = "maintenance";
    type Payload = Nothing;

    async fn run(&self, ctx: &Ctx, _: Nothing, held: &Held) -> Result<Ending> {
        let percent = AtomicU8::new(0);
        let tell = |progress: super::Progress| percent.store(progress.percent, Ordering::Relaxed);
        let telling = async || -> Result<Infallible> {
            loop {
                tokio::time::sleep(TOLD).await;
                held.progress(percent.load(Ordering::Relaxed).into())
                    .await?;
            }
        };
        // Side by side: while one has a write open, the other waits for its turn.
        let report = tokio::select! {
            done = Box::pin(resume(ctx, &tell)) => done?,
            Err(error) = telling() => return Err(error),
            () = held.halted() => {
                held.check()?;
                return Ok(Ending::Done);
            }
        };
        if !report.differences.is_empty() {
            info!(
                days = report.days,
                threads = report.threads,
                sums = ?report.differences.counts,
                "built the rollups"
            );
        }
        Ok(Ending::Done)
    }
}
