//! Folding: open deltas become part of the rollups.

use super::store;
use super::sums::Additions;
use crate::actor::Actor;
use crate::ctx::Ctx;
use crate::error::{Common, Result};

/// How many deltas are folded in one write.
const PORTION: u64 = 500;

/// Fold the open deltas, and tell how many; none, while somebody else moves the rollups. Only the
/// house itself may.
///
/// A portion is one transaction: what is interrupted is folded the next time, and never twice.
pub async fn fold(ctx: &Ctx) -> Result<u64> {
    if !matches!(ctx.actor, Actor::System(_)) {
        return Err(Common::Denied.into());
    }
    let mut folded = 0;
    loop {
        // A look before the write: there is mostly nothing to do.
        if !store::has_open(&ctx.read()?).await? {
            return Ok(folded);
        }
        let tx = ctx.write().await?;
        if !store::try_hold(&tx).await? {
            return Ok(folded);
        }
        let (ids, deltas) = store::open(&tx, PORTION).await?;
        let some = ids.len() as u64;
        let mut additions = Additions::default();
        for (key, amount) in deltas {
            additions.add(key, amount);
        }
        store::apply(&tx, additions).await?;
        store::close(&tx, ids).await?;
        tx.commit().await?;
        folded += some;
        if some < PORTION {
            return Ok(folded);
        }
    }
}
