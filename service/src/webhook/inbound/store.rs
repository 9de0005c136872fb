//! Every query of sources and their events.

use entity::id::{InboundEventId, WebhookSourceId};
use entity::webhook::inbound_event::{self, InboundEventState};
use entity::webhook::source;
use entity::{Scope, Scoped};
use sea_orm::sea_query::{LockBehavior, LockType};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter,
    QueryOrder, QuerySelect, Set, TryInsertResult,
};

use crate::error::Result;
use crate::page::{Order, Page, Place, Request};
use crate::write::Write;

pub(super) async fn named(
    conn: &impl ConnectionTrait,
    name: &str,
) -> Result<Option<source::Model>> {
    let select = source::Entity::within(Scope::Everyone);
    Ok(select
        .filter(source::Column::Name.eq(name))
        .one(conn)
        .await?)
}

pub(super) async fn source(
    conn: &impl ConnectionTrait,
    id: WebhookSourceId,
) -> Result<Option<source::Model>> {
    let select = source::Entity::within(Scope::Everyone);
    Ok(select.filter(source::Column::Id.eq(id)).one(conn).await?)
}

/// The source, held until the write is over.
pub(super) async fn source_held(tx: &Write, id: WebhookSourceId) -> Result<Option<source::Model>> {
    let select = source::Entity::within(Scope::Everyone).filter(source::Column::Id.eq(id));
    Ok(select.lock_exclusive().one(tx).await?)
}

pub(super) async fn sources(
    conn: &impl ConnectionTrait,
    page: Request,
) -> Result<Page<source::Model>> {
    let select = source::Entity::within(Scope::Everyone);
    let place = |row: &source::Model| Place {
        time: row.created_at,
        id: row.id.0,
    };
    let keys = (source::Column::CreatedAt, source::Column::Id);
    page.page(conn, select, keys, Order::Newest, "webhook sources", place)
        .await
}

pub(super) async fn insert_source(tx: &Write, row: source::Model) -> Result<()> {
    tx.insert_all::<source::Entity>([row]).await.map(drop)
}

/// Put down a changed source, which the caller holds.
pub(super) async fn update_source(tx: &Write, row: &source::Model) -> Result<()> {
    tx.update(row).await
}

pub(super) async fn delete_source(tx: &Write, id: WebhookSourceId) -> Result<()> {
    source::Entity::delete_by_id(id).exec(tx).await?;
    Ok(())
}

/// Keep an event, unless one of its source and id is kept; tells that one's id.
pub(super) async fn insert_once(
    tx: &Write,
    row: inbound_event::Model,
) -> Result<Option<InboundEventId>> {
    use inbound_event::Column;
    let (source, external_id) = (row.source.clone(), row.external_id.clone());
    let inserted = inbound_event::Entity::insert(row.into_active_model().reset_all())
        .on_conflict_do_nothing_on([Column::Source, Column::ExternalId])
        .exec_without_returning(tx)
        .await?;
    if matches!(inserted, TryInsertResult::Inserted(1..)) {
        return Ok(None);
    }
    let known: Option<InboundEventId> = inbound_event::Entity::within(Scope::Everyone)
        .select_only()
        .column(Column::Id)
        .filter(Column::Source.eq(source))
        .filter(Column::ExternalId.eq(external_id))
        .into_tuple()
        .one(tx)
        .await?;
    Ok(known)
}

/// The event that has waited longest, held until the write is over. One that another process handles
/// just now is passed over.
pub(super) async fn next(tx: &Write) -> Result<Option<inbound_event::Model>> {
    use inbound_event::Column;
    let select = inbound_event::Entity::within(Scope::Everyone)
        .filter(Column::State.eq(InboundEventState::Received))
        .order_by_asc(Column::CreatedAt)
        .order_by_asc(Column::Id)
        .limit(1)
        .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked);
    Ok(select.one(tx).await?)
}

/// Whether an event waits.
pub(super) async fn waits(conn: &impl ConnectionTrait) -> Result<bool> {
    use inbound_event::Column;
    let found: Option<InboundEventId> = inbound_event::Entity::within(Scope::Everyone)
        .select_only()
        .column(Column::Id)
        .filter(Column::State.eq(InboundEventState::Received))
        .limit(1)
        .into_tuple()
        .one(conn)
        .await?;
    Ok(found.is_some())
}

/// Say what became of an event that waits.
pub(super) async fn settle(
    tx: &Write,
    id: InboundEventId,
    state: InboundEventState,
    error: Option<String>,
) -> Result<()> {
    let change = inbound_event::ActiveModel {
        id: Set(id),
        state: Set(state),
        error: Set(error),
        processed_at: Set(Some(tx.now)),
        updated_at: Set(tx.now),
        ..Default::default()
    };
    change.update(tx).await?;
    Ok(())
}
