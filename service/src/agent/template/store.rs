//! Every query of the templates.

use entity::agent::template::{Column, Entity, Model};
use entity::id::AgentTemplateId;
use entity::{Scope, Scoped};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::TemplateFilter;
use crate::agent::error::Error;
use crate::error::{Common, Result};
use crate::page::{self, Order, Page, Request};
use crate::write::Write;

pub(super) async fn templates(
    conn: &impl ConnectionTrait,
    filter: &TemplateFilter,
    page: &Request,
) -> Result<Page<Model>> {
    let limit = page.limit()?;
    let list = format!("templates {filter:?}");
    let mut select = Entity::within(Scope::Everyone);
    if let Some(category) = &filter.category {
        select = select.filter(Column::Category.eq(category));
    }
    if let Some(is_active) = filter.is_active {
        select = select.filter(Column::IsActive.eq(is_active));
    }
    let total = page.total(conn, &select).await?;
    if let Some(cursor) = &page.after {
        let bytes: [u8; 24] = page::open_bytes(&list, Order::Newest, cursor)?;
        let (count, id) = bytes.split_at(8);
        let (Ok(count), Ok(id)) = (count.try_into(), Uuid::from_slice(id)) else {
            return Err(Common::Cursor.into());
        };
        let row = Expr::tuple([Expr::col(Column::UsageCount), Expr::col(Column::Id)]);
        let edge = Expr::tuple([Expr::val(i64::from_be_bytes(count)), Expr::val(id)]);
        select = select.filter(row.lt(edge));
    }
    let rows = select
        .order_by_desc(Column::UsageCount)
        .order_by_desc(Column::Id)
        .limit(limit + 1)
        .all(conn)
        .await?;
    Ok(Page::cut(rows, limit, total, |last| {
        let place = [&last.usage_count.to_be_bytes()[..], last.id.0.as_bytes()].concat();
        page::seal_bytes(&list, Order::Newest, &place)
    }))
}

/// Those of the templates that are there.
pub(in crate::agent) async fn named(
    conn: &impl ConnectionTrait,
    ids: &[AgentTemplateId],
) -> Result<Vec<Model>> {
    let select = Entity::within(Scope::Everyone).filter(Column::Id.is_in(ids.iter().copied()));
    Ok(select.all(conn).await?)
}

/// The template, when agents may be made from it.
pub(in crate::agent) async fn offered(
    conn: &impl ConnectionTrait,
    id: AgentTemplateId,
) -> Result<Model> {
    let found = named(conn, &[id]).await?.pop();
    found
        .filter(|template| template.is_active)
        .ok_or_else(|| Error::TemplateNotFound(id).into())
}

/// The template, held until the write is over.
pub(super) async fn held(tx: &Write, id: AgentTemplateId) -> Result<Model> {
    let select = Entity::within(Scope::Everyone).filter(Column::Id.eq(id));
    let found = select.lock_exclusive().one(tx).await?;
    found.ok_or_else(|| Error::TemplateNotFound(id).into())
}

pub(super) async fn insert(tx: &Write, row: Model) -> Result<()> {
    tx.insert(row).await
}

pub(super) async fn update(tx: &Write, row: &Model) -> Result<()> {
    tx.update(row).await
}

/// Count one more execution. The version stays: it is that of what admins write.
pub(in crate::agent) async fn used(tx: &Write, id: AgentTemplateId) -> Result<()> {
    Entity::update_many()
        .col_expr(
            Column::UsageCount,
            Expr::col((Entity, Column::UsageCount)).add(1),
        )
        .col_expr(Column::UpdatedAt, Expr::val(tx.now))
        .filter(Column::Id.eq(id))
        .exec(tx)
        .await?;
    Ok(())
}

pub(super) async fn delete(tx: &Write, id: AgentTemplateId) -> Result<()> {
    Entity::delete_by_id(id).exec(tx).await?;
    Ok(())
}
