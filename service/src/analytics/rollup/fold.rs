//! Folding: open deltas become part of the rollups.

use entity::analytics::{run_delta, stage_delta, token_delta};

use super::sums::Additions;
use super::{runs, stages, store};
use crate::actor::Actor;
use crate::ctx::Ctx;
use crate::error::{Common, Result};
use crate::write::Write;

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
    for of in [Of::Tokens, Of::Runs, Of::Stages] {
        // A look before the write: there is mostly nothing to do.
        while of.has_open(ctx).await? {
            let tx = ctx.write().await?;
            if !store::try_hold(&tx).await? {
                return Ok(folded);
            }
            let (some, more) = match of {
                Of::Tokens => tokens(&tx).await?,
                Of::Runs => runs::fold(&tx).await?,
                Of::Stages => stages::fold(&tx).await?,
            };
            tx.commit().await?;
            folded += some;
            if !more {
                break;
            }
        }
    }
    Ok(folded)
}

/// What deltas are of.
#[derive(Clone, Copy, Debug)]
enum Of {
    Tokens,
    Runs,
    Stages,
}

impl Of {
    async fn has_open(self, ctx: &Ctx) -> Result<bool> {
        let reader = ctx.read()?;
        match self {
            Self::Tokens => store::has_open::<token_delta::Entity>(&reader).await,
            Self::Runs => store::has_open::<run_delta::Entity>(&reader).await,
            Self::Stages => store::has_open::<stage_delta::Entity>(&reader).await,
        }
    }
}

/// Some deltas of tokens.
async fn tokens(tx: &Write) -> Result<(u64, bool)> {
    let (ids, deltas) = store::open(tx, PORTION).await?;
    let some = ids.len() as u64;
    let mut additions = Additions::default();
    for (key, amount) in deltas {
        additions.add(key, amount);
    }
    store::apply(tx, additions).await?;
    store::close::<token_delta::Entity>(tx, token_delta::Column::Id, ids).await?;
    Ok((some, some == PORTION))
}
