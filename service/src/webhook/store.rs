//! Every query of endpoints, and of what they were told.

use chrono::{DateTime, Utc};
use entity::id::{UserId, WebhookDeliveryId, WebhookEndpointId};
use entity::webhook::delivery::{self, WebhookDeliveryState};
use entity::webhook::endpoint::{self, WebhookEndpointStatus};
use entity::webhook::{attempt, message};
use entity::{Scope, Scoped};
use sea_orm::sea_query::{Expr, LockType};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect, QueryTrait,
};

use super::delivery::DeliveryFilter;
use super::endpoint::EndpointFilter;
use super::error::Error;
use crate::error::Result;
use crate::page::{Order, Page, Place, Request};
use crate::write::Write;

/// The endpoints that asked for an event of `user`'s, with whether they are told now. They cannot go
/// away before the write is over: a delivery to one that is gone would take the whole write with it.
pub(super) async fn listening(
    tx: &Write,
    user: Option<UserId>,
    event: &str,
) -> Result<Vec<(WebhookEndpointId, WebhookEndpointStatus)>> {
    use endpoint::Column;
    let house = Condition::any().add(Column::UserId.is_null());
    let whose = match user {
        Some(user) => house.add(Column::UserId.eq(user)),
        None => house,
    };
    let found = endpoint::Entity::within(Scope::Everyone)
        .filter(whose)
        .order_by_asc(Column::Id)
        .lock(LockType::KeyShare)
        .all(tx)
        .await?;
    let asked = found
        .into_iter()
        .filter(|one| one.event_types.contains(event));
    Ok(asked.map(|one| (one.id, one.status)).collect())
}

pub(super) async fn insert_message(tx: &Write, row: message::Model) -> Result<()> {
    tx.insert_all::<message::Entity>([row]).await.map(drop)
}

pub(super) async fn insert_deliveries(tx: &Write, rows: Vec<delivery::Model>) -> Result<()> {
    tx.insert_all::<delivery::Entity>(rows).await.map(drop)
}

pub(super) async fn insert_endpoint(tx: &Write, row: endpoint::Model) -> Result<()> {
    tx.insert_all::<endpoint::Entity>([row]).await.map(drop)
}

pub(super) async fn endpoint(
    conn: &impl ConnectionTrait,
    scope: Scope,
    id: WebhookEndpointId,
) -> Result<endpoint::Model> {
    let select = endpoint::Entity::within(scope).filter(endpoint::Column::Id.eq(id));
    let found = select.one(conn).await?;
    found.ok_or_else(|| Error::EndpointNotFound(id).into())
}

/// The endpoint, held until the write is over; it may still be told of events meanwhile.
pub(super) async fn endpoint_held(
    tx: &Write,
    scope: Scope,
    id: WebhookEndpointId,
) -> Result<endpoint::Model> {
    let select = endpoint::Entity::within(scope).filter(endpoint::Column::Id.eq(id));
    let found = select.lock(LockType::NoKeyUpdate).one(tx).await?;
    found.ok_or_else(|| Error::EndpointNotFound(id).into())
}

pub(super) async fn endpoints(
    conn: &impl ConnectionTrait,
    scope: Scope,
    filter: &EndpointFilter,
    page: Request,
) -> Result<Page<endpoint::Model>> {
    let list = format!("webhook endpoints {scope:?} {filter:?}");
    let mut select = endpoint::Entity::within(scope);
    if let Some(status) = filter.status {
        select = select.filter(endpoint::Column::Status.eq(status));
    }
    if let Some(user) = filter.user {
        select = select.filter(endpoint::Column::UserId.eq(user));
    }
    let place = |row: &endpoint::Model| Place {
        time: row.created_at,
        id: row.id.0,
    };
    let keys = (endpoint::Column::CreatedAt, endpoint::Column::Id);
    page.page(conn, select, keys, Order::Newest, &list, place)
        .await
}

/// How many endpoints somebody has, or the house.
pub(super) async fn count_endpoints(tx: &Write, user: Option<UserId>) -> Result<u64> {
    let whose = match user {
        Some(user) => endpoint::Column::UserId.eq(user),
        None => endpoint::Column::UserId.is_null(),
    };
    let select = endpoint::Entity::within(Scope::Everyone).filter(whose);
    Ok(select.count(tx).await?)
}

/// Hold the person, so that two of their requests are counted one after the other.
pub(super) async fn hold_person(tx: &Write, user: UserId) -> Result<()> {
    use entity::identity::user;
    let select = user::Entity::within(Scope::Everyone).filter(user::Column::Id.eq(user));
    select.lock(LockType::NoKeyUpdate).one(tx).await?;
    Ok(())
}

/// Put down a changed endpoint, which the caller holds.
pub(super) async fn update_endpoint(tx: &Write, row: &endpoint::Model) -> Result<()> {
    tx.update(row).await
}

pub(super) async fn delete_endpoint(tx: &Write, id: WebhookEndpointId) -> Result<()> {
    endpoint::Entity::delete_by_id(id).exec(tx).await?;
    Ok(())
}

pub(super) async fn delivery(
    conn: &impl ConnectionTrait,
    scope: Scope,
    id: WebhookDeliveryId,
) -> Result<(delivery::Model, message::Model)> {
    let select = delivery::Entity::within(scope).filter(delivery::Column::Id.eq(id));
    let found = select.find_also_related(message::Entity).one(conn).await?;
    match found {
        Some((delivery, Some(message))) => Ok((delivery, message)),
        _ => Err(Error::DeliveryNotFound(id).into()),
    }
}

/// The delivery, held until the write is over.
pub(super) async fn delivery_held(
    tx: &Write,
    scope: Scope,
    id: WebhookDeliveryId,
) -> Result<delivery::Model> {
    let select = delivery::Entity::within(scope).filter(delivery::Column::Id.eq(id));
    let found = select.lock(LockType::NoKeyUpdate).one(tx).await?;
    found.ok_or_else(|| Error::DeliveryNotFound(id).into())
}

pub(super) async fn deliveries(
    conn: &impl ConnectionTrait,
    scope: Scope,
    endpoint: WebhookEndpointId,
    filter: DeliveryFilter,
    page: Request,
) -> Result<Page<(delivery::Model, message::Model)>> {
    use delivery::Column;
    let list = format!("webhook deliveries {scope:?} {endpoint} {filter:?}");
    let mut select = delivery::Entity::within(scope).filter(Column::EndpointId.eq(endpoint));
    if let Some(state) = filter.state {
        select = select.filter(Column::State.eq(state));
    }
    let place = |row: &delivery::Model| Place {
        time: row.created_at,
        id: row.id.0,
    };
    let keys = (Column::CreatedAt, Column::Id);
    let page = page
        .page(conn, select, keys, Order::Newest, &list, place)
        .await?;
    let ids = page.items.iter().map(|row| row.message_id);
    let mut known = messages(conn, ids).await?;
    let mut message = |row: delivery::Model| {
        let at = known
            .iter()
            .position(|message| message.id == row.message_id)?;
        // An endpoint hears of a message once.
        Some((row, known.swap_remove(at)))
    };
    Ok(page.with(|rows| rows.into_iter().filter_map(&mut message).collect()))
}

pub(super) async fn messages(
    conn: &impl ConnectionTrait,
    ids: impl IntoIterator<Item = entity::id::WebhookMessageId>,
) -> Result<Vec<message::Model>> {
    let select = message::Entity::within(Scope::Everyone);
    let found = select
        .filter(message::Column::Id.is_in(ids))
        .all(conn)
        .await?;
    Ok(found)
}

pub(super) async fn attempts(
    conn: &impl ConnectionTrait,
    delivery: WebhookDeliveryId,
    page: Request,
) -> Result<Page<attempt::Model>> {
    let list = format!("webhook attempts {delivery}");
    let select =
        attempt::Entity::within(Scope::Everyone).filter(attempt::Column::DeliveryId.eq(delivery));
    let place = |row: &attempt::Model| Place {
        time: row.created_at,
        id: row.id.0,
    };
    let keys = (attempt::Column::CreatedAt, attempt::Column::Id);
    page.page(conn, select, keys, Order::Oldest, &list, place)
        .await
}

/// Let deliveries begin anew: the one, or those of an endpoint that failed since a moment.
pub(super) async fn begin_anew(tx: &Write, which: Which) -> Result<u64> {
    use delivery::Column;
    let which = match which {
        Which::One(id) => Condition::all().add(Column::Id.eq(id)),
        Which::Failed { endpoint, since } => Condition::all()
            .add(Column::EndpointId.eq(endpoint))
            .add(Column::State.eq(WebhookDeliveryState::Failed))
            .add(Column::CreatedAt.gte(since)),
    };
    let done = delivery::Entity::update_many()
        .col_expr(
            Column::State,
            Column::State.save_as(Expr::val(WebhookDeliveryState::Pending)),
        )
        .col_expr(Column::Attempt, Expr::val(0))
        .col_expr(Column::NextAt, Expr::val(tx.now))
        .col_expr(Column::UpdatedAt, Expr::val(tx.now))
        .filter(which)
        .exec(tx)
        .await?;
    Ok(done.rows_affected)
}

/// Which deliveries begin anew.
#[derive(Clone, Copy, Debug)]
pub(super) enum Which {
    One(WebhookDeliveryId),
    Failed {
        endpoint: WebhookEndpointId,
        since: DateTime<Utc>,
    },
}

/// Messages since a moment that concern the endpoint and that it was never told, the oldest first.
pub(super) async fn missing(
    tx: &Write,
    endpoint: &endpoint::Model,
    since: DateTime<Utc>,
    most: u64,
) -> Result<Vec<entity::id::WebhookMessageId>> {
    use message::Column;
    let told = delivery::Entity::within(Scope::Everyone)
        .select_only()
        .column(delivery::Column::MessageId)
        .filter(delivery::Column::EndpointId.eq(endpoint.id))
        .into_query();
    let mut select = message::Entity::within(Scope::Everyone)
        .select_only()
        .column(Column::Id)
        .filter(Column::CreatedAt.gte(since))
        .filter(Column::EventType.is_in(endpoint.event_types.0.iter().map(String::as_str)))
        .filter(Column::Id.not_in_subquery(told));
    if let Some(user) = endpoint.user_id {
        select = select.filter(Column::UserId.eq(user));
    }
    let found = select
        .order_by_asc(Column::CreatedAt)
        .order_by_asc(Column::Id)
        .limit(most)
        .into_tuple()
        .all(tx)
        .await?;
    Ok(found)
}
