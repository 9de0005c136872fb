//! The job that asks a chain whether a wallet holds an NFT.

use entity::id::{NftOwnershipId, UserId};
use entity::media::nft_ownership::{Model, NftProblem, NftStandard};
use entity::media::notification::NotificationType;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tracing::info;

use super::ask::{self, Finding};
use super::error::Error;
use super::{CHAINS, store};
use crate::ctx::Ctx;
use crate::error::Result;
use crate::job::{Ending, Held, NewJob, Task};
use crate::notification::{News, notify};
use crate::write::Write;

/// Asks a chain whether a wallet holds an NFT.
#[derive(Clone, Copy, Debug)]
pub struct Verify;

/// Which claim.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct About {
    /// The ownership.
    pub ownership: NftOwnershipId,
}

/// The job about a claim. While one is open there is no other: what the chain says now, it says to
/// both.
pub(super) fn job(ownership: NftOwnershipId, owner: Option<UserId>) -> Result<NewJob> {
    let job = NewJob::of::<Verify>(&About { ownership })?;
    let job = job.once_as(format!("{}:{ownership}", Verify::KIND));
    Ok(match owner {
        Some(owner) => job.owned_by(owner),
        None => job,
    })
}

impl Task for Verify {
    const KIND: &'static str = "nft.verify";
    const TRIES: i32 = 8;
    type Payload = About;

    async fn run(&self, ctx: &Ctx, about: About, held: &Held) -> Result<Ending> {
        let Some(row) = store::find(&ctx.read()?, about.ownership).await? else {
            return Ok(Ending::Done);
        };
        let asked = holds(ctx, &row, held).await;
        let finding = match asked {
            Ok(finding) => finding,
            Err(refusal) if held.is_last_try() => {
                settle(ctx, &row, None, None).await?;
                let because = refusal.to_string();
                return Ok(Ending::Dead { because });
            }
            Err(refusal) => return Err(refusal.into()),
        };
        settle(ctx, &row, Some(finding), Some(held)).await?;
        Ok(Ending::Done)
    }
}

async fn holds(ctx: &Ctx, row: &Model, held: &Held) -> std::result::Result<Finding, Error> {
    let name = row.chain.clone().unwrap_or_default();
    let chains = ctx.configuration().get(&CHAINS);
    let chain = chains.into_iter().find(|chain| chain.name == name);
    let (Some(chain), Some(standard)) = (chain, row.standard) else {
        let why = "it is not set up any more".to_owned();
        return Err(Error::Unanswered { chain: name, why });
    };
    let id = held.id().to_string();
    let asked = ask::holds(&ctx.services, &chain, standard, row, &id).await;
    asked.map_err(|why| Error::Unanswered { chain: name, why })
}

/// Put down what the chain said about the row as it was read, or that it said nothing.
async fn settle(
    ctx: &Ctx,
    asked: &Model,
    finding: Option<Finding>,
    held: Option<&Held>,
) -> Result<()> {
    let tx = ctx.write().await?;
    if let Some(mut row) = store::held(&tx, asked.id).await?
        // Claimed in another way meanwhile: that is another question.
        && row.standard == asked.standard
        && row.contract_address == asked.contract_address
    {
        apply(&tx, &mut row, finding).await?;
    }
    if let Some(held) = held {
        held.finish(&tx).await?;
    }
    tx.commit().await
}

async fn apply(tx: &Write, row: &mut Model, finding: Option<Finding>) -> Result<()> {
    let before = row.verified;
    row.checked_at = Some(tx.now);
    row.updated_at = tx.now;
    row.version += 1;
    (row.verified, row.problem) = match finding {
        Some(Finding::Holds) => (true, None),
        Some(Finding::Elsewhere) => (false, Some(NftProblem::NotOwner)),
        Some(Finding::Nowhere) => (false, Some(NftProblem::NoSuchToken)),
        // What was verified stays so until the chain says otherwise.
        None => (before, Some(NftProblem::Unanswered)),
    };
    if finding == Some(Finding::Holds) {
        row.last_verified = Some(tx.now);
        if row.standard != Some(NftStandard::Erc1155) {
            store::supersede(tx, row).await?;
        }
    }
    store::update(tx, row).await?;
    info!(
        nft.id = row.nft_id,
        verified = row.verified,
        "asked who holds an NFT"
    );
    if let (true, false, Some(user)) = (row.verified, before, row.user_id) {
        let news = News {
            kind: NotificationType::NftVerified,
            title: "Ownership verified".to_owned(),
            message: format!("You are the holder of {}.", row.nft_id),
            data: Some(json!({ "nft_id": row.nft_id, "id": row.id })),
        };
        notify(tx, user, news).await?;
    }
    Ok(())
}
