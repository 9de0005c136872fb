//! Many rows at once, by a filter: counted first, bounded, all or nothing.

use serde_json::Value;

use super::{change, law, permit, remove, removed, row, values};
use crate::ctx::Ctx;
use crate::error::Result;
use crate::explore::access::Access;
use crate::explore::bind::{Args, Filter, ListArgs};
use crate::explore::catalog::Entity;
use crate::explore::error::Error as Refusal;
use crate::explore::run;
use crate::write::Write;

/// The most rows that one write changes.
pub const MOST_ROWS: u64 = 1_000;

/// Change every row that a filter lets through; tells how many. `count` is how many the caller has
/// counted: when it is no longer right nothing is changed.
pub async fn update_all(
    ctx: &Ctx,
    entity: &'static Entity,
    filter: &Value,
    count: u64,
    patch: &Args,
) -> Result<u64> {
    let access = permit(ctx, entity)?;
    let values = values::for_update(entity, patch)?;
    let list = chosen(entity, &access, filter)?;
    let tx = ctx.write().await?;
    for key in keys(&tx, &access, entity, &list, count).await? {
        if let Some(before) = row::held(&tx, &access, entity, &key).await? {
            change(&tx, &access, entity, &key, &before, &values).await?;
        }
    }
    tx.commit().await?;
    Ok(count)
}

/// Remove every row that a filter lets through, with what belongs to it; tells how many.
pub async fn delete_all(
    ctx: &Ctx,
    entity: &'static Entity,
    filter: &Value,
    count: u64,
) -> Result<u64> {
    let access = permit(ctx, entity)?;
    if !law::may_delete(entity) {
        return Err(Refusal::ReadOnly {
            what: entity.plural.clone(),
        }
        .into());
    }
    let list = chosen(entity, &access, filter)?;
    let tx = ctx.write().await?;
    let keys = keys(&tx, &access, entity, &list, count).await?;
    let mut rows = Vec::with_capacity(keys.len());
    for key in &keys {
        if let Some(before) = row::held(&tx, &access, entity, key).await? {
            rows.push((key, before));
        }
    }
    let gone = law::delete_together(&tx, entity, &keys).await?;
    for (key, before) in &rows {
        if gone {
            removed(&tx, entity, key, before).await?;
        } else if row::held(&tx, &access, entity, key).await?.is_some() {
            // Unless another of the rows took it along.
            remove(&tx, &access, entity, key, before).await?;
        }
    }
    tx.commit().await?;
    Ok(count)
}

fn chosen(entity: &'static Entity, access: &Access, filter: &Value) -> Result<ListArgs> {
    let filter = Filter::read(entity, access, filter)?;
    if filter.is_all() {
        return Err(Refusal::Everything.into());
    }
    Ok(ListArgs::all(entity, filter))
}

/// The keys of the rows, which are held in the order of the keys, so that two such writes never
/// deadlock.
async fn keys(
    tx: &Write,
    access: &Access,
    entity: &'static Entity,
    list: &ListArgs,
    count: u64,
) -> Result<Vec<String>> {
    if count > MOST_ROWS {
        return Err(Refusal::Rows { most: MOST_ROWS }.into());
    }
    let keys = run::keys(tx, tx.engine(), access, entity, list, MOST_ROWS + 1).await?;
    let found = keys.len() as u64;
    if found > MOST_ROWS {
        return Err(Refusal::Rows { most: MOST_ROWS }.into());
    }
    if found != count {
        return Err(Refusal::Count { found, count }.into());
    }
    Ok(keys)
}
