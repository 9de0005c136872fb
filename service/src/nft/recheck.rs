//! Asking anew, on schedule, for what was verified some time ago.

use tracing::info;

use super::{CHAINS, RECHECK_AFTER, RECHECKS_AT_ONCE, policy, store, verify};
use crate::ctx::Ctx;
use crate::error::Result;
use crate::job::{Ending, Held, Nothing, Task, enqueue_all};

/// Behind what people wait for.
const PRIORITY: i32 = 10;

/// Queues a job for each verified ownership that was not asked for lately.
#[derive(Clone, Copy, Debug)]
pub struct Recheck;

impl Task for Recheck {
    const KIND: &'static str = "nft.recheck";
    const QUEUE: &'static str = "maintenance";
    type Payload = Nothing;

    async fn run(&self, ctx: &Ctx, _: Nothing, _: &Held) -> Result<Ending> {
        policy::recheck(&ctx.actor)?;
        let chains = ctx.configuration().get(&CHAINS).into_iter();
        let chains: Vec<String> = chains.map(|chain| chain.name).collect();
        if chains.is_empty() {
            return Ok(Ending::Done);
        }
        let end = ctx.now() - ctx.configuration().get(&RECHECK_AFTER);
        let most = ctx.configuration().get(&RECHECKS_AT_ONCE).unsigned_abs();
        let stale = store::stale(&ctx.read()?, end, &chains, most).await?;
        if stale.is_empty() {
            return Ok(Ending::Done);
        }
        let count = stale.len();
        let jobs = stale.into_iter().map(|(id, owner)| {
            let job = verify::job(id, owner)?;
            Ok(job.with_priority(PRIORITY))
        });
        let jobs = jobs.collect::<Result<Vec<_>>>()?;
        let tx = ctx.write().await?;
        enqueue_all(&tx, jobs).await?;
        tx.commit().await?;
        info!(count, "holders of NFTs are asked for anew");
        Ok(Ending::Done)
    }
}
