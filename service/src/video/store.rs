//! Every query of the videos.

use chrono::{DateTime, Utc};
use entity::id::VideoId;
use entity::media::video::{Column, Entity, Model, VideoStatus};
use entity::{Scope, Scoped};
use sea_orm::sea_query::{Expr, ExprTrait, Func};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select,
};

use super::VideoFilter;
use super::error::Error;
use crate::error::Result;
use crate::page::{Order, Page, Place, Request};
use crate::write::Write;

pub(super) async fn insert(tx: &Write, row: Model) -> Result<()> {
    tx.insert(row).await
}

pub(super) async fn update(tx: &Write, row: &Model) -> Result<()> {
    tx.update(row).await
}

pub(super) async fn delete(tx: &Write, id: VideoId) -> Result<()> {
    Entity::delete_by_id(id).exec(tx).await?;
    Ok(())
}

pub(super) async fn video(conn: &impl ConnectionTrait, scope: Scope, id: VideoId) -> Result<Model> {
    let select = Entity::within(scope).filter(Column::Id.eq(id));
    let found = select.one(conn).await?;
    found.ok_or_else(|| Error::NotFound(id).into())
}

/// The video, held until the write is over.
pub(super) async fn held(tx: &Write, scope: Scope, id: VideoId) -> Result<Model> {
    let found = find_held(tx, scope, id).await?;
    found.ok_or_else(|| Error::NotFound(id).into())
}

pub(super) async fn find(conn: &impl ConnectionTrait, id: VideoId) -> Result<Option<Model>> {
    let select = Entity::within(Scope::Everyone).filter(Column::Id.eq(id));
    Ok(select.one(conn).await?)
}

/// As [`held`], where it may be gone.
pub(super) async fn find_held(tx: &Write, scope: Scope, id: VideoId) -> Result<Option<Model>> {
    let select = Entity::within(scope).filter(Column::Id.eq(id));
    Ok(select.lock_exclusive().one(tx).await?)
}

/// The video of that name at the generator, held until the write is over.
pub(super) async fn named_held(tx: &Write, job_id: &str) -> Result<Option<Model>> {
    let select = Entity::within(Scope::Everyone).filter(Column::JobId.eq(job_id));
    Ok(select.lock_exclusive().one(tx).await?)
}

/// The video that the generator calls so, held until the write is over.
pub(super) async fn called_held(tx: &Write, provider: &str, id: &str) -> Result<Option<Model>> {
    Ok(called(provider, id).lock_exclusive().one(tx).await?)
}

/// Whether the generator calls another video so.
pub(super) async fn is_called(
    conn: &impl ConnectionTrait,
    provider: &str,
    id: &str,
    other_than: VideoId,
) -> Result<bool> {
    let found = called(provider, id).filter(Column::Id.ne(other_than));
    Ok(found.one(conn).await?.is_some())
}

fn called(provider: &str, id: &str) -> Select<Entity> {
    Entity::within(Scope::Everyone)
        .filter(Column::Provider.eq(provider))
        .filter(Column::ProviderJobId.eq(id))
}

pub(super) async fn videos(
    conn: &impl ConnectionTrait,
    scope: Scope,
    filter: &VideoFilter,
    page: Request,
) -> Result<Page<Model>> {
    let list = format!("videos {scope:?} {filter:?}");
    let mut select = Entity::within(scope);
    if let Some(status) = filter.status {
        select = select.filter(Column::Status.eq(status));
    }
    if let Some(nft) = &filter.nft_id {
        select = select.filter(Column::NftId.eq(nft));
    }
    if let Some(user) = filter.user {
        select = select.filter(Column::UserId.eq(user));
    }
    let keys = (Column::CreatedAt, Column::Id);
    page.page(conn, select, keys, Order::Newest, &list, place)
        .await
}

/// What everybody may watch, by the partial index of just that.
pub(super) async fn public(conn: &impl ConnectionTrait, page: Request) -> Result<Page<Model>> {
    let select = Entity::within(Scope::Everyone)
        .filter(Expr::col(Column::IsPublic))
        .filter(Column::Status.eq(VideoStatus::Completed));
    let keys = (Column::CreatedAt, Column::Id);
    page.page(conn, select, keys, Order::Newest, "videos public", place)
        .await
}

fn place(row: &Model) -> Place {
    Place {
        time: row.created_at,
        id: row.id.0,
    }
}

/// The videos that wait, at most `most`, of which nothing was heard since `end`: the oldest first.
pub(super) async fn silent(
    conn: &impl ConnectionTrait,
    end: DateTime<Utc>,
    most: u64,
) -> Result<Vec<VideoId>> {
    let heard = Func::coalesce([Expr::col(Column::SubmittedAt), Expr::col(Column::UpdatedAt)]);
    let rows = Entity::within(Scope::Everyone)
        .select_only()
        .column(Column::Id)
        .filter(Column::Status.is_in([VideoStatus::Pending, VideoStatus::Processing]))
        .filter(Expr::expr(heard).lt(end))
        .order_by_asc(Column::CreatedAt)
        .order_by_asc(Column::Id)
        .limit(most)
        .into_tuple()
        .all(conn)
        .await?;
    Ok(rows)
}
