//! What happens to an execution, as it happens.

use entity::agent::execution::ExecutionStatus;
use entity::agent::execution_event;
use entity::id::ExecutionId;
use futures::Stream;

use super::store;
use crate::agent::policy;
use crate::ctx::Ctx;
use crate::error::Result;
use crate::identity;
use crate::signal::{Signal, Watch, Woken};

/// How many events are read at once.
const BATCH: u64 = 100;

/// An execution's events behind number `after`, and then those that come, until the execution is
/// over, the process stops, or the caller may not see it any more.
pub async fn follow(
    ctx: Ctx,
    id: ExecutionId,
    after: i64,
) -> Result<impl Stream<Item = Result<execution_event::Model>> + Send> {
    let scope = policy::read(&ctx.actor)?;
    store::execution(&ctx.read()?, scope, id).await?;
    let signals = ctx.services.signals.listen();
    let mut watch = Watch::new(signals, Signal::ExecutionMoved(id));
    let stop = ctx.services.stop.clone();
    let mut after = after;
    Ok(async_stream::try_stream! {
        loop {
            // In this order: what is written before the execution is over is told before we end.
            let over = is_over(store::execution(&ctx.read()?, scope, id).await?.status);
            loop {
                let rows = store::events(&ctx.read()?, id, after, BATCH).await?;
                let whole = rows.len() as u64 == BATCH;
                for row in rows {
                    after = row.seq;
                    yield row;
                }
                if !whole {
                    break;
                }
            }
            if over {
                return;
            }
            match stop.run_until_cancelled(watch.wake()).await {
                None | Some(Woken::Never) => return,
                Some(Woken::Moved) => {}
                Some(Woken::Caller) => identity::recall(&ctx).await?,
            }
        }
    })
}

fn is_over(status: ExecutionStatus) -> bool {
    !matches!(status, ExecutionStatus::Pending | ExecutionStatus::Running)
}
