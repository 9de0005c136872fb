//! Cards: read, marked, counted.

use entity::id::{OpportunityCardId, RunId, UserId};
use entity::pipeline::opportunity_card::Model;
use serde_json::json;

use super::{policy, store};
use crate::audit;
use crate::ctx::Ctx;
use crate::error::Result;
use crate::expect::Expect;
use crate::page::{Page, Request};

/// Which cards a list has.
#[derive(Clone, Debug, Default)]
pub struct CardFilter {
    /// Only those that are marked, or not.
    pub starred: Option<bool>,
    /// Only those of this run.
    pub run: Option<RunId>,
    /// Only this person's; it counts for those who see others' rows.
    pub user: Option<UserId>,
}

/// One page of the cards in the caller's sight, the newest first.
pub async fn cards(ctx: &Ctx, filter: CardFilter, page: Request) -> Result<Page<Model>> {
    let scope = policy::read(&ctx.actor)?;
    store::cards(&ctx.read()?, scope, &filter, page).await
}

/// Mark a card, or take the mark off. The tag of a card is its version.
pub async fn star(
    ctx: &Ctx,
    id: OpportunityCardId,
    starred: bool,
    expect: &Expect,
) -> Result<Model> {
    let scope = policy::write(&ctx.actor)?;
    let tx = ctx.write().await?;
    let card = store::card_held(&tx, scope, id).await?;
    expect.check(&card.version.to_string())?;
    if card.starred == starred {
        return Ok(card);
    }
    let foreign = tx.actor.user() != Some(card.user_id);
    let changed = store::update_star(&tx, &card, starred).await?;
    if foreign {
        let entry = audit::Entry {
            action: "card.star",
            resource_type: "card",
            resource_id: id.to_string(),
            before: Some(json!({ "starred": !starred })),
            after: Some(json!({ "starred": starred })),
        };
        audit::record(&tx, entry).await?;
    }
    tx.commit().await?;
    Ok(changed)
}

/// How many cards in the caller's sight are marked.
pub async fn starred_count(ctx: &Ctx) -> Result<u64> {
    let scope = policy::read(&ctx.actor)?;
    store::starred(&ctx.read()?, scope).await
}
