//! Every query of settings, their history, and the revision that they share with flags.

use entity::configuration::{revision, setting, setting_history};
use entity::{Scope, Scoped};
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
};

use super::name::{EVERYWHERE, Name};
use crate::error::{Error, Result};
use crate::page::{Order, Page, Place, Request};
use crate::write::Write;

/// Count one more write of settings or flags, and tell which it is. Whoever comes to write waits here
/// until the write before is over: what is read afterwards stays as it was read.
pub(super) async fn raise(tx: &Write) -> Result<i64> {
    use revision::{Column, Entity};
    let first = revision::Model {
        id: Entity::ID,
        revision: 1,
        created_at: tx.now,
        updated_at: tx.now,
    };
    let more = Expr::col((Entity, Column::Revision)).add(1);
    let raised = OnConflict::column(Column::Id)
        .value(Column::Revision, more)
        .update_column(Column::UpdatedAt)
        .to_owned();
    tx.merge_all::<Entity>([first], &raised).await?;
    let row = Entity::find_by_id(Entity::ID).one(tx).await?;
    let row = row.ok_or_else(|| Error::internal("the revision was written a moment ago"))?;
    Ok(row.revision)
}

/// How often settings and flags were written so far.
pub(super) async fn revision(conn: &impl ConnectionTrait) -> Result<i64> {
    let row = revision::Entity::find_by_id(revision::Entity::ID)
        .one(conn)
        .await?;
    Ok(row.map_or(0, |row| row.revision))
}

/// The settings that hold in `environment`.
pub(super) async fn holding(
    conn: &impl ConnectionTrait,
    environment: &str,
) -> Result<Vec<setting::Model>> {
    let select = setting::Entity::within(Scope::Everyone)
        .filter(setting::Column::Environment.is_in([environment, EVERYWHERE]))
        .filter(setting::Column::IsActive.eq(true));
    Ok(select.all(conn).await?)
}

/// Every setting there is, with these keys where they are named.
pub(super) async fn settings(
    conn: &impl ConnectionTrait,
    keys: Option<&[String]>,
) -> Result<Vec<setting::Model>> {
    let mut select = setting::Entity::within(Scope::Everyone);
    if let Some(keys) = keys {
        select = select.filter(setting::Column::Key.is_in(keys));
    }
    Ok(select
        .order_by_asc(setting::Column::Key)
        .order_by_asc(setting::Column::Environment)
        .all(conn)
        .await?)
}

/// The keys that settings have.
pub(super) async fn keys(conn: &impl ConnectionTrait) -> Result<Vec<String>> {
    let select = setting::Entity::within(Scope::Everyone)
        .select_only()
        .column(setting::Column::Key)
        .distinct();
    Ok(select.into_tuple().all(conn).await?)
}

pub(super) async fn setting(
    conn: &impl ConnectionTrait,
    name: &Name,
) -> Result<Option<setting::Model>> {
    let select = setting::Entity::within(Scope::Everyone)
        .filter(setting::Column::Key.eq(&name.key))
        .filter(setting::Column::Environment.eq(&name.environment));
    Ok(select.one(conn).await?)
}

pub(super) async fn count(tx: &Write) -> Result<u64> {
    Ok(setting::Entity::within(Scope::Everyone).count(tx).await?)
}

pub(super) async fn insert(tx: &Write, row: setting::Model) -> Result<()> {
    tx.insert(row).await
}

pub(super) async fn update(tx: &Write, row: &setting::Model) -> Result<()> {
    tx.update(row).await
}

pub(super) async fn delete(tx: &Write, row: &setting::Model) -> Result<()> {
    setting::Entity::delete_by_id(row.id).exec(tx).await?;
    Ok(())
}

pub(super) async fn put_history(tx: &Write, entry: setting_history::Model) -> Result<()> {
    tx.insert(entry).await
}

/// The last version that a setting of this name has had; none where it never was.
pub(super) async fn last_version(conn: &impl ConnectionTrait, name: &Name) -> Result<Option<i64>> {
    let select = setting_history::Entity::within(Scope::Everyone)
        .filter(setting_history::Column::Key.eq(&name.key))
        .filter(setting_history::Column::Environment.eq(&name.environment))
        .order_by_desc(setting_history::Column::Version);
    Ok(select.one(conn).await?.map(|row| row.version))
}

/// One page of a setting's history, the last write first.
pub(super) async fn history(
    conn: &impl ConnectionTrait,
    name: &Name,
    page: Request,
) -> Result<Page<setting_history::Model>> {
    use setting_history::Column;
    let select = setting_history::Entity::within(Scope::Everyone)
        .filter(Column::Key.eq(&name.key))
        .filter(Column::Environment.eq(&name.environment));
    let list = format!("history of {name:?}");
    let place = |row: &setting_history::Model| Place {
        time: row.created_at,
        id: row.id.0,
    };
    let keys = (Column::CreatedAt, Column::Id);
    page.page(conn, select, keys, Order::Newest, &list, place)
        .await
}
