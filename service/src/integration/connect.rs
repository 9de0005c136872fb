//! Connecting an account: to the provider and back.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use entity::agent::integration::{IntegrationStatus, Model};
use entity::identity::auth_challenge::AuthChallengeKind;
use entity::types::StringList;
use serde_json::json;
use sha2::{Digest, Sha256};
use url::Url;

use super::error::Error;
use super::provider::Provider;
use super::refresh::seal;
use super::token::{self, Tokens};
use super::{PROVIDERS, note, policy, store};
use crate::challenge::{self, Begun};
use crate::ctx::Ctx;
use crate::error::{Common, Error as Any, Result};
use crate::identity;
use crate::secret;

/// How long it may take to agree.
const LIFETIME: TimeDelta = TimeDelta::minutes(10);

/// Where to go to agree.
#[derive(Clone, Debug)]
pub struct Started {
    /// The provider's address, with what it must be told.
    pub authorize_url: String,
    /// Until when the way back is open.
    pub expires_at: DateTime<Utc>,
}

/// What the provider sends people back with.
#[derive(Clone, Debug, Default)]
pub struct Answered {
    /// What was said at the start.
    pub state: String,
    /// What is worth tokens.
    pub code: Option<String>,
    /// Why there is none.
    pub error: Option<String>,
}

/// A connected account, and where the browser goes.
#[derive(Clone, Debug)]
pub struct Connected {
    /// The account.
    pub integration: Model,
    /// A path of our own site, where one was named at the start.
    pub redirect_to: Option<String>,
}

pub(super) fn known(ctx: &Ctx, provider: &str) -> Result<Provider> {
    let providers = ctx.configuration().get(&PROVIDERS);
    let found = providers.into_iter().find(|one| one.name == provider);
    found.ok_or_else(|| {
        Error::UnknownProvider {
            provider: provider.to_owned(),
        }
        .into()
    })
}

/// Begin to connect an account; `callback` is the address that the provider sends people back to,
/// `redirect_to` the path of our site where they go from there.
pub async fn start(
    ctx: &Ctx,
    provider: &str,
    callback: &str,
    redirect_to: Option<String>,
) -> Result<Started> {
    let user = policy::own(&ctx.actor)?;
    let provider = known(ctx, provider)?;
    if Url::parse(callback).is_err() {
        return Err(Error::NoAddress.into());
    }
    if let Some(path) = &redirect_to {
        check_path(path)?;
    }
    let services = &ctx.services;
    let state = secret::token(&*services.chance);
    let verifier = secret::token(&*services.chance);
    let sealed = services.keyring.seal(
        &*services.chance,
        &challenge::place(&state),
        verifier.as_bytes(),
    );
    // Every request gets its own state.
    let tx = ctx.unkeyed().write().await?;
    let begun = Begun {
        kind: AuthChallengeKind::Oauth,
        token: &state,
        lifetime: LIFETIME,
        user: Some(user),
        provider: Some(provider.name.clone()),
        secret: Some(sealed),
        redirect_to,
    };
    let expires_at = challenge::begin(&tx, begun).await?.expires_at;
    tx.commit().await?;

    let mut url = provider.authorize_url.clone();
    let challenge = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()));
    url.query_pairs_mut()
        .extend_pairs(&provider.authorize_parameters)
        .append_pair("response_type", "code")
        .append_pair("client_id", &provider.client_id)
        .append_pair("redirect_uri", callback)
        .append_pair("scope", &provider.scopes.join(" "))
        .append_pair("state", &state)
        .append_pair("code_challenge", &challenge)
        .append_pair("code_challenge_method", "S256");
    Ok(Started {
        authorize_url: url.into(),
        expires_at,
    })
}

/// A path of our own site and nothing else: what a browser could take for another site is refused.
fn check_path(path: &str) -> Result<()> {
    let plain = |letter: char| letter.is_ascii_graphic() && letter != '\\';
    let good = path.starts_with('/')
        && !path.starts_with("//")
        && path.len() <= 2_048
        && path.chars().all(plain);
    if good {
        Ok(())
    } else {
        Err(Common::invalid("/redirect_to", "must be a path of this site").into())
    }
}

/// Finish what was begun, for the person who began it: what the provider said is turned into tokens,
/// which are sealed. The state is used up first, whatever comes of the rest.
pub async fn finish(
    ctx: &Ctx,
    provider: &str,
    callback: &str,
    answered: Answered,
) -> Result<Connected> {
    let user = policy::own(&ctx.actor)?;
    let provider = known(ctx, provider)?;
    let tx = ctx.write().await?;
    let begun = challenge::answer(&tx, AuthChallengeKind::Oauth, &answered.state).await?;
    let begun = begun.filter(|begun| {
        begun.user_id == Some(user) && begun.provider.as_ref() == Some(&provider.name)
    });
    // Somebody else's is left to them: what is not committed is not used.
    let begun = begun.ok_or(Error::BadState)?;
    tx.commit().await?;

    let Some(code) = answered.code else {
        let why = answered.error.as_deref() == Some("access_denied");
        let why = if why { "access_denied" } else { "no code" };
        return Err(Error::Refused {
            why: why.to_owned(),
        }
        .into());
    };
    let sealed = begun.secret.ok_or(Error::BadState)?;
    let place = challenge::place(&answered.state);
    let verifier = ctx.services.keyring.open(&place, &sealed);
    let verifier = String::from_utf8(verifier.map_err(Any::internal)?).map_err(Any::internal)?;
    let tokens = token::ask(
        ctx,
        &provider,
        &[
            ("grant_type", "authorization_code"),
            ("code", &code),
            ("redirect_uri", callback),
            ("code_verifier", &verifier),
        ],
    )
    .await?;
    let integration = keep(ctx, &provider, user, tokens).await?;
    Ok(Connected {
        integration,
        redirect_to: begun.redirect_to,
    })
}

/// Keep the account that `tokens` open: a new one, or what was known of it before with new tokens.
async fn keep(
    ctx: &Ctx,
    provider: &Provider,
    user: entity::id::UserId,
    tokens: Tokens,
) -> Result<Model> {
    let tx = ctx.write().await?;
    // Of two that connect the same account at once the second finds that of the first.
    identity::hold(&tx, user).await?;
    let known = store::of_person(&tx, user, &provider.name).await?;
    let fresh = known.is_none();
    let mut row = known.unwrap_or_else(|| Model {
        id: tx.fresh(),
        user_id: user,
        provider: provider.name.clone(),
        status: IntegrationStatus::Connected,
        credentials: None,
        scopes: StringList::default(),
        metadata: json!({}),
        expires_at: None,
        version: 0,
        created_at: tx.now,
        updated_at: tx.now,
    });
    let scopes = tokens.scopes.unwrap_or_else(|| provider.scopes.clone());
    let sealed = seal(ctx, row.id, &tokens.credentials)?;
    row.status = IntegrationStatus::Connected;
    row.credentials = Some(sealed);
    row.scopes = StringList(scopes);
    row.expires_at = tokens.lasts.map(|lasts| tx.now + lasts);
    row.version += 1;
    row.updated_at = tx.now;
    if fresh {
        store::insert(&tx, row.clone()).await?;
    } else {
        store::update(&tx, &row).await?;
    }
    note(&tx, "integration.connect", &row).await?;
    tx.commit().await?;
    Ok(row)
}
