//! Every query of the identities that others vouch for.

use entity::id::{UserId, UserIdentityId};
use entity::identity::user_identity::{Column, Entity, Model};
use entity::{Scope, Scoped};
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter,
};

use crate::error::Result;
use crate::page::{Order, Page, Place, Request};
use crate::write::Write;

pub(super) async fn identity(
    conn: &impl ConnectionTrait,
    provider: &str,
    subject: &str,
) -> Result<Option<Model>> {
    let found = Entity::within(Scope::Everyone)
        .filter(Column::Provider.eq(provider))
        .filter(Column::Subject.eq(subject))
        .one(conn)
        .await?;
    Ok(found)
}

/// All of a person's.
pub(super) async fn of_person(tx: &Write, user: UserId) -> Result<Vec<Model>> {
    Ok(Entity::within(Scope::Owner(user)).all(tx).await?)
}

pub(super) async fn identities(
    conn: &impl ConnectionTrait,
    user: UserId,
    page: Request,
) -> Result<Page<Model>> {
    let place = |row: &Model| Place {
        time: row.created_at,
        id: row.id.0,
    };
    let own = Entity::within(Scope::Owner(user));
    let (list, keys) = (
        format!("identities {user}"),
        (Column::CreatedAt, Column::Id),
    );
    page.page(conn, own, keys, Order::Newest, &list, place)
        .await
}

/// Whether it was there to be had: somebody may have it.
pub(super) async fn insert(tx: &Write, row: Model) -> Result<bool> {
    let free = OnConflict::columns([Column::Provider, Column::Subject])
        .do_nothing()
        .to_owned();
    let inserted = Entity::insert(row.into_active_model().reset_all())
        .on_conflict(free)
        .exec_without_returning(tx)
        .await;
    match inserted {
        Ok(rows) => Ok(rows > 0),
        Err(sea_orm::DbErr::RecordNotInserted) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Note that the person came in by it.
pub(super) async fn touch(tx: &Write, id: UserIdentityId) -> Result<()> {
    Entity::update_many()
        .col_expr(Column::LastUsedAt, Expr::val(tx.now))
        .col_expr(Column::UpdatedAt, Expr::val(tx.now))
        .filter(Column::Id.eq(id))
        .exec(tx)
        .await?;
    Ok(())
}

pub(super) async fn delete(tx: &Write, id: UserIdentityId) -> Result<()> {
    Entity::delete_by_id(id).exec(tx).await?;
    Ok(())
}
