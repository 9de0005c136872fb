//! Giving up, on schedule, on videos of which nothing is heard.

use entity::Scope;
use tracing::info;

use super::end::{fail, is_open};
use super::{TIMEOUT, policy, store};
use crate::ctx::Ctx;
use crate::error::Result;
use crate::job::{Ending, Held, Nothing, Task};

/// How many are looked for at once.
const PORTION: u64 = 100;

/// Gives up on videos of which nothing is heard.
#[derive(Clone, Copy, Debug)]
pub struct Expire;

impl Task for Expire {
    const KIND: &'static str = "video.expire";
    const QUEUE: &'static str = "maintenance";
    type Payload = Nothing;

    async fn run(&self, ctx: &Ctx, _: Nothing, held: &Held) -> Result<Ending> {
        policy::expire(&ctx.actor)?;
        let end = ctx.now() - ctx.configuration().get(&TIMEOUT);
        loop {
            let silent = store::silent(&ctx.read()?, end, PORTION).await?;
            if silent.is_empty() {
                return Ok(Ending::Done);
            }
            for id in silent {
                held.check()?;
                let tx = ctx.write().await?;
                let row = store::find_held(&tx, Scope::Everyone, id).await?;
                // The generator may have spoken just now, or the owner asked anew.
                let silent = row
                    .filter(|row| is_open(row) && row.submitted_at.unwrap_or(row.updated_at) < end);
                if let Some(row) = silent {
                    fail(&tx, row, "the generator did not answer in time").await?;
                    info!(video.id = %id, "nothing was heard of a video");
                }
                tx.commit().await?;
            }
        }
    }
}
