//! Prices: what a million tokens of a model and type cost, from a date on.
//!
//! A cost is never stored, so a price may be set for a date that is past: every answer is then right
//! from that date on. A price begins on the edge of a quarter of an hour, since tokens are not told
//! apart within one. What is not priced is said to be unpriced, and never to be free.

mod list;
mod store;

use chrono::{DateTime, Utc};
use entity::analytics::model_price::Model;
use entity::conversation::token_consumption::TokenType;
use entity::id::ModelPriceId;
use serde_json::json;

use super::error::Error;
use super::rollup::QUARTER;
use crate::audit;
use crate::check::Check;
use crate::ctx::Ctx;
use crate::error::Result;
use crate::write::Write;

pub(super) use self::list::{Prices, listed};

/// The most characters of a model's name.
const MODEL: usize = 255;
/// The dearest that a million tokens may be, in millionths of a dollar: a million dollars.
const DEAREST: i64 = 1_000_000_000_000;

/// A price from a date on.
#[derive(Clone, Debug)]
pub struct NewPrice {
    /// The model.
    pub model: String,
    /// What the tokens are.
    pub kind: TokenType,
    /// Millionths of a dollar for a million tokens.
    pub micro_dollars_per_million: i64,
    /// From when, on the edge of a quarter of an hour.
    pub valid_from: DateTime<Utc>,
}

/// Set a price from a date on, up to that of the next one; for a date that has one already, change
/// it. Only admins may.
pub async fn set_price(ctx: &Ctx, new: NewPrice) -> Result<Model> {
    ctx.actor.need_admin()?;
    let mut check = Check::default();
    check.text("/model", &new.model, true, MODEL);
    check.time("/validFrom", Some(new.valid_from));
    if !(0..=DEAREST).contains(&new.micro_dollars_per_million) {
        let detail = format!("must be 0 to {DEAREST}");
        check.wrong("/microDollarsPerMillion", detail);
    }
    check.done()?;
    if new
        .valid_from
        .timestamp_micros()
        .rem_euclid(QUARTER * 1_000_000)
        != 0
    {
        return Err(Error::PriceOffEdge(new.valid_from).into());
    }

    let tx = ctx.write().await?;
    let stood = store::held(&tx, &new.model, new.kind, new.valid_from).await?;
    let row = match &stood {
        Some(stood) => Model {
            micro_dollars_per_million: new.micro_dollars_per_million,
            version: stood.version + 1,
            updated_at: tx.now,
            ..stood.clone()
        },
        None => Model {
            id: tx.fresh(),
            model: new.model,
            kind: new.kind,
            micro_dollars_per_million: new.micro_dollars_per_million,
            valid_from: new.valid_from,
            version: 1,
            created_at: tx.now,
            updated_at: tx.now,
        },
    };
    store::put(&tx, &row, stood.is_some()).await?;
    record(&tx, "price.set", stood.as_ref(), Some(&row)).await?;
    tx.commit().await?;
    Ok(row)
}

/// The prices, by model and type, the latest first; of one model, where it is named. Staff only.
pub async fn prices(ctx: &Ctx, model: Option<&str>) -> Result<Vec<Model>> {
    ctx.actor.need_staff()?;
    let scope = ctx.actor.reads()?;
    store::prices(&ctx.read()?, scope, model).await
}

/// Take back a price that is not valid yet. Only admins may.
pub async fn remove_price(ctx: &Ctx, id: ModelPriceId) -> Result<Model> {
    ctx.actor.need_admin()?;
    let tx = ctx.write().await?;
    let Some(row) = store::price_held(&tx, id).await? else {
        return Err(Error::PriceNotFound(id).into());
    };
    if row.valid_from <= tx.now {
        return Err(Error::PriceInForce(row.valid_from).into());
    }
    store::delete(&tx, id).await?;
    record(&tx, "price.remove", Some(&row), None).await?;
    tx.commit().await?;
    Ok(row)
}

async fn record(
    tx: &Write,
    action: &'static str,
    before: Option<&Model>,
    after: Option<&Model>,
) -> Result<()> {
    let Some(row) = after.or(before) else {
        return Ok(());
    };
    let told = |row: &Model| {
        json!({
            "model": row.model,
            "type": row.kind,
            "micro_dollars_per_million": row.micro_dollars_per_million,
            "valid_from": row.valid_from,
        })
    };
    let entry = audit::Entry {
        action,
        resource_type: "model_price",
        resource_id: row.id.to_string(),
        before: before.map(told),
        after: after.map(told),
    };
    audit::record(tx, entry).await
}
