//! Every query of the integrations.

use chrono::{DateTime, Utc};
use entity::agent::integration::{Column, Entity, IntegrationStatus, Model};
use entity::id::{IntegrationId, UserId};
use entity::{Scope, Scoped};
use sea_orm::{ColumnTrait, ConnectionTrait, QueryFilter, QueryOrder, QuerySelect};

use super::error::Error;
use crate::error::Result;
use crate::page::{Order, Page, Place, Request};
use crate::write::Write;

/// Those of `providers` that the person has connected.
pub(super) async fn connected(
    conn: &impl ConnectionTrait,
    user: UserId,
    providers: &[&str],
) -> Result<Vec<String>> {
    let rows = Entity::within(Scope::Owner(user))
        .select_only()
        .column(Column::Provider)
        .filter(Column::Status.eq(IntegrationStatus::Connected))
        .filter(Column::Provider.is_in(providers.iter().copied()))
        .into_tuple()
        .all(conn)
        .await?;
    Ok(rows)
}

pub(super) async fn integrations(
    conn: &impl ConnectionTrait,
    scope: Scope,
    user: Option<UserId>,
    page: Request,
) -> Result<Page<Model>> {
    let list = format!("integrations {scope:?} {user:?}");
    let mut select = Entity::within(scope);
    if let Some(user) = user {
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

/// The person's account at a provider, held until the write is over.
pub(super) async fn of_person(tx: &Write, user: UserId, provider: &str) -> Result<Option<Model>> {
    let found = Entity::within(Scope::Owner(user))
        .filter(Column::Provider.eq(provider))
        .lock_exclusive()
        .one(tx)
        .await?;
    Ok(found)
}

/// The account, held until the write is over.
pub(super) async fn held(tx: &Write, id: IntegrationId) -> Result<Model> {
    let select = Entity::within(Scope::Everyone).filter(Column::Id.eq(id));
    let found = select.lock_exclusive().one(tx).await?;
    found.ok_or_else(|| {
        Error::NotFound {
            provider: id.to_string(),
        }
        .into()
    })
}

/// The accounts that run out before `end`, the first to do so first.
pub(super) async fn due(
    conn: &impl ConnectionTrait,
    end: DateTime<Utc>,
    most: u64,
) -> Result<Vec<IntegrationId>> {
    let rows = Entity::within(Scope::Everyone)
        .select_only()
        .column(Column::Id)
        .filter(Column::Status.eq(IntegrationStatus::Connected))
        .filter(Column::ExpiresAt.lt(end))
        .order_by_asc(Column::ExpiresAt)
        .order_by_asc(Column::Id)
        .limit(most)
        .into_tuple()
        .all(conn)
        .await?;
    Ok(rows)
}

pub(super) async fn insert(tx: &Write, row: Model) -> Result<()> {
    tx.insert(row).await
}

pub(super) async fn update(tx: &Write, row: &Model) -> Result<()> {
    tx.update(row).await
}
