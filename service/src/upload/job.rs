//! What is done for files on schedule.

use tracing::info;

use super::sweep::{Swept, sweep};
use crate::ctx::Ctx;
use crate::error::Result;
use crate::job::{Ending, Held, Nothing, Task};

/// Holds files and their rows against each other. Twice is once.
#[derive(Clone, Copy, Debug)]
pub struct Sweep;

impl Task for Sweep {
    const KIND: &'static str = "upload.sweep";
    const QUEUE: &'static str = "maintenance";
    type Payload = Nothing;

    async fn run(&self, ctx: &Ctx, _: Nothing, _: &Held) -> Result<Ending> {
        let swept = Box::pin(sweep(ctx)).await?;
        if swept != Swept::default() {
            info!(
                expired = swept.expired,
                joined = swept.joined,
                lost = swept.lost,
                orphans = swept.orphans,
                staged = swept.staged,
                "mended files and their rows"
            );
        }
        Ok(Ending::Done)
    }
}
