//! Every query of the notifications.

use chrono::{DateTime, SubsecRound as _, TimeDelta, Utc};
use entity::id::{NotificationId, UserId};
use entity::media::notification::{Column, Entity, Model};
use entity::{Scope, Scoped};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect, Select,
};

use super::error::Error;
use super::{NotificationFilter, postgres};
use crate::db::Engine;
use crate::error::Result;
use crate::page::{Order, Page, Place, Request};
use crate::write::Write;

/// The time of the next thing that a person is told: behind all that they were told before, whatever
/// the clock of the process that told them. Until the write is over nobody else gets one.
pub(crate) async fn turn(tx: &Write, user: UserId) -> Result<DateTime<Utc>> {
    if tx.engine() == Engine::Postgres {
        postgres::turn(tx, user).await?;
    }
    // Not the write's own: that was before it waited.
    let now = tx.services().clock.now().trunc_subsecs(6);
    let last = last(tx, user).await?;
    let next = last.map(|last| last.time + TimeDelta::microseconds(1));
    Ok(next.filter(|next| *next > now).unwrap_or(now))
}

/// The place of the last thing that a person was told.
pub(super) async fn last(conn: &impl ConnectionTrait, user: UserId) -> Result<Option<Place>> {
    let found: Option<(DateTime<Utc>, NotificationId)> = Entity::within(Scope::Owner(user))
        .select_only()
        .columns([Column::CreatedAt, Column::Id])
        .order_by_desc(Column::CreatedAt)
        .order_by_desc(Column::Id)
        .limit(1)
        .into_tuple()
        .one(conn)
        .await?;
    Ok(found.map(|(time, id)| Place { time, id: id.0 }))
}

pub(super) async fn insert(tx: &Write, row: Model) -> Result<()> {
    tx.insert(row).await
}

pub(super) async fn update(tx: &Write, row: &Model) -> Result<()> {
    tx.update(row).await
}

pub(super) async fn notification(
    conn: &impl ConnectionTrait,
    scope: Scope,
    id: NotificationId,
) -> Result<Model> {
    let select = Entity::within(scope).filter(Column::Id.eq(id));
    let found = select.one(conn).await?;
    found.ok_or_else(|| Error::NotFound(id).into())
}

/// The notification, held until the write is over.
pub(super) async fn held(tx: &Write, scope: Scope, id: NotificationId) -> Result<Model> {
    let select = Entity::within(scope).filter(Column::Id.eq(id));
    let found = select.lock_exclusive().one(tx).await?;
    found.ok_or_else(|| Error::NotFound(id).into())
}

pub(super) async fn notifications(
    conn: &impl ConnectionTrait,
    user: UserId,
    filter: NotificationFilter,
    page: Request,
) -> Result<Page<Model>> {
    let list = format!("notifications {user:?} {filter:?}");
    let mut select = Entity::within(Scope::Owner(user));
    if let Some(unread) = filter.unread {
        select = select.filter(Column::IsRead.eq(!unread));
    }
    if let Some(kind) = filter.kind {
        select = select.filter(Column::Kind.eq(kind));
    }
    let place = |row: &Model| Place {
        time: row.created_at,
        id: row.id.0,
    };
    let keys = (Column::CreatedAt, Column::Id);
    page.page(conn, select, keys, Order::Newest, &list, place)
        .await
}

/// How many a person has not read.
pub(super) async fn unread(conn: &impl ConnectionTrait, user: UserId) -> Result<u64> {
    let select = Entity::within(Scope::Owner(user));
    let unread = Expr::col(Column::IsRead).not();
    Ok(select.filter(unread).count(conn).await?)
}

/// Mark all that a person was told as read.
pub(super) async fn read_all(tx: &Write, user: UserId) -> Result<u64> {
    let done = Entity::update_many()
        .col_expr(Column::IsRead, Expr::val(true))
        .col_expr(Column::UpdatedAt, Expr::val(tx.now))
        .filter(Entity::visible(Scope::Owner(user)))
        .filter(Expr::col(Column::IsRead).not())
        .exec(tx)
        .await?;
    Ok(done.rows_affected)
}

/// All that a person was told.
pub(super) fn of_person(user: UserId) -> Select<Entity> {
    Entity::within(Scope::Owner(user))
}

/// The first `most` that a person was told behind `place`, in their order.
pub(super) async fn behind(
    conn: &impl ConnectionTrait,
    user: UserId,
    place: Option<Place>,
    most: u64,
) -> Result<Vec<Model>> {
    let mut select = of_person(user);
    if let Some(place) = place {
        let row = Expr::tuple([Expr::col(Column::CreatedAt), Expr::col(Column::Id)]);
        let edge = Expr::tuple([Expr::val(place.time), Expr::val(place.id)]);
        select = select.filter(row.gt(edge));
    }
    let select = select
        .order_by_asc(Column::CreatedAt)
        .order_by_asc(Column::Id);
    Ok(select.limit(most).all(conn).await?)
}
