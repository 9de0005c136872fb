//! Signing in with a wallet, and the caller's identities.

use axum::extract::State;
use axum::http::header::USER_AGENT;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use entity::id::UserIdentityId;
use entity::identity::user_identity;
use serde::{Deserialize, Serialize};
use service::identity::{self, Purpose, Signed};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::App;
use super::list::{List, Plain};
use super::session::{User, set_cookie};
use crate::caller::{Caller, Visitor};
use crate::error::{ApiError, Problem};
use crate::extract::{Json, Path};
use crate::middleware::Secret;
use crate::urls::Urls;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(nonce))
        .routes(routes!(verify))
        .routes(routes!(my_identities))
        .routes(routes!(link_wallet))
        .routes(routes!(unlink))
}

/// What a nonce is for.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum NoncePurpose {
    /// To sign in.
    #[default]
    SignIn,
    /// To link a wallet to the caller.
    Link,
}

/// What asking for a nonce takes.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NonceBody {
    /// `sign_in` unless said.
    purpose: Option<NoncePurpose>,
}

/// What the message to sign must say.
#[derive(Debug, Serialize, ToSchema)]
pub struct Challenge {
    #[schema(example = "9f2b6c0d1e3a4857a6b5c4d3e2f10918")]
    nonce: String,
    /// Until when it is good: five minutes.
    expires_at: DateTime<Utc>,
    /// The URI of the message, or one below it; its host (and port) is the domain.
    #[schema(example = "https://chancery.example.com/")]
    uri: String,
    /// The chain ids that are taken of Ethereum and its like.
    #[schema(example = json!([1]))]
    chain_ids: Vec<i64>,
}

/// Ask for a nonce: good once, for five minutes.
#[utoipa::path(post, path = "/auth/wallet/nonce", tag = "session", request_body = NonceBody,
    responses((status = 200, body = Challenge), (status = 401, body = Problem),
    (status = 422, body = Problem)))]
async fn nonce(
    caller: Option<Caller>,
    Visitor(visitor): Visitor,
    urls: Urls,
    Json(body): Json<NonceBody>,
) -> Result<Response, ApiError> {
    let ctx = caller.map_or(visitor, |Caller(ctx)| ctx);
    let purpose = match body.purpose.unwrap_or_default() {
        NoncePurpose::SignIn => Purpose::SignIn,
        NoncePurpose::Link => Purpose::Link,
    };
    let made = identity::nonce(&ctx, purpose).await?;
    let body = Challenge {
        nonce: made.nonce,
        expires_at: made.expires_at,
        uri: urls.at("/"),
        chain_ids: made.chain_ids,
    };
    let mut response = Json(body).into_response();
    response.extensions_mut().insert(Secret);
    Ok(response)
}

/// A message and its signature.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignedBody {
    /// The message as the wallet signed it: that of EIP-4361, or of Sign In With Solana.
    #[schema(
        example = "chancery.example.com wants you to sign in with your Ethereum account:\n0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed\n\n\nURI: https://chancery.example.com/\nVersion: 1\nChain ID: 1\nNonce: 9f2b6c0d1e3a4857a6b5c4d3e2f10918\nIssued At: 2026-01-01T00:00:00Z"
    )]
    message: String,
    /// `0x` and 65 bytes in hexadecimal; 64 bytes in base58 for Solana.
    #[schema(example = "0x5f…1b")]
    signature: String,
}

impl From<SignedBody> for Signed {
    fn from(body: SignedBody) -> Self {
        Self {
            message: body.message,
            signature: body.signature,
        }
    }
}

/// Sign in with a wallet: the answer sets the session's cookie. An address that was never seen gets
/// an account.
#[utoipa::path(post, path = "/auth/wallet/verify", operation_id = "verify_wallet", tag = "session",
    request_body = SignedBody, responses((status = 200, body = User), (status = 401, body = Problem),
    (status = 422, body = Problem)))]
async fn verify(
    State(app): State<App>,
    urls: Urls,
    caller: Option<Caller>,
    Visitor(visitor): Visitor,
    headers: HeaderMap,
    Json(body): Json<SignedBody>,
) -> Result<Response, ApiError> {
    let ctx = caller.map_or(visitor, |Caller(ctx)| ctx);
    let user_agent = headers
        .get(USER_AGENT)
        .and_then(|value| value.to_str().ok())
        .map(str::to_owned);
    let origin = urls.origin();
    let signed_in =
        identity::sign_in_with_wallet(&ctx, origin.as_deref(), &body.into(), user_agent).await?;
    let mut response = Json(User::from(signed_in.user)).into_response();
    let life = app.settings.session_lifetime.as_secs();
    set_cookie(&urls, &mut response, &signed_in.token, life)?;
    response.extensions_mut().insert(Secret);
    Ok(response)
}

/// A way in which somebody else vouches for the caller.
#[derive(Debug, Serialize, ToSchema)]
pub struct Identity {
    id: Uuid,
    /// `wallet:evm`, `wallet:solana`, or who else vouches.
    #[schema(example = "wallet:evm")]
    provider: String,
    /// What the provider calls the caller: an address of a wallet.
    #[schema(example = "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed")]
    subject: String,
    last_used_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
}

impl From<user_identity::Model> for Identity {
    fn from(identity: user_identity::Model) -> Self {
        Self {
            id: identity.id.0,
            provider: identity.provider,
            subject: identity.subject,
            last_used_at: identity.last_used_at,
            created_at: identity.created_at,
        }
    }
}

/// The ways in which others vouch for the caller, the newest first.
#[utoipa::path(get, path = "/me/identities", tag = "me", responses(
    (status = 200, body = List<Identity>), (status = 401, body = Problem),
))]
async fn my_identities(Caller(ctx): Caller, Plain(page): Plain) -> Result<Response, ApiError> {
    let found = identity::identities(&ctx, page.request()).await?;
    page.answer(found.map(Identity::from))
}

/// Link a wallet to the caller. The nonce must be one that they asked for with the purpose `link`.
#[utoipa::path(post, path = "/me/identities/wallet", tag = "me", request_body = SignedBody,
    responses((status = 200, body = Identity), (status = 401, body = Problem),
    (status = 409, body = Problem), (status = 422, body = Problem)))]
async fn link_wallet(
    Caller(ctx): Caller,
    urls: Urls,
    Json(body): Json<SignedBody>,
) -> Result<Json<Identity>, ApiError> {
    let origin = urls.origin();
    let linked = identity::link_wallet(&ctx, origin.as_deref(), &body.into()).await?;
    Ok(Json(linked.into()))
}

/// Take one of the caller's identities away, unless nothing else lets them in.
#[utoipa::path(delete, path = "/me/identities/{id}", tag = "me", params(("id" = Uuid, Path)),
    responses((status = 204), (status = 404, body = Problem), (status = 409, body = Problem)))]
async fn unlink(
    Caller(ctx): Caller,
    Path(id): Path<UserIdentityId>,
) -> Result<StatusCode, ApiError> {
    identity::unlink(&ctx, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
