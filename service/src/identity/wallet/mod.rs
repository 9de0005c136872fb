//! Signing in with a wallet: Sign-In With Ethereum (EIP-4361) and its like for Solana.
//!
//! We give out a nonce, good once and for five minutes; the wallet signs a message that has it and
//! says where to; who shows the signature is who owns the address. The first sight of an address
//! makes its person, once, however many requests race. A person who is signed in may link wallets.
//!
//! Not here: wallets that are contracts (EIP-1271), which only a node of their chain can ask.

mod chain;
mod message;
mod setting;
mod store;
#[cfg(test)]
mod tests;

use chrono::{DateTime, TimeDelta, Utc};
use entity::id::{UserId, UserIdentityId};
use entity::identity::auth_challenge::AuthChallengeKind;
use entity::identity::user::{self, UserRole, UserStatus};
use entity::identity::user_identity;
use serde_json::json;
use url::Url;

pub use chain::Chain;
pub use setting::{WALLET_CHAINS, WALLET_SOLANA_CHAINS};

use self::message::Message;
use super::error::Error;
use super::session::{self, SignedIn};
use super::store as people;
use crate::actor::Grant;
use crate::audit;
use crate::challenge::{self, Begun};
use crate::ctx::Ctx;
use crate::error::Result;
use crate::page::{Page, Request};
use crate::secret::hexadecimal;
use crate::write::Write;

/// How long a nonce is good.
const LIFETIME: TimeDelta = TimeDelta::minutes(5);
/// How much the clocks of two machines differ.
const SKEW: TimeDelta = TimeDelta::minutes(1);

/// What a nonce is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To sign in.
    SignIn,
    /// To link a wallet to the caller.
    Link,
}

/// What a message to sign must say.
#[derive(Clone, Debug)]
pub struct Nonce {
    /// The nonce.
    pub nonce: String,
    /// Until when it is good.
    pub expires_at: DateTime<Utc>,
    /// The chain ids that are taken of Ethereum and its like.
    pub chain_ids: Vec<i64>,
}

/// A message and its signature.
#[derive(Clone, Debug)]
pub struct Signed {
    /// The message as the wallet signed it.
    pub message: String,
    /// `0x` and 65 bytes in hexadecimal, or 64 bytes in base58.
    pub signature: String,
}

/// Give out a nonce.
pub async fn nonce(ctx: &Ctx, purpose: Purpose) -> Result<Nonce> {
    let user = match purpose {
        Purpose::SignIn => None,
        Purpose::Link => {
            ctx.actor.need(Grant::Write)?;
            Some(ctx.actor.person()?)
        }
    };
    let nonce = hexadecimal(&crate::chance::bytes::<16>(&*ctx.services.chance));
    // Not an effect that a repetition should find again: every request gets its own.
    let tx = ctx.unkeyed().write().await?;
    let begun = Begun {
        kind: AuthChallengeKind::Wallet,
        token: &nonce,
        lifetime: LIFETIME,
        user,
        provider: None,
        secret: None,
        redirect_to: None,
    };
    let expires_at = challenge::begin(&tx, begun).await?.expires_at;
    tx.commit().await?;
    Ok(Nonce {
        nonce,
        expires_at,
        chain_ids: ctx.configuration().get(&WALLET_CHAINS),
    })
}

/// Sign in with a wallet; `origin` is the address that people reach us under. The session that the
/// caller is in, whosever it is, ends.
pub async fn sign_in_with_wallet(
    ctx: &Ctx,
    origin: Option<&str>,
    signed: &Signed,
    user_agent: Option<String>,
) -> Result<SignedIn> {
    let message = verified(ctx, origin, signed)?;
    let tx = ctx.write().await?;
    use_up(&tx, &message, None).await?;
    let provider = message.chain.provider();
    let subject = message.chain.subject(&message.address);
    let person = person(&tx, provider, &subject).await?;
    if person.status != UserStatus::Active {
        return Err(refused("the account may not be used"));
    }
    session::begin(ctx, tx, person, provider, user_agent).await
}

/// Link a wallet to the caller.
pub async fn link_wallet(
    ctx: &Ctx,
    origin: Option<&str>,
    signed: &Signed,
) -> Result<user_identity::Model> {
    ctx.actor.need(Grant::Write)?;
    let user = ctx.actor.person()?;
    let message = verified(ctx, origin, signed)?;
    let tx = ctx.write().await?;
    use_up(&tx, &message, Some(user)).await?;
    let provider = message.chain.provider();
    let subject = message.chain.subject(&message.address);
    let row = identity_of(&tx, user, provider, &subject);
    if !store::insert(&tx, row.clone()).await? {
        // Somebody has it: it may be the caller.
        let known = store::identity(&tx, provider, &subject).await?;
        let own = known.filter(|known| known.user_id == user);
        let Some(own) = own else {
            return Err(Error::IdentityTaken.into());
        };
        tx.commit().await?;
        return Ok(own);
    }
    note(&tx, "identity.link", &row).await?;
    tx.commit().await?;
    Ok(row)
}

/// The ways in which others vouch for the caller, the newest first.
pub async fn identities(ctx: &Ctx, page: Request) -> Result<Page<user_identity::Model>> {
    ctx.actor.need(Grant::Read)?;
    store::identities(&ctx.read()?, ctx.actor.person()?, page).await
}

/// Take one of the caller's identities away, unless nothing else lets them in.
pub async fn unlink(ctx: &Ctx, id: UserIdentityId) -> Result<()> {
    ctx.actor.need(Grant::Write)?;
    let user = ctx.actor.person()?;
    let tx = ctx.write().await?;
    let person = people::user_held(&tx, user).await?;
    let all = store::of_person(&tx, user).await?;
    let Some(row) = all.iter().find(|row| row.id == id) else {
        return Err(Error::IdentityNotFound.into());
    };
    if all.len() == 1 && person.password_hash.is_none() {
        return Err(Error::LastWayIn.into());
    }
    store::delete(&tx, id).await?;
    note(&tx, "identity.unlink", row).await?;
    tx.commit().await
}

/// Whether the wallet whose address is kept as `subject` is linked to the person.
pub(crate) async fn has_wallet(
    conn: &impl sea_orm::ConnectionTrait,
    user: UserId,
    chain: Chain,
    subject: &str,
) -> Result<bool> {
    let known = store::identity(conn, chain.provider(), subject).await?;
    Ok(known.is_some_and(|known| known.user_id == user))
}

fn refused(why: &'static str) -> crate::error::Error {
    Error::WalletRefused { why }.into()
}

/// The message, when it is for us, now, and its wallet signed it. Whether its nonce is one of ours
/// is not asked yet.
fn verified(ctx: &Ctx, origin: Option<&str>, signed: &Signed) -> Result<Message> {
    let message = Message::read(&signed.message).map_err(|why| Error::WalletMessage { why })?;
    let ours = origin.into_iter().map(str::to_owned);
    let sites: Vec<String> = ours.chain(ctx.settings().cors_origins.clone()).collect();
    if sites.is_empty() {
        return Err(Error::NoAddress.into());
    }
    if !sites.iter().any(|site| is_for(&message, site)) {
        return Err(refused("the message is for another site"));
    }
    if !is_known_chain(ctx, &message) {
        return Err(refused("the message is for another chain"));
    }
    let now = ctx.now();
    if message.issued_at > now + SKEW || message.issued_at < now - LIFETIME - SKEW {
        return Err(refused("the message was not issued just now"));
    }
    if message.expires_at.is_some_and(|end| end <= now) {
        return Err(refused("the message has expired"));
    }
    if message.not_before.is_some_and(|begin| begin > now) {
        return Err(refused("the message is not good yet"));
    }
    let Signed {
        message: text,
        signature,
    } = signed;
    if !message.chain.has_signed(&message.address, text, signature) {
        return Err(refused("the signature is not that of the address"));
    }
    Ok(message)
}

/// Whether the message names `site`, by its domain, its scheme if it says one, and its URI.
fn is_for(message: &Message, site: &str) -> bool {
    let Ok(url) = Url::parse(site) else {
        return false;
    };
    let host = url.host_str().unwrap_or_default();
    let authority = match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    };
    let scheme = message.scheme.as_deref();
    message.domain == authority
        && scheme.is_none_or(|scheme| scheme == url.scheme())
        && message.uri.origin() == url.origin()
}

fn is_known_chain(ctx: &Ctx, message: &Message) -> bool {
    let settings = ctx.configuration();
    let Some(named) = message.chain_id.as_deref() else {
        return message.chain == Chain::Solana;
    };
    match message.chain {
        Chain::Evm => named
            .parse()
            .is_ok_and(|id| settings.get(&WALLET_CHAINS).contains(&id)),
        Chain::Solana => {
            let named = named.strip_prefix("solana:").unwrap_or(named);
            settings
                .get(&WALLET_SOLANA_CHAINS)
                .iter()
                .any(|one| one == named)
        }
    }
}

/// Let the message's nonce be used, once, and for what it was given out.
async fn use_up(tx: &Write, message: &Message, user: Option<UserId>) -> Result<()> {
    let answered = challenge::answer(tx, AuthChallengeKind::Wallet, &message.nonce).await?;
    match answered {
        Some(challenge) if challenge.user_id == user => Ok(()),
        _ => Err(refused("the nonce is not one of ours, or not any more")),
    }
}

/// Whom an identity is of; made where it is seen for the first time. Whoever sees it at the same
/// moment waits for the first, and finds what that made.
async fn person(tx: &Write, provider: &str, subject: &str) -> Result<user::Model> {
    if let Some(known) = store::identity(tx, provider, subject).await? {
        store::touch(tx, known.id).await?;
        return people::user_held(tx, known.user_id).await;
    }
    let row = user::Model {
        id: tx.fresh(),
        email: None,
        email_key: None,
        name: None,
        password_hash: None,
        role: UserRole::User,
        status: UserStatus::Active,
        last_login: None,
        version: 1,
        created_at: tx.now,
        updated_at: tx.now,
    };
    people::insert_user(tx, row.clone()).await?;
    let identity = identity_of(tx, row.id, provider, subject);
    if store::insert(tx, identity).await? {
        let entry = audit::Entry {
            action: "user.create",
            resource_type: "user",
            resource_id: row.id.to_string(),
            before: None,
            after: Some(json!({ "provider": provider, "role": row.role })),
        };
        audit::record(tx, entry).await?;
        return Ok(row);
    }
    // Somebody was first.
    people::delete_user(tx, row.id).await?;
    let known = store::identity(tx, provider, subject).await?;
    let known = known.ok_or_else(|| refused("the identity is gone again"))?;
    people::user_held(tx, known.user_id).await
}

fn identity_of(tx: &Write, user: UserId, provider: &str, subject: &str) -> user_identity::Model {
    user_identity::Model {
        id: tx.fresh(),
        user_id: user,
        provider: provider.to_owned(),
        subject: subject.to_owned(),
        last_used_at: Some(tx.now),
        created_at: tx.now,
        updated_at: tx.now,
    }
}

/// Tell the audit log; who it is at the provider is not told.
async fn note(tx: &Write, action: &'static str, row: &user_identity::Model) -> Result<()> {
    let entry = audit::Entry {
        action,
        resource_type: "user",
        resource_id: row.user_id.to_string(),
        before: None,
        after: Some(json!({ "provider": row.provider })),
    };
    audit::record(tx, entry).await
}
