//! Keys for programs: `ck_live_<id>_<secret>`, shown once.

use std::fmt;

use chrono::{DateTime, Utc};
use entity::id::ApiKeyId;
use entity::identity::api_key;
use entity::types::StringList;

use super::error::Error;
use super::store;
use crate::actor::{Actor, Grant};
use crate::chance::bytes;
use crate::check::Check;
use crate::ctx::Ctx;
use crate::error::{Common, Result};
use crate::page::{Page, Request};
use crate::secret::{fingerprint, token};
use crate::signal::Signal;

/// The scopes that anybody may give, and those that only an admin may.
const FREE: [&str; 2] = ["read", "write"];
const ADMINS: [&str; 3] = ["worker", "webhook", "admin:*"];

/// What making a key takes.
#[derive(Clone, Debug)]
pub struct NewKey {
    /// What to call it.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<String>,
    /// When it ends by itself.
    pub expires_at: Option<DateTime<Utc>>,
}

/// A key that was just made.
pub struct IssuedKey {
    /// The key's row.
    pub row: api_key::Model,
    /// The key itself: told once, kept as a hash.
    pub key: String,
}

impl fmt::Debug for IssuedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IssuedKey")
            .field("id", &self.row.id)
            .finish_non_exhaustive()
    }
}

/// Make a key for the caller.
pub async fn create_key(ctx: &Ctx, new: NewKey) -> Result<IssuedKey> {
    let (Actor::User { id: user, .. }, services) = (&ctx.actor, &ctx.services) else {
        return Err(match ctx.actor {
            Actor::Anonymous => Common::Unauthenticated.into(),
            _ => Error::KeysNeedSession.into(),
        });
    };
    let name = new.name.trim();
    if !(1..=255).contains(&name.chars().count()) || name.contains('\0') {
        return Err(Error::field("/name", "must have 1 to 255 characters").into());
    }
    if new.scopes.is_empty() {
        return Err(Error::field("/scopes", "must name one scope at least").into());
    }
    for scope in &new.scopes {
        let known = FREE.contains(&scope.as_str());
        if ADMINS.contains(&scope.as_str()) {
            if !ctx.actor.is_admin() {
                return Err(Error::ScopeDenied {
                    scope: scope.clone(),
                }
                .into());
            }
        } else if !known {
            let list = [&FREE[..], &ADMINS[..]].concat().join(", ");
            return Err(Error::field("/scopes", format!("knows only {list}")).into());
        }
    }
    if new.expires_at.is_some_and(|end| end <= ctx.now()) {
        return Err(Error::field("/expires_at", "lies in the past").into());
    }
    let mut check = Check::default();
    check.time("/expires_at", new.expires_at);
    check.done()?;

    let prefix = hex::encode(bytes::<8>(&*services.chance));
    let secret = token(&*services.chance);
    let tx = ctx.write().await?;
    let row = api_key::Model {
        id: tx.fresh(),
        user_id: *user,
        name: name.to_owned(),
        prefix: prefix.clone(),
        secret_hash: fingerprint(secret.as_bytes()),
        scopes: StringList(new.scopes),
        expires_at: new.expires_at,
        last_used_at: None,
        revoked_at: None,
        replaced_by: None,
        created_at: tx.now,
        updated_at: tx.now,
    };
    store::insert_key(&tx, row.clone()).await?;
    tx.commit().await?;
    Ok(IssuedKey {
        row,
        key: format!("ck_live_{prefix}_{secret}"),
    })
}

/// The caller's keys, the newest first.
pub async fn keys(ctx: &Ctx, page: Request) -> Result<Page<api_key::Model>> {
    ctx.actor.need(Grant::Read)?;
    store::keys(&ctx.read()?, ctx.actor.person()?, page).await
}

/// Revoke one of the caller's keys.
pub async fn revoke_key(ctx: &Ctx, id: ApiKeyId) -> Result<()> {
    ctx.actor.need(Grant::Write)?;
    let user = ctx.actor.person()?;
    let tx = ctx.write().await?;
    if !store::revoke_key(&tx, user, id).await? {
        return Err(Error::KeyNotFound.into());
    }
    tx.signal(Signal::KeyRevoked(id));
    tx.commit().await
}
