//! What is done for the rollups on schedule.

use tracing::info;

use super::rollup::reconcile;
use crate::ctx::Ctx;
use crate::error::Result;
use crate::job::{Ending, Held, Nothing, Task};

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
        Ok(Ending::Done)
    }
}
