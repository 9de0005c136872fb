//! From a token to a caller, remembered for a few seconds.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use chrono::{DateTime, Utc};
use entity::id::{ApiKeyId, SessionId, UserId};
use entity::identity::user::{Model as User, UserRole, UserStatus};
use entity::identity::{api_key, session};
use moka::sync::Cache;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;

use super::error::Error;
use super::{seen, store};
use crate::actor::Actor;
use crate::ctx::{Ctx, Services};
use crate::error::{Common, Result};
use crate::secret::fingerprint;
use crate::settings::Settings;
use crate::signal::Signal;

/// What a request shows.
#[derive(Clone, Debug)]
pub enum Credential {
    /// A session's token.
    Session(SecretString),
    /// A key, `ck_live_<id>_<secret>`.
    Key(SecretString),
}

/// Callers that were verified a moment ago, by the hash of what they showed.
#[derive(Debug)]
pub struct Callers {
    known: Cache<String, Actor>,
    /// How often somebody was forgotten: a look-up that began before does not count after.
    forgotten: AtomicU64,
}

impl Callers {
    /// An empty memory.
    pub fn new(settings: &Settings) -> Self {
        let cache = Cache::builder()
            .max_capacity(10_000)
            .time_to_live(settings.caller_cache)
            .support_invalidation_closures();
        Self {
            known: cache.build(),
            forgotten: AtomicU64::new(0),
        }
    }

    /// Forget whom `signal` is about.
    pub fn hear(&self, signal: &Signal) {
        match *signal {
            Signal::SessionRevoked(id) => self.forget_session(id),
            Signal::KeyRevoked(id) => self.forget_key(id),
            Signal::UserChanged(id) => self.forget_user(id),
            Signal::Missed => self.forget(|_| true),
            _ => {}
        }
    }

    fn forget_session(&self, id: SessionId) {
        self.forget(move |actor| matches!(actor, Actor::User { session, .. } if *session == id));
    }

    fn forget_key(&self, id: ApiKeyId) {
        self.forget(move |actor| matches!(actor, Actor::ApiKey { id: key, .. } if *key == id));
    }

    fn forget_user(&self, id: UserId) {
        self.forget(move |actor| actor.user() == Some(id));
    }

    fn forget(&self, whom: impl Fn(&Actor) -> bool + Send + Sync + 'static) {
        self.forgotten.fetch_add(1, Ordering::SeqCst);
        // It fails only on a cache that was built without support for closures.
        let _ = self
            .known
            .invalidate_entries_if(move |_, actor| whom(actor));
    }

    /// Remember `actor`, unless somebody was forgotten since `seen`: it may have been this one.
    fn remember(&self, hash: &str, actor: Actor, seen: u64) {
        self.known.insert(hash.to_owned(), actor);
        if self.forgotten.load(Ordering::SeqCst) != seen {
            self.known.invalidate(hash);
        }
    }
}

/// Who shows `credential`, or the refusal.
pub async fn authenticate(services: &Arc<Services>, credential: &Credential) -> Result<Actor> {
    let actor = known(services, credential).await?;
    seen::note_use(services, &actor);
    Ok(actor)
}

/// Who it is that showed `credential` a while ago, by now; it does not count as a sign of life.
pub async fn still(services: &Services, credential: &Credential) -> Result<Actor> {
    known(services, credential).await
}

async fn known(services: &Services, credential: &Credential) -> Result<Actor> {
    let (Credential::Session(shown) | Credential::Key(shown)) = credential;
    let hash = fingerprint(shown.expose_secret().as_bytes());
    let callers = &services.callers;
    if let Some(actor) = callers.known.get(&hash) {
        return Ok(actor);
    }
    let seen = callers.forgotten.load(Ordering::SeqCst);
    let actor = match credential {
        Credential::Session(_) => by_session(services, &hash).await?,
        Credential::Key(shown) => by_key(services, shown).await?,
    };
    callers.remember(&hash, actor.clone(), seen);
    Ok(actor)
}

/// Who the caller of `ctx` is by now, when the request goes on for long or was made before: their
/// session or key must still stand. Refused when they are gone, or may other things than then.
pub async fn recall(ctx: &Ctx) -> Result<()> {
    let then = &ctx.actor;
    let now = match then {
        Actor::User { session, .. } => again(&ctx.services, Token::Session(*session)).await?,
        Actor::ApiKey { id, .. } => again(&ctx.services, Token::Key(*id)).await?,
        Actor::System(_) | Actor::Anonymous => return Ok(()),
    };
    // Who acts as a plain person goes on as one, whatever they are beside.
    if now.role() == then.role() || then.role() == Some(UserRole::User) {
        Ok(())
    } else {
        Err(Common::Denied.into())
    }
}

/// What a caller acted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Token {
    /// A session.
    Session(SessionId),
    /// A key.
    Key(ApiKeyId),
}

impl Token {
    /// What `actor` acts by, where it is a person or their program.
    pub fn of(actor: &Actor) -> Option<Self> {
        match actor {
            Actor::User { session, .. } => Some(Self::Session(*session)),
            Actor::ApiKey { id, .. } => Some(Self::Key(*id)),
            Actor::System(_) | Actor::Anonymous => None,
        }
    }
}

/// Who acts by `token` today, or the refusal.
pub async fn again(services: &Services, token: Token) -> Result<Actor> {
    let now = services.clock.now();
    let conn = services.db.read()?;
    match token {
        Token::Session(id) => session_actor(store::session_by_id(&conn, id).await?, now),
        Token::Key(id) => key_actor(store::key_by_id(&conn, id).await?, now),
    }
}

async fn by_session(services: &Services, hash: &str) -> Result<Actor> {
    let found = store::session_by_hash(&services.db.read()?, hash).await?;
    session_actor(found, services.clock.now())
}

fn session_actor(
    found: Option<(session::Model, Option<User>)>,
    now: DateTime<Utc>,
) -> Result<Actor> {
    match found {
        Some((session, Some(user)))
            if session.revoked_at.is_none() && session.expires_at > now && may_act(&user) =>
        {
            Ok(Actor::User {
                id: user.id,
                role: user.role,
                session: session.id,
            })
        }
        _ => Err(Error::BadToken.into()),
    }
}

async fn by_key(services: &Services, shown: &SecretString) -> Result<Actor> {
    let mut parts = shown.expose_secret().splitn(4, '_');
    let (Some("ck"), Some("live"), Some(prefix), Some(secret)) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(Error::BadToken.into());
    };
    let shown_hash = fingerprint(secret.as_bytes());
    let found = store::key_by_prefix(&services.db.read()?, prefix).await?;
    let found = found
        .filter(|(key, _)| bool::from(key.secret_hash.as_bytes().ct_eq(shown_hash.as_bytes())));
    key_actor(found, services.clock.now())
}

fn key_actor(found: Option<(api_key::Model, Option<User>)>, now: DateTime<Utc>) -> Result<Actor> {
    match found {
        Some((key, Some(user)))
            if key.revoked_at.is_none()
                && key.expires_at.is_none_or(|end| end > now)
                && may_act(&user) =>
        {
            Ok(Actor::ApiKey {
                id: key.id,
                owner: user.id,
                role: user.role,
                scopes: key.scopes,
            })
        }
        _ => Err(Error::BadToken.into()),
    }
}

fn may_act(user: &User) -> bool {
    user.status == UserStatus::Active
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_up_that_a_revocation_overtook_is_not_remembered() {
        let callers = Callers::new(&Settings::default());
        let id = UserId(uuid::Uuid::nil());
        let actor = || Actor::System("test");
        let seen = || callers.forgotten.load(Ordering::SeqCst);

        let before = seen();
        callers.hear(&Signal::UserChanged(id));
        callers.remember("late", actor(), before);
        callers.remember("fresh", actor(), seen());

        assert!(callers.known.get("late").is_none());
        assert!(callers.known.get("fresh").is_some());
    }
}
