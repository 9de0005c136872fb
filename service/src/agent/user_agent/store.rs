//! Every query of people's agents.

use chrono::{DateTime, Utc};
use entity::agent::user_agent::{Column, Entity, Model};
use entity::id::{UserAgentId, UserId};
use entity::{Scope, Scoped};
use sea_orm::sea_query::{Expr, ExprTrait, NullOrdering};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, Order as Direction, PaginatorTrait,
    QueryFilter, QueryOrder, QuerySelect,
};
use uuid::Uuid;

use super::AgentFilter;
use crate::agent::error::Error;
use crate::error::{Common, Result};
use crate::page::{self, Order, Page, Request};
use crate::write::Write;

/// How many agents the person has.
pub(super) async fn count(conn: &impl ConnectionTrait, user: UserId) -> Result<i64> {
    let own = Entity::within(Scope::Owner(user)).count(conn).await?;
    Ok(i64::try_from(own).unwrap_or(i64::MAX))
}

pub(super) async fn agent(
    conn: &impl ConnectionTrait,
    scope: Scope,
    id: UserAgentId,
) -> Result<Model> {
    let select = Entity::within(scope).filter(Column::Id.eq(id));
    let found = select.one(conn).await?;
    found.ok_or_else(|| Error::AgentNotFound(id).into())
}

/// The agent, held until the write is over.
pub(in crate::agent) async fn agent_held(
    tx: &Write,
    scope: Scope,
    id: UserAgentId,
) -> Result<Model> {
    let select = Entity::within(scope).filter(Column::Id.eq(id));
    let found = select.lock_exclusive().one(tx).await?;
    found.ok_or_else(|| Error::AgentNotFound(id).into())
}

/// The agent that an execution is of.
pub(in crate::agent) async fn named(
    conn: &impl ConnectionTrait,
    id: UserAgentId,
) -> Result<Option<Model>> {
    let select = Entity::within(Scope::Everyone).filter(Column::Id.eq(id));
    Ok(select.one(conn).await?)
}

/// Where an agent stands in the list: favourite, last used, made, id.
type Edge = (bool, Option<DateTime<Utc>>, DateTime<Utc>, Uuid);

fn seal(list: &str, row: &Model) -> String {
    let time = |time: DateTime<Utc>| time.timestamp_micros().to_be_bytes();
    let used = row.last_used.map(time).unwrap_or_default();
    let flags = [u8::from(row.is_favorite), u8::from(row.last_used.is_some())];
    let place = [
        &flags[..],
        &used,
        &time(row.created_at),
        row.id.0.as_bytes(),
    ]
    .concat();
    page::seal_bytes(list, Order::Newest, &place)
}

fn open(list: &str, cursor: &str) -> Result<Edge> {
    let bytes: [u8; 34] = page::open_bytes(list, Order::Newest, cursor)?;
    let read = || {
        let used = match bytes[1] {
            0 => None,
            _ => Some(page::moment(&bytes[2..10])?),
        };
        let id = Uuid::from_slice(&bytes[18..]).ok()?;
        Some((bytes[0] != 0, used, page::moment(&bytes[10..18])?, id))
    };
    read().ok_or_else(|| Common::Cursor.into())
}

/// The rows behind `edge`: those used earlier or never, else those made earlier; and behind the
/// favourites all others.
fn behind((favorite, used, made, id): Edge) -> Condition {
    let row = Expr::tuple([Expr::col(Column::CreatedAt), Expr::col(Column::Id)]);
    let older = row.lt(Expr::tuple([Expr::val(made), Expr::val(id)]));
    let within = match used {
        None => Condition::all().add(Column::LastUsed.is_null()).add(older),
        Some(used) => Condition::any()
            .add(Column::LastUsed.lt(used))
            .add(Column::LastUsed.is_null())
            .add(Condition::all().add(Column::LastUsed.eq(used)).add(older)),
    };
    let same = Condition::all()
        .add(Column::IsFavorite.eq(favorite))
        .add(within);
    if favorite {
        Condition::any().add(Column::IsFavorite.eq(false)).add(same)
    } else {
        same
    }
}

pub(super) async fn agents(
    conn: &impl ConnectionTrait,
    scope: Scope,
    user: UserId,
    filter: &AgentFilter,
    page: &Request,
) -> Result<Page<Model>> {
    let limit = page.limit()?;
    let list = format!("agents {scope:?} {user} {filter:?}");
    let mut select = Entity::within(scope).filter(Column::UserId.eq(user));
    if let Some(is_active) = filter.is_active {
        select = select.filter(Column::IsActive.eq(is_active));
    }
    if let Some(category) = &filter.category {
        select = select.filter(Column::Category.eq(category));
    }
    let total = page.total(conn, &select).await?;
    if let Some(cursor) = &page.after {
        select = select.filter(behind(open(&list, cursor)?));
    }
    let rows = select
        .order_by_desc(Column::IsFavorite)
        .order_by_with_nulls(Column::LastUsed, Direction::Desc, NullOrdering::Last)
        .order_by_desc(Column::CreatedAt)
        .order_by_desc(Column::Id)
        .limit(limit + 1)
        .all(conn)
        .await?;
    Ok(Page::cut(rows, limit, total, |last| seal(&list, last)))
}

pub(super) async fn insert(tx: &Write, row: Model) -> Result<()> {
    tx.insert(row).await
}

pub(super) async fn update(tx: &Write, row: &Model) -> Result<()> {
    tx.update(row).await
}

/// Count one more execution of an agent that is held.
pub(in crate::agent) async fn executed(tx: &Write, mut row: Model) -> Result<()> {
    row.execution_count += 1;
    row.last_used = Some(tx.now);
    row.version += 1;
    row.updated_at = tx.now;
    update(tx, &row).await
}

pub(super) async fn delete(tx: &Write, id: UserAgentId) -> Result<()> {
    Entity::delete_by_id(id).exec(tx).await?;
    Ok(())
}
