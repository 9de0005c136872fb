//! Accounts: making, reading, removing them.

use entity::id::UserId;
use entity::identity::user::{self, UserRole, UserStatus};

use super::email::EmailAddress;
use super::error::Error;
use super::password::Password;
use super::store;
use crate::actor::Grant;
use crate::audit;
use crate::conversation;
use crate::ctx::Ctx;
use crate::error::Result;
use crate::signal::Signal;
use crate::upload;

/// What making an account takes.
#[derive(Clone, Debug)]
pub struct NewUser {
    /// The e-mail address.
    pub email: EmailAddress,
    /// What to call them.
    pub name: Option<String>,
    /// The password, when they sign in with one.
    pub password: Option<Password>,
    /// What they may do.
    pub role: UserRole,
}

/// Make an account. Only admins and the command line may.
pub async fn create_user(ctx: &Ctx, new: NewUser) -> Result<user::Model> {
    ctx.actor.need_admin()?;
    let name = new
        .name
        .as_deref()
        .map(str::trim)
        .filter(|name| !name.is_empty());
    if name.is_some_and(|name| name.chars().count() > 255 || name.contains('\0')) {
        return Err(Error::field("/name", "is longer than 255 characters").into());
    }
    let services = &ctx.services;
    let password_hash = match &new.password {
        Some(password) => Some(services.passwords.hash(&*services.chance, password).await?),
        None => None,
    };
    let tx = ctx.write().await?;
    let row = user::Model {
        id: tx.fresh(),
        email: Some(new.email.text),
        email_key: Some(new.email.key),
        name: name.map(str::to_owned),
        password_hash,
        role: new.role,
        status: UserStatus::Active,
        last_login: None,
        version: 1,
        created_at: tx.now,
        updated_at: tx.now,
    };
    store::insert_user(&tx, row.clone()).await?;
    let after = serde_json::json!({ "email": row.email, "name": row.name, "role": row.role });
    audit::record(
        &tx,
        audit::Entry {
            action: "user.create",
            resource_type: "user",
            resource_id: row.id.to_string(),
            before: None,
            after: Some(after),
        },
    )
    .await?;
    tx.commit().await?;
    Ok(row)
}

/// The caller's own account.
pub async fn me(ctx: &Ctx) -> Result<user::Model> {
    ctx.actor.need(Grant::Read)?;
    let id = ctx.actor.person()?;
    let found = store::user(&ctx.read()?, entity::Scope::Owner(id), id).await?;
    found.ok_or_else(|| Error::UserNotFound.into())
}

/// One account within the caller's sight.
pub async fn user(ctx: &Ctx, id: UserId) -> Result<user::Model> {
    let scope = ctx.actor.reads()?;
    let found = store::user(&ctx.read()?, scope, id).await?;
    found.ok_or_else(|| Error::UserNotFound.into())
}

/// Give an account a new password and end its sessions.
pub async fn reset_password(ctx: &Ctx, email: &EmailAddress, password: &Password) -> Result<()> {
    ctx.actor.need_admin()?;
    let services = &ctx.services;
    let hash = services.passwords.hash(&*services.chance, password).await?;
    let tx = ctx.write().await?;
    let Some(user) = store::user_by_email(&tx, &email.key).await? else {
        return Err(Error::UserNotFound.into());
    };
    store::update_password(&tx, &user, hash).await?;
    store::end_sessions(&tx, user.id, None).await?;
    record(&tx, "user.reset_password", user.id).await?;
    tx.signal(Signal::UserChanged(user.id));
    tx.commit().await
}

/// Suspend an account, or let it act again. A suspended person's sessions end, and their keys are
/// dead for as long as they are suspended.
pub async fn set_status(ctx: &Ctx, id: UserId, status: UserStatus) -> Result<user::Model> {
    ctx.actor.need_admin()?;
    let tx = ctx.write().await?;
    let user = store::user_held(&tx, id).await?;
    if user.status == status {
        return Ok(user);
    }
    let changed = store::update_status(&tx, &user, status).await?;
    if status == UserStatus::Suspended {
        store::end_sessions(&tx, id, None).await?;
    }
    audit::record(
        &tx,
        audit::Entry {
            action: "user.set_status",
            resource_type: "user",
            resource_id: id.to_string(),
            before: Some(serde_json::json!({ "status": user.status })),
            after: Some(serde_json::json!({ "status": status })),
        },
    )
    .await?;
    tx.signal(Signal::UserChanged(id));
    tx.commit().await?;
    Ok(changed)
}

/// Remove an account with everything that is its own. The audit log keeps the id.
pub async fn delete_user(ctx: &Ctx, id: UserId) -> Result<()> {
    ctx.actor.need_admin()?;
    let tx = ctx.write().await?;
    // No foreign key leads from a thread to its owner, so the threads go by hand.
    conversation::delete_of_person(&tx, id).await?;
    upload::discard_of_person(&tx, id).await?;
    if !store::delete_user(&tx, id).await? {
        return Err(Error::UserNotFound.into());
    }
    record(&tx, "user.delete", id).await?;
    tx.signal(Signal::UserChanged(id));
    tx.commit().await
}

async fn record(tx: &crate::write::Write, action: &'static str, id: UserId) -> Result<()> {
    let resource_id = id.to_string();
    let entry = audit::Entry {
        action,
        resource_type: "user",
        resource_id,
        before: None,
        after: None,
    };
    audit::record(tx, entry).await
}
