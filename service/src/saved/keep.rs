//! Keeping saved things, views and reports alike.

use entity::id::UserId;
use sea_orm::prelude::Uuid;

use super::policy;
use super::store::{self, Saved};
use crate::audit;
use crate::ctx::Ctx;
use crate::error::Result;
use crate::expect::Expect;
use crate::write::Write;

/// Keep the row that `make` makes of the caller's own.
pub(super) async fn create<E>(
    ctx: &Ctx,
    make: impl FnOnce(&Write, UserId) -> E::Model + Send,
) -> Result<E::Model>
where
    E: Saved,
    E::Model: Clone + Sync,
{
    let user = ctx.actor.person()?;
    let tx = ctx.write().await?;
    let row = make(&tx, user);
    E::put(&tx, row.clone()).await?;
    note::<E>(&tx, E::VERBS.create, None, Some(&row)).await?;
    tx.commit().await?;
    Ok(row)
}

/// Keep what `change` makes of a row, if it stands at the version that is expected.
pub(super) async fn update<E>(
    ctx: &Ctx,
    id: Uuid,
    expect: &Expect,
    change: impl FnOnce(&Write, &E::Model) -> Result<E::Model> + Send,
) -> Result<E::Model>
where
    E: Saved,
    E::Model: Clone + Sync,
{
    let (tx, before) = open::<E>(ctx, id, expect).await?;
    let row = change(&tx, &before)?;
    E::change(&tx, row.clone()).await?;
    note::<E>(&tx, E::VERBS.update, Some(&before), Some(&row)).await?;
    tx.commit().await?;
    Ok(row)
}

/// Remove a row, if it stands at the version that is expected.
pub(super) async fn delete<E: Saved>(ctx: &Ctx, id: Uuid, expect: &Expect) -> Result<()> {
    let (tx, row) = open::<E>(ctx, id, expect).await?;
    store::delete::<E>(&tx, id).await?;
    note::<E>(&tx, E::VERBS.delete, Some(&row), None).await?;
    tx.commit().await
}

/// A row that the caller may change, held.
async fn open<E: Saved>(ctx: &Ctx, id: Uuid, expect: &Expect) -> Result<(Write, E::Model)> {
    let sight = policy::write(&ctx.actor)?;
    let tx = ctx.write().await?;
    let found = store::held::<E>(&tx, sight, id).await?;
    let row = found.ok_or_else(|| E::not_found(id))?;
    policy::change(&ctx.actor, E::owner(&row))?;
    expect.check(&E::version(&row).to_string())?;
    Ok((tx, row))
}

async fn note<E: Saved>(
    tx: &Write,
    action: &'static str,
    before: Option<&E::Model>,
    after: Option<&E::Model>,
) -> Result<()> {
    let id = before.or(after).map(E::id).unwrap_or_default();
    let entry = audit::Entry {
        action,
        resource_type: E::KIND,
        resource_id: id.to_string(),
        before: before.map(E::told),
        after: after.map(E::told),
    };
    audit::record(tx, entry).await
}
