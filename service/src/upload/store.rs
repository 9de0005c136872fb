//! Every query of files.

use chrono::{DateTime, Utc};
use entity::id::{UploadId, UserId};
use entity::identity::{profile, user};
use entity::upload::upload::{self, UploadKind, UploadStatus};
use entity::{Scope, Scoped};
use sea_orm::sea_query::{Expr, ExprTrait, LockBehavior, LockType};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};
use uuid::Uuid;

use super::error::Error;
use super::file::Filter;
use crate::error::Result;
use crate::page::{Order, Page, Place, Request};
use crate::write::Write;

pub(super) async fn upload(
    conn: &impl ConnectionTrait,
    scope: Scope,
    id: UploadId,
) -> Result<upload::Model> {
    let found = upload::Entity::within(scope)
        .filter(upload::Column::Id.eq(id))
        .one(conn)
        .await?;
    found.ok_or_else(|| Error::NotFound(id).into())
}

/// The upload, held until the write is over (`SQLite` has one writer anyway).
pub(super) async fn upload_held(tx: &Write, scope: Scope, id: UploadId) -> Result<upload::Model> {
    let select = upload::Entity::within(scope).filter(upload::Column::Id.eq(id));
    let found = select.lock_exclusive().one(tx).await?;
    found.ok_or_else(|| Error::NotFound(id).into())
}

pub(super) async fn uploads(
    conn: &impl ConnectionTrait,
    scope: Scope,
    filter: &Filter,
    page: Request,
) -> Result<Page<upload::Model>> {
    use upload::Column;
    let list = format!("uploads {scope:?} {filter:?}");
    let mut select = upload::Entity::within(scope);
    if let Some(kind) = filter.kind {
        select = select.filter(Column::Kind.eq(kind));
    }
    if let Some(status) = filter.status {
        select = select.filter(Column::Status.eq(status));
    }
    if let Some(user) = filter.user {
        select = select.filter(Column::UserId.eq(user));
    }
    let place = |upload: &upload::Model| Place {
        time: upload.created_at,
        id: upload.id.0,
    };
    let keys = (Column::CreatedAt, Column::Id);
    page.page(conn, select, keys, Order::Newest, &list, place)
        .await
}

/// Hold the person, so that two of their files do not both take the last room there is.
pub(super) async fn hold_person(tx: &Write, person: UserId) -> Result<()> {
    user::Entity::within(Scope::Everyone)
        .select_only()
        .column(user::Column::Id)
        .filter(user::Column::Id.eq(person))
        .lock_exclusive()
        .into_tuple::<Uuid>()
        .one(tx)
        .await?;
    Ok(())
}

/// How many files a person has, and how many bytes they have or are to have.
pub(super) async fn used(conn: &impl ConnectionTrait, person: UserId) -> Result<(i64, i64)> {
    let column = |column| Expr::col((upload::Entity, column));
    let used: Option<(i64, Option<i64>)> = upload::Entity::within(Scope::Owner(person))
        .select_only()
        .column_as(column(upload::Column::Id).count(), "count")
        .column_as(
            column(upload::Column::Size).sum().cast_as("bigint"),
            "bytes",
        )
        .filter(upload::Column::Status.ne(UploadStatus::Rejected))
        .into_tuple()
        .one(conn)
        .await?;
    let (count, bytes) = used.unwrap_or_default();
    Ok((count, bytes.unwrap_or_default()))
}

pub(super) async fn insert(tx: &Write, row: upload::Model) -> Result<()> {
    tx.insert(row).await
}

/// Put down a changed upload: everything but its id and beginning.
pub(super) async fn update(tx: &Write, row: &upload::Model) -> Result<()> {
    tx.update(row).await
}

/// Push the end of a writer's hold back; whether it still has it.
pub(super) async fn renew(
    tx: &Write,
    id: UploadId,
    token: Uuid,
    until: DateTime<Utc>,
) -> Result<bool> {
    let renewed = upload::Entity::update_many()
        .col_expr(upload::Column::LockUntil, Expr::val(until))
        .filter(upload::Column::Id.eq(id))
        .filter(upload::Column::LockToken.eq(token))
        .exec(tx)
        .await?;
    Ok(renewed.rows_affected == 1)
}

pub(super) async fn delete(tx: &Write, id: UploadId) -> Result<()> {
    upload::Entity::delete_by_id(id).exec(tx).await?;
    Ok(())
}

/// Let the person's profile, where there is one, show `picture` instead of what `from` allows.
pub(super) async fn show_avatar(tx: &Write, person: UserId, picture: UploadId) -> Result<()> {
    set_avatar(tx, person, None, Some(picture.to_string())).await
}

/// Let the profile that shows `picture` show none.
pub(super) async fn hide_avatar(tx: &Write, person: UserId, picture: UploadId) -> Result<()> {
    set_avatar(tx, person, Some(picture.to_string()), None).await
}

async fn set_avatar(
    tx: &Write,
    person: UserId,
    from: Option<String>,
    to: Option<String>,
) -> Result<()> {
    use profile::Column;
    let mut change = profile::Entity::update_many()
        .col_expr(Column::Avatar, Expr::val(to))
        .col_expr(
            Column::Version,
            Expr::col((profile::Entity, Column::Version)).add(1),
        )
        .col_expr(Column::UpdatedAt, Expr::val(tx.now))
        .filter(Column::UserId.eq(person));
    if let Some(from) = from {
        change = change.filter(Column::Avatar.eq(from));
    }
    change.exec(tx).await?;
    Ok(())
}

/// The keys of all that a person has.
pub(super) async fn keys_of(conn: &impl ConnectionTrait, person: UserId) -> Result<Vec<String>> {
    let keys = upload::Entity::within(Scope::Owner(person))
        .select_only()
        .column(upload::Column::StorageKey)
        .into_tuple()
        .all(conn)
        .await?;
    Ok(keys)
}

/// Some uploads whose time is over and that nobody writes to, held; one that somebody holds is left.
pub(super) async fn over(tx: &Write, most: u64) -> Result<Vec<(UploadId, String)>> {
    use upload::Column;
    let over = upload::Entity::within(Scope::Everyone)
        .select_only()
        .columns([Column::Id, Column::StorageKey])
        .filter(Column::Status.ne(UploadStatus::Complete))
        .filter(Column::ExpiresAt.lt(tx.now))
        .filter(unlocked(tx.now))
        .limit(most)
        .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked)
        .into_tuple()
        .all(tx)
        .await?;
    Ok(over)
}

pub(super) async fn delete_all(tx: &Write, ids: &[UploadId]) -> Result<()> {
    let ids = ids.iter().copied();
    upload::Entity::delete_many()
        .filter(upload::Column::Id.is_in(ids))
        .exec(tx)
        .await?;
    Ok(())
}

/// Nobody writes to it.
fn unlocked(now: DateTime<Utc>) -> Condition {
    Condition::any()
        .add(upload::Column::LockUntil.is_null())
        .add(upload::Column::LockUntil.lt(now))
}

/// Some uploads that are all here, and whose parts nobody joined.
pub(super) async fn unjoined(
    conn: &impl ConnectionTrait,
    now: DateTime<Utc>,
    most: u64,
) -> Result<Vec<upload::Model>> {
    use upload::Column;
    let column = |column| Expr::col((upload::Entity, column));
    let found = upload::Entity::within(Scope::Everyone)
        .filter(Column::Status.eq(UploadStatus::Pending))
        .filter(column(Column::Offset).eq(column(Column::Size)))
        .filter(unlocked(now))
        .limit(most)
        .all(conn)
        .await?;
    Ok(found)
}

/// The uploads that some keys belong to.
pub(super) async fn by_keys(
    conn: &impl ConnectionTrait,
    keys: Vec<String>,
) -> Result<Vec<upload::Model>> {
    let found = upload::Entity::within(Scope::Everyone)
        .filter(upload::Column::StorageKey.is_in(keys))
        .all(conn)
        .await?;
    Ok(found)
}

/// Complete uploads that were so before `before`, by id behind `after`.
pub(super) async fn complete(
    conn: &impl ConnectionTrait,
    before: DateTime<Utc>,
    after: Option<UploadId>,
    most: u64,
) -> Result<Vec<(UploadId, String)>> {
    use upload::Column;
    let mut select = upload::Entity::within(Scope::Everyone)
        .select_only()
        .columns([Column::Id, Column::StorageKey])
        .filter(Column::Status.eq(UploadStatus::Complete))
        .filter(Column::UpdatedAt.lt(before));
    if let Some(after) = after {
        select = select.filter(Column::Id.gt(after));
    }
    let found = select.order_by_asc(Column::Id).limit(most);
    Ok(found.into_tuple().all(conn).await?)
}

/// Whether some upload of this kind is a person's own and all here.
pub(super) async fn own_document(
    conn: &impl ConnectionTrait,
    person: UserId,
    id: UploadId,
) -> Result<Option<upload::Model>> {
    let found = upload::Entity::within(Scope::Owner(person))
        .filter(upload::Column::Id.eq(id))
        .filter(upload::Column::Kind.eq(UploadKind::Document))
        .one(conn)
        .await?;
    Ok(found)
}
