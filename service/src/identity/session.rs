//! Sessions: signing in and out.

use std::fmt;

use entity::id::SessionId;
use entity::identity::{session, user};
use secrecy::SecretString;

use super::email::EmailAddress;
use super::error::Error;
use super::password::Passwords;
use super::seen::{Seen, note};
use super::{login, store};
use crate::actor::{Actor, Grant};
use crate::ctx::Ctx;
use crate::error::Result;
use crate::page::{Page, Request};
use crate::secret::{fingerprint, token};
use crate::signal::Signal;
use crate::write::Write;

/// What signing in takes.
#[derive(Clone, Debug)]
pub struct SignIn {
    /// The e-mail address.
    pub email: String,
    /// The password.
    pub password: SecretString,
    /// What the client calls itself.
    pub user_agent: Option<String>,
}

/// What signing in gives.
pub struct SignedIn {
    /// The person.
    pub user: user::Model,
    /// The session.
    pub session: session::Model,
    /// Its token: told once, kept as a hash.
    pub token: String,
}

impl fmt::Debug for SignedIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignedIn")
            .field("user", &self.user.id)
            .finish_non_exhaustive()
    }
}

/// Sign in with an e-mail address and a password. Every failure gives the same answer after the
/// same work; too many give a wait. The session that the caller is in, whosever it is, ends: a token
/// from before is worth nothing after.
pub async fn sign_in(ctx: &Ctx, input: SignIn) -> Result<SignedIn> {
    let services = &ctx.services;
    let email = EmailAddress::new(&input.email).ok();
    let account = fingerprint(
        email
            .as_ref()
            .map_or(&input.email, |email| &email.key)
            .as_bytes(),
    );
    let address = ctx
        .request
        .address
        .map(|address| address.to_string())
        .unwrap_or_default();
    let turn = services.sign_ins.take(&account, &address).await;
    let now = ctx.now();

    let reader = ctx.read()?;
    let failures = store::failures(&reader, &account, &address, login::since(now)).await?;
    if let Some((limit, wait)) = login::wait(&failures, &account, &address, now) {
        return Err(Error::TooManyFailures { limit, wait }.into());
    }
    let user = match &email {
        Some(email) => store::user_by_email(&reader, &email.key).await?,
        None => None,
    };
    let stored = user.as_ref().and_then(|user| user.password_hash.as_deref());
    let good = services.passwords.verify(&input.password, stored).await?;
    let user = user.filter(|user| good && user.status == user::UserStatus::Active);
    let Some(user) = user else {
        // Not the request's effect: the refused request may be sent again under its key.
        let tx = ctx.unkeyed().write().await?;
        store::count_failure(&tx, &account, &address, login::window(now)).await?;
        tx.commit().await?;
        return Err(Error::BadCredentials.into());
    };
    drop(turn);

    let renewed = if stored_outdated(&user) {
        Some(rehash(ctx, &input.password).await?)
    } else {
        None
    };
    let tx = ctx.write().await?;
    // The password may have been reset, or the account suspended, since it was looked at.
    let now = store::user_held(&tx, user.id).await?;
    if (&now.password_hash, now.status) != (&user.password_hash, user.status) {
        return Err(Error::BadCredentials.into());
    }
    if let Some(hash) = renewed {
        store::renew_hash(&tx, user.id, hash).await?;
    }
    begin(ctx, tx, user, "password", input.user_agent).await
}

/// Begin a session for `user`, who came in by `method`, and commit. The session that the caller is
/// in ends.
pub(super) async fn begin(
    ctx: &Ctx,
    tx: Write,
    mut user: user::Model,
    method: &str,
    user_agent: Option<String>,
) -> Result<SignedIn> {
    let services = &ctx.services;
    let token = token(&*services.chance);
    let session = session::Model {
        id: tx.fresh(),
        user_id: user.id,
        token_hash: fingerprint(token.as_bytes()),
        method: method.to_owned(),
        user_agent: user_agent.map(|agent| agent.chars().take(255).collect()),
        ip: ctx.request.address.map(|address| address.to_string()),
        last_seen_at: tx.now,
        expires_at: tx.now + ctx.settings().session_lifetime,
        revoked_at: None,
        created_at: tx.now,
        updated_at: tx.now,
    };
    store::insert_session(&tx, session.clone()).await?;
    if let Actor::User { id, session, .. } = ctx.actor {
        store::end_sessions(&tx, id, Some(session)).await?;
        tx.signal(Signal::SessionRevoked(session));
    }
    user.last_login = Some(tx.now);
    tx.commit().await?;
    note(services, Seen::Login(user.id));
    Ok(SignedIn {
        user,
        session,
        token,
    })
}

fn stored_outdated(user: &user::Model) -> bool {
    user.password_hash
        .as_deref()
        .is_some_and(Passwords::is_outdated)
}

async fn rehash(ctx: &Ctx, password: &SecretString) -> Result<String> {
    use secrecy::ExposeSecret;
    let services = &ctx.services;
    match super::Password::new(password.expose_secret()) {
        Ok(password) => services.passwords.hash(&*services.chance, &password).await,
        Err(refusal) => Err(refusal.into()),
    }
}

/// End the caller's own session.
pub async fn sign_out(ctx: &Ctx) -> Result<()> {
    match ctx.actor {
        Actor::User { session, .. } => revoke_session(ctx, session).await,
        _ => Err(crate::error::Common::Unauthenticated.into()),
    }
}

/// The caller's open sessions, the newest first.
pub async fn sessions(ctx: &Ctx, page: Request) -> Result<Page<session::Model>> {
    ctx.actor.need(Grant::Read)?;
    store::sessions(&ctx.read()?, ctx.actor.person()?, ctx.now(), page).await
}

/// End one of the caller's sessions.
pub async fn revoke_session(ctx: &Ctx, id: SessionId) -> Result<()> {
    ctx.actor.need(Grant::Write)?;
    let user = ctx.actor.person()?;
    let tx = ctx.write().await?;
    if store::end_sessions(&tx, user, Some(id)).await?.is_empty() {
        return Err(Error::SessionNotFound.into());
    }
    tx.signal(Signal::SessionRevoked(id));
    tx.commit().await
}
