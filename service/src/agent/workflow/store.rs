//! Every query of the workflows.

use entity::agent::workflow::{Column, Entity, Model};
use entity::id::WorkflowId;
use entity::{Scope, Scoped};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect};

use super::WorkflowFilter;
use crate::agent::error::Error;
use crate::error::Result;
use crate::page::{Order, Page, Place, Request};
use crate::write::Write;

pub(super) async fn workflow(
    conn: &impl ConnectionTrait,
    scope: Scope,
    id: WorkflowId,
) -> Result<Model> {
    let select = Entity::within(scope).filter(Column::Id.eq(id));
    let found = select.one(conn).await?;
    found.ok_or_else(|| Error::WorkflowNotFound(id).into())
}

/// The workflow, held until the write is over.
pub(in crate::agent) async fn held(tx: &Write, scope: Scope, id: WorkflowId) -> Result<Model> {
    let select = Entity::within(scope).filter(Column::Id.eq(id));
    let found = select.lock_exclusive().one(tx).await?;
    found.ok_or_else(|| Error::WorkflowNotFound(id).into())
}

/// The workflow that an execution is of.
pub(in crate::agent) async fn named(
    conn: &impl ConnectionTrait,
    id: WorkflowId,
) -> Result<Option<Model>> {
    let select = Entity::within(Scope::Everyone).filter(Column::Id.eq(id));
    Ok(select.one(conn).await?)
}

pub(super) async fn workflows(
    conn: &impl ConnectionTrait,
    scope: Scope,
    filter: &WorkflowFilter,
    page: Request,
) -> Result<Page<Model>> {
    let list = format!("workflows {scope:?} {filter:?}");
    let mut select = Entity::within(scope);
    if let Some(is_active) = filter.is_active {
        select = select.filter(Column::IsActive.eq(is_active));
    }
    if let Some(user) = filter.user {
        select = select.filter(Column::UserId.eq(user));
    }
    let place = |row: &Model| Place {
        time: row.created_at,
        id: row.id.0,
    };
    let keys = (Column::CreatedAt, Column::Id);
    page.page(conn, select, keys, Order::Newest, &list, place)
        .await
}

pub(super) async fn insert(tx: &Write, row: Model) -> Result<()> {
    tx.insert(row).await
}

pub(super) async fn update(tx: &Write, row: &Model) -> Result<()> {
    tx.update(row).await
}

/// Count one more execution of a workflow that is held.
pub(in crate::agent) async fn executed(tx: &Write, mut row: Model) -> Result<()> {
    row.run_count += 1;
    row.last_run_at = Some(tx.now);
    row.version += 1;
    row.updated_at = tx.now;
    update(tx, &row).await
}

pub(super) async fn delete(tx: &Write, id: WorkflowId) -> Result<()> {
    Entity::delete_by_id(id).exec(tx).await?;
    Ok(())
}
