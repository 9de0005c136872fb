//! Every query of the executions.

use std::time::Duration;

use entity::agent::execution::{Column, Entity, ExecutionStatus, Model};
use entity::agent::execution_event;
use entity::id::ExecutionId;
use entity::{Scope, Scoped};
use sea_orm::{ColumnTrait, ConnectionTrait, QueryFilter, QueryOrder, QuerySelect, Select};
use serde_json::Value;

use super::{ExecutionFilter, Subject};
use crate::agent::error::Error;
use crate::error::Result;
use crate::lease::{self, Claims, Leased};
use crate::page::{Order, Page, Place, Request};
use crate::write::Write;

impl Leased for Entity {
    type Status = ExecutionStatus;
    const CLAIMS: Claims<Column, ExecutionStatus> = Claims {
        id: Column::Id,
        status: Column::Status,
        waiting: ExecutionStatus::Pending,
        held: ExecutionStatus::Running,
        worker: Column::ClaimedBy,
        token: Column::LeaseToken,
        until: Column::LeaseUntil,
        started: Column::StartedAt,
        attempt: Column::Attempt,
        version: Column::Version,
        created: Column::CreatedAt,
        updated: Column::UpdatedAt,
    };
}

/// Give the execution that has waited longest to `worker`.
pub(super) async fn claim_next(
    tx: &Write,
    worker: &str,
    lifetime: Duration,
) -> Result<Option<Model>> {
    lease::claim_next::<Entity>(tx, worker, lifetime).await
}

pub(super) async fn execution(
    conn: &impl ConnectionTrait,
    scope: Scope,
    id: ExecutionId,
) -> Result<Model> {
    let select = Entity::within(scope).filter(Column::Id.eq(id));
    let found = select.one(conn).await?;
    found.ok_or_else(|| Error::ExecutionNotFound(id).into())
}

/// The execution, held until the write is over.
pub(super) async fn held(tx: &Write, scope: Scope, id: ExecutionId) -> Result<Model> {
    let select = Entity::within(scope).filter(Column::Id.eq(id));
    let found = select.lock_exclusive().one(tx).await?;
    found.ok_or_else(|| Error::ExecutionNotFound(id).into())
}

pub(super) async fn executions(
    conn: &impl ConnectionTrait,
    scope: Scope,
    filter: &ExecutionFilter,
    page: Request,
) -> Result<Page<Model>> {
    let list = format!("executions {scope:?} {filter:?}");
    let mut select = Entity::within(scope);
    if let Some(status) = filter.status {
        select = select.filter(Column::Status.eq(status));
    }
    match filter.of {
        Some(Subject::Agent(id)) => select = select.filter(Column::AgentId.eq(id)),
        Some(Subject::Workflow(id)) => select = select.filter(Column::WorkflowId.eq(id)),
        None => {}
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

/// Put down a changed execution: everything but its id and beginning.
pub(super) async fn update(tx: &Write, row: &Model) -> Result<()> {
    tx.update(row).await
}

/// The number of the last event.
pub(super) async fn last(conn: &impl ConnectionTrait, id: ExecutionId) -> Result<i64> {
    let last: Option<Option<i64>> = execution_event::Entity::within(Scope::Everyone)
        .select_only()
        .column_as(execution_event::Column::Seq.max(), "last")
        .filter(execution_event::Column::ExecutionId.eq(id))
        .into_tuple()
        .one(conn)
        .await?;
    Ok(last.flatten().unwrap_or(0))
}

/// Write the next lines of an execution's history; the caller holds the execution.
pub(super) async fn note(
    tx: &Write,
    id: ExecutionId,
    events: impl IntoIterator<Item = (String, Value)>,
) -> Result<Vec<execution_event::Model>> {
    let last = last(tx, id).await?;
    let rows = events.into_iter().zip(last + 1..);
    let rows: Vec<_> = rows
        .map(|((kind, data), seq)| execution_event::Model {
            id: tx.fresh(),
            execution_id: id,
            seq,
            kind,
            data,
            created_at: tx.now,
            updated_at: tx.now,
        })
        .collect();
    tx.insert_all::<execution_event::Entity>(rows.clone())
        .await?;
    Ok(rows)
}

/// The events of an execution.
pub(super) fn all_events(id: ExecutionId) -> Select<execution_event::Entity> {
    execution_event::Entity::within(Scope::Everyone)
        .filter(execution_event::Column::ExecutionId.eq(id))
}

/// The first `most` events behind number `after`, in their order.
pub(super) async fn events(
    conn: &impl ConnectionTrait,
    id: ExecutionId,
    after: i64,
    most: u64,
) -> Result<Vec<execution_event::Model>> {
    use execution_event::Column;
    let rows = all_events(id)
        .filter(Column::Seq.gt(after))
        .order_by_asc(Column::Seq)
        .limit(most)
        .all(conn)
        .await?;
    Ok(rows)
}

/// The last `most` events, in their order.
pub(super) async fn latest(
    conn: &impl ConnectionTrait,
    id: ExecutionId,
    most: u64,
) -> Result<Vec<execution_event::Model>> {
    use execution_event::Column;
    let mut rows = execution_event::Entity::within(Scope::Everyone)
        .filter(Column::ExecutionId.eq(id))
        .order_by_desc(Column::Seq)
        .limit(most)
        .all(conn)
        .await?;
    rows.reverse();
    Ok(rows)
}
