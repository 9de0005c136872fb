//! Every query of the identity domain.

use chrono::{DateTime, Utc};
use entity::id::{ApiKeyId, SessionId, UserId};
use entity::identity::user::UserStatus;
use entity::identity::{api_key, login_failure, profile, session, user};
use entity::{Scope, Scoped};
use sea_orm::sea_query::{Expr, ExprTrait, LockBehavior, LockType, OnConflict, SimpleExpr};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter,
    QueryOrder, QuerySelect, QueryTrait, Set,
};

use super::error::Error;
use crate::error::Result;
use crate::page::{Order, Page, Place, Request};
use crate::write::Write;

pub(super) async fn user(
    conn: &impl ConnectionTrait,
    scope: Scope,
    id: UserId,
) -> Result<Option<user::Model>> {
    Ok(user::Entity::within(scope)
        .filter(user::Column::Id.eq(id))
        .one(conn)
        .await?)
}

pub(super) async fn insert_user(tx: &Write, row: user::Model) -> Result<()> {
    let row = row.into_active_model().reset_all();
    let inserted = user::Entity::insert(row).exec_without_returning(tx).await;
    match inserted.map_err(crate::error::Error::from) {
        Err(error) if error.is_unique_violation() => Err(Error::EmailTaken.into()),
        Err(error) => Err(error),
        Ok(_) => Ok(()),
    }
}

/// Whether there was such an account.
pub(super) async fn delete_user(tx: &Write, id: UserId) -> Result<bool> {
    let done = user::Entity::delete_by_id(id).exec(tx).await?;
    Ok(done.rows_affected > 0)
}

/// Keep a password's hash that was made anew.
pub(super) async fn renew_hash(tx: &Write, id: UserId, hash: String) -> Result<()> {
    let change = user::ActiveModel {
        id: Set(id),
        password_hash: Set(Some(hash)),
        ..Default::default()
    };
    user::Entity::update(change).exec(tx).await?;
    Ok(())
}

pub(super) async fn update_password(tx: &Write, user: &user::Model, hash: String) -> Result<()> {
    let change = user::ActiveModel {
        id: Set(user.id),
        password_hash: Set(Some(hash)),
        version: Set(user.version + 1),
        updated_at: Set(tx.now),
        ..Default::default()
    };
    user::Entity::update(change).exec(tx).await?;
    Ok(())
}

/// The account, held until the write is over (`SQLite` has one writer anyway).
pub(super) async fn user_held(tx: &Write, id: UserId) -> Result<user::Model> {
    let found = user::Entity::within(Scope::Everyone)
        .filter(user::Column::Id.eq(id))
        .lock_exclusive()
        .one(tx)
        .await?;
    found.ok_or_else(|| Error::UserNotFound.into())
}

/// Hold the account, so that writes for the same person that hold it go one after another. Rows
/// that point at it are written meanwhile.
pub(crate) async fn hold(tx: &Write, id: UserId) -> Result<()> {
    let found = user::Entity::within(Scope::Everyone)
        .filter(user::Column::Id.eq(id))
        .lock(LockType::NoKeyUpdate)
        .one(tx)
        .await?;
    found.map(drop).ok_or_else(|| Error::UserNotFound.into())
}

pub(super) async fn profile(
    conn: &impl ConnectionTrait,
    user: UserId,
) -> Result<Option<profile::Model>> {
    let own = profile::Entity::within(Scope::Owner(user));
    Ok(own.order_by_asc(profile::Column::Id).one(conn).await?)
}

pub(super) async fn insert_profile(tx: &Write, row: profile::Model) -> Result<()> {
    tx.insert(row).await
}

pub(super) async fn update_profile(tx: &Write, row: &profile::Model) -> Result<()> {
    tx.update(row).await
}

pub(super) async fn update_status(
    tx: &Write,
    user: &user::Model,
    status: UserStatus,
) -> Result<user::Model> {
    let change = user::ActiveModel {
        id: Set(user.id),
        status: Set(status),
        version: Set(user.version + 1),
        updated_at: Set(tx.now),
        ..Default::default()
    };
    Ok(change.update(tx).await?)
}

pub(super) async fn user_by_email(
    conn: &impl ConnectionTrait,
    key: &str,
) -> Result<Option<user::Model>> {
    let people = user::Entity::within(Scope::Everyone);
    Ok(people
        .filter(user::Column::EmailKey.eq(key))
        .one(conn)
        .await?)
}

pub(super) async fn session_by_hash(
    conn: &impl ConnectionTrait,
    hash: &str,
) -> Result<Option<(session::Model, Option<user::Model>)>> {
    let found = session::Entity::within(Scope::Everyone)
        .filter(session::Column::TokenHash.eq(hash))
        .find_also_related(user::Entity)
        .one(conn)
        .await?;
    Ok(found)
}

pub(super) async fn session_by_id(
    conn: &impl ConnectionTrait,
    id: SessionId,
) -> Result<Option<(session::Model, Option<user::Model>)>> {
    let found = session::Entity::within(Scope::Everyone)
        .filter(session::Column::Id.eq(id))
        .find_also_related(user::Entity)
        .one(conn)
        .await?;
    Ok(found)
}

pub(super) async fn key_by_id(
    conn: &impl ConnectionTrait,
    id: ApiKeyId,
) -> Result<Option<(api_key::Model, Option<user::Model>)>> {
    let found = api_key::Entity::within(Scope::Everyone)
        .filter(api_key::Column::Id.eq(id))
        .find_also_related(user::Entity)
        .one(conn)
        .await?;
    Ok(found)
}

pub(super) async fn key_by_prefix(
    conn: &impl ConnectionTrait,
    prefix: &str,
) -> Result<Option<(api_key::Model, Option<user::Model>)>> {
    let found = api_key::Entity::within(Scope::Everyone)
        .filter(api_key::Column::Prefix.eq(prefix))
        .find_also_related(user::Entity)
        .one(conn)
        .await?;
    Ok(found)
}

pub(super) async fn sessions(
    conn: &impl ConnectionTrait,
    user: UserId,
    now: DateTime<Utc>,
    page: Request,
) -> Result<Page<session::Model>> {
    use session::Column;
    let select = session::Entity::within(Scope::Owner(user))
        .filter(Column::RevokedAt.is_null())
        .filter(Column::ExpiresAt.gt(now));
    let place = |row: &session::Model| Place {
        time: row.created_at,
        id: row.id.0,
    };
    let (list, keys) = (format!("sessions {user}"), (Column::CreatedAt, Column::Id));
    page.page(conn, select, keys, Order::Newest, &list, place)
        .await
}

pub(super) async fn keys(
    conn: &impl ConnectionTrait,
    user: UserId,
    page: Request,
) -> Result<Page<api_key::Model>> {
    use api_key::Column;
    let select = api_key::Entity::within(Scope::Owner(user));
    let place = |row: &api_key::Model| Place {
        time: row.created_at,
        id: row.id.0,
    };
    let (list, keys) = (format!("keys {user}"), (Column::CreatedAt, Column::Id));
    page.page(conn, select, keys, Order::Newest, &list, place)
        .await
}

pub(super) async fn insert_session(tx: &Write, row: session::Model) -> Result<()> {
    tx.insert(row).await
}

pub(super) async fn insert_key(tx: &Write, row: api_key::Model) -> Result<()> {
    tx.insert(row).await
}

/// End one session, or all of a person; tells how many.
pub(crate) async fn end_sessions(
    tx: &Write,
    user: UserId,
    one: Option<SessionId>,
) -> Result<Vec<SessionId>> {
    let mut update = session::Entity::update_many()
        .col_expr(session::Column::RevokedAt, Expr::val(tx.now))
        .col_expr(session::Column::UpdatedAt, Expr::val(tx.now))
        .filter(session::Column::UserId.eq(user))
        .filter(session::Column::RevokedAt.is_null());
    if let Some(one) = one {
        update = update.filter(session::Column::Id.eq(one));
    }
    let ended = update.exec_with_returning(tx).await?;
    Ok(ended.into_iter().map(|session| session.id).collect())
}

pub(super) async fn revoke_key(tx: &Write, user: UserId, id: ApiKeyId) -> Result<bool> {
    let done = api_key::Entity::update_many()
        .col_expr(api_key::Column::RevokedAt, Expr::val(tx.now))
        .col_expr(api_key::Column::UpdatedAt, Expr::val(tx.now))
        .filter(api_key::Column::Id.eq(id))
        .filter(api_key::Column::UserId.eq(user))
        .filter(api_key::Column::RevokedAt.is_null())
        .exec(tx)
        .await?;
    Ok(done.rows_affected > 0)
}

/// The failures of an account or an address since `since`.
pub(super) async fn failures(
    conn: &impl ConnectionTrait,
    account: &str,
    address: &str,
    since: DateTime<Utc>,
) -> Result<Vec<login_failure::Model>> {
    use login_failure::Column;
    let rows = login_failure::Entity::within(Scope::Everyone)
        .filter(
            Column::AccountHash
                .eq(account)
                .or(Column::Address.eq(address)),
        )
        .filter(Column::UpdatedAt.gt(since))
        .all(conn)
        .await?;
    Ok(rows)
}

/// Count one more failure of an account from an address.
pub(super) async fn count_failure(
    tx: &Write,
    account: &str,
    address: &str,
    window: DateTime<Utc>,
) -> Result<()> {
    use login_failure::Column;
    let row = login_failure::ActiveModel {
        id: Set(tx.fresh()),
        account_hash: Set(account.to_owned()),
        address: Set(address.to_owned()),
        window_start: Set(window),
        count: Set(1),
        created_at: Set(tx.now),
        updated_at: Set(tx.now),
    };
    let count = Expr::col((login_failure::Entity, Column::Count));
    login_failure::Entity::insert(row)
        .on_conflict(
            OnConflict::columns([Column::AccountHash, Column::Address, Column::WindowStart])
                .value(Column::Count, count.add(1))
                .value(Column::UpdatedAt, tx.now)
                .to_owned(),
        )
        .exec_without_returning(tx)
        .await?;
    Ok(())
}

/// Note the use of those sessions that were last used before `until`.
pub(super) async fn note_sessions(
    tx: &Write,
    ids: Vec<SessionId>,
    until: DateTime<Utc>,
) -> Result<()> {
    use session::{Column, Entity};
    let old = Column::LastSeenAt.lte(until);
    note::<Entity>(tx, Column::Id, Column::LastSeenAt, ids, old).await
}

/// Note the use of those keys that were last used before `until`.
pub(super) async fn note_keys(tx: &Write, ids: Vec<ApiKeyId>, until: DateTime<Utc>) -> Result<()> {
    use api_key::{Column, Entity};
    let old = Column::LastUsedAt
        .is_null()
        .or(Column::LastUsedAt.lte(until));
    note::<Entity>(tx, Column::Id, Column::LastUsedAt, ids, old).await
}

/// Note that those people signed in who last did before `until`.
pub(super) async fn note_logins(tx: &Write, ids: Vec<UserId>, until: DateTime<Utc>) -> Result<()> {
    use user::{Column, Entity};
    let old = Column::LastLogin.is_null().or(Column::LastLogin.lte(until));
    note::<Entity>(tx, Column::Id, Column::LastLogin, ids, old).await
}

/// Set `at` to now in those rows of `ids` that are `old`. A row that somebody is changing is left
/// out: nobody waits for it, so nobody can wait in a circle.
async fn note<E: EntityTrait>(
    tx: &Write,
    id: E::Column,
    at: E::Column,
    ids: Vec<impl Into<sea_orm::Value>>,
    old: SimpleExpr,
) -> Result<()> {
    if ids.is_empty() {
        return Ok(());
    }
    let free = E::find()
        .select_only()
        .column(id)
        .filter(id.is_in(ids))
        .filter(old)
        .lock_with_behavior(LockType::NoKeyUpdate, LockBehavior::SkipLocked)
        .into_query();
    E::update_many()
        .col_expr(at, Expr::val(tx.now))
        .filter(id.in_subquery(free))
        .exec(tx)
        .await?;
    Ok(())
}
