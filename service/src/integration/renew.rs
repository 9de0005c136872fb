//! Renewing, on schedule, what opens accounts, before it runs out.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use tracing::{info, warn};

use super::{RENEW_BEFORE, due, refresh};
use crate::ctx::Ctx;
use crate::error::{Kind, Result};
use crate::job::{Ending, Held, Nothing, Task};

/// How many are looked for at once.
const PORTION: u64 = 100;

/// Renews what opens accounts, before it runs out.
#[derive(Clone, Copy, Debug)]
pub struct Renew;

impl Task for Renew {
    const KIND: &'static str = "integration.renew";
    const QUEUE: &'static str = "maintenance";
    type Payload = Nothing;

    async fn run(&self, ctx: &Ctx, _: Nothing, held: &Held) -> Result<Ending> {
        let margin = ctx.configuration().get(&RENEW_BEFORE);
        let margin = TimeDelta::from_std(margin).unwrap_or(TimeDelta::MAX);
        let mut seen = BTreeSet::new();
        let mut renewed = 0_u64;
        // Those whose provider cannot be reached stay due, in front: look past them, once each.
        loop {
            let most = PORTION + seen.len() as u64;
            let ids = due(ctx, margin, most).await?;
            let fresh: Vec<_> = ids.into_iter().filter(|id| seen.insert(*id)).collect();
            if fresh.is_empty() {
                break;
            }
            for id in fresh {
                held.check()?;
                match refresh(ctx, id).await {
                    Ok(_) => renewed += 1,
                    // What the provider or the account says; the row tells it to its owner.
                    Err(refusal) if refusal.kind() != Kind::Internal => {
                        warn!(integration.id = %id, %refusal, "an account was not renewed");
                    }
                    Err(error) => return Err(error),
                }
            }
        }
        if renewed > 0 {
            info!(renewed, "accounts were renewed");
        }
        Ok(Ending::Done)
    }
}
