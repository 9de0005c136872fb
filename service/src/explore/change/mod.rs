//! Rows written by staff, by the entity's metadata: made, changed, removed, put back.
//!
//! Who may is the registry's word ([`entity::registry::Writes`]); what may not be written this way,
//! and what a domain does beside it, stands in `law`. A change names the version that was read.
//! Every write leaves the row before and after in the audit log, by the same commit.

mod bulk;
mod law;
mod restore;
mod row;
mod stand;
mod values;

use entity::registry::Writes;

pub use bulk::{MOST_ROWS, delete_all, update_all};
pub use law::{may_create, may_delete, may_restore, may_update, writable};
pub use restore::restore;
pub use row::row_version;

use self::row::Snapshot;
pub(in crate::explore) use self::values::Given;
use super::access::Access;
use super::bind::Args;
use super::catalog::Entity;
use super::error::Error as Refusal;
use crate::actor::Grant;
use crate::audit;
use crate::ctx::Ctx;
use crate::error::{Common, Result};
use crate::write::Write;

/// Make a row; tells its key. Columns are named as GraphQL does. What is not given has its default:
/// a fresh id, the moment, version 1.
pub async fn create(ctx: &Ctx, entity: &'static Entity, input: &Args) -> Result<String> {
    let access = permit(ctx, entity)?;
    if !may_create(entity) {
        return Err(Refusal::ReadOnly {
            what: entity.plural.clone(),
        }
        .into());
    }
    let tx = ctx.write().await?;
    let mut values = values::for_insert(&tx, entity, input)?;
    law::before_insert(&tx, entity, &mut values).await?;
    let key = row::insert(&tx, &access, entity, &values).await?;
    let after = row::held(&tx, &access, entity, &key).await?;
    note(&tx, entity, "create", &key, None, after.as_ref()).await?;
    law::follow(&tx, entity, &key, None, after.as_ref()).await?;
    tx.commit().await?;
    Ok(key)
}

/// Change a row whose state is still the one that was read.
pub async fn update(
    ctx: &Ctx,
    entity: &'static Entity,
    key: &str,
    version: &str,
    patch: &Args,
) -> Result<()> {
    let access = permit(ctx, entity)?;
    let values = values::for_update(entity, patch)?;
    let key = &row::canonical(entity, key)?;
    let tx = ctx.write().await?;
    let before = expect(&tx, &access, entity, key, version).await?;
    change(&tx, &access, entity, key, &before, &values).await?;
    tx.commit().await
}

/// Remove a row whose state is still the one that was read, with everything that belongs to it;
/// tells its key.
pub async fn delete(
    ctx: &Ctx,
    entity: &'static Entity,
    key: &str,
    version: &str,
) -> Result<String> {
    let access = permit(ctx, entity)?;
    if !may_delete(entity) {
        return Err(Refusal::ReadOnly {
            what: entity.plural.clone(),
        }
        .into());
    }
    let key = row::canonical(entity, key)?;
    let tx = ctx.write().await?;
    let before = expect(&tx, &access, entity, &key, version).await?;
    remove(&tx, &access, entity, &key, &before).await?;
    tx.commit().await?;
    Ok(key)
}

/// Refuse unless the caller may write `entity` by the generic door.
fn permit(ctx: &Ctx, entity: &Entity) -> Result<Access> {
    match entity.resource.writes {
        Writes::Operators => ctx.actor.need_staff()?,
        Writes::Admins => ctx.actor.need_admin()?,
        Writes::Verbs => {
            ctx.actor.need_staff()?;
            return Err(Refusal::ReadOnly {
                what: entity.plural.clone(),
            }
            .into());
        }
    }
    ctx.actor.need(Grant::Write)?;
    Access::of(&ctx.actor)
}

async fn expect(
    tx: &Write,
    access: &Access,
    entity: &'static Entity,
    key: &str,
    version: &str,
) -> Result<Snapshot> {
    let before = row::held(tx, access, entity, key).await?;
    let before = before.ok_or(Common::NotFound { what: "row" })?;
    if before.version(entity) != version {
        return Err(Common::VersionConflict.into());
    }
    Ok(before)
}

async fn change(
    tx: &Write,
    access: &Access,
    entity: &'static Entity,
    key: &str,
    before: &Snapshot,
    values: &values::Values,
) -> Result<()> {
    row::update(tx, access, entity, key, values).await?;
    let after = row::held(tx, access, entity, key).await?;
    note(tx, entity, "update", key, Some(before), after.as_ref()).await?;
    law::follow(tx, entity, key, Some(before), after.as_ref()).await
}

async fn remove(
    tx: &Write,
    access: &Access,
    entity: &'static Entity,
    key: &str,
    before: &Snapshot,
) -> Result<()> {
    if !law::before_delete(tx, entity, before, key).await? {
        row::delete(tx, access, entity, key).await?;
    }
    removed(tx, entity, key, before).await
}

async fn removed(tx: &Write, entity: &'static Entity, key: &str, before: &Snapshot) -> Result<()> {
    note(tx, entity, "delete", key, Some(before), None).await?;
    law::follow(tx, entity, key, Some(before), None).await
}

async fn note(
    tx: &Write,
    entity: &'static Entity,
    action: &'static str,
    key: &str,
    before: Option<&Snapshot>,
    after: Option<&Snapshot>,
) -> Result<()> {
    audit::record(
        tx,
        audit::Entry {
            action,
            resource_type: &entity.single,
            resource_id: key.to_owned(),
            before: before.map(Snapshot::json),
            after: after.map(Snapshot::json),
        },
    )
    .await
}
