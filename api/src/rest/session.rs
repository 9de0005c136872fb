//! Signing in and out, the caller's own account, sessions and keys.

use axum::extract::State;
use axum::http::header::{SET_COOKIE, USER_AGENT};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use entity::id::{ApiKeyId, SessionId};
use entity::identity::{api_key, session, user};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use service::error::Error;
use service::identity::{self, NewKey, SignIn};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::list::{List, Plain};
use super::{App, tag};
use crate::caller::{COOKIES, Caller, Visitor};
use crate::error::{ApiError, Problem};
use crate::extract::{Json, Path};
use crate::middleware::Secret;
use crate::urls::Urls;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(sign_in, sign_out))
        .routes(routes!(me))
        .routes(routes!(my_sessions))
        .routes(routes!(end_session))
        .routes(routes!(my_keys, make_key))
        .routes(routes!(revoke_key))
}

/// A person.
#[derive(Debug, Serialize, ToSchema)]
pub struct User {
    id: Uuid,
    email: Option<String>,
    name: Option<String>,
    /// `user`, `operator` or `admin`.
    role: String,
    last_login: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
}

impl From<user::Model> for User {
    fn from(user: user::Model) -> Self {
        let role = match user.role {
            user::UserRole::User => "user",
            user::UserRole::Operator => "operator",
            user::UserRole::Admin => "admin",
        };
        Self {
            id: user.id.0,
            email: user.email,
            name: user.name,
            role: role.to_owned(),
            last_login: user.last_login,
            created_at: user.created_at,
        }
    }
}

/// What signing in takes.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignInBody {
    #[schema(example = "ann@demo.test")]
    email: String,
    #[schema(value_type = String, format = Password)]
    password: SecretString,
}

/// Sign in: the answer sets the session's cookie.
///
/// The session that the request comes in ends; any other credential that it carries is not asked.
#[utoipa::path(post, path = "/session", tag = "session", request_body = SignInBody, responses(
    (status = 200, body = User), (status = 401, body = Problem), (status = 429, body = Problem),
))]
async fn sign_in(
    State(app): State<App>,
    urls: Urls,
    caller: Option<Caller>,
    Visitor(visitor): Visitor,
    headers: HeaderMap,
    Json(body): Json<SignInBody>,
) -> Result<Response, ApiError> {
    let ctx = caller.map_or(visitor, |Caller(ctx)| ctx);
    let user_agent = headers
        .get(USER_AGENT)
        .and_then(|value| value.to_str().ok());
    let input = SignIn {
        email: body.email,
        password: body.password,
        user_agent: user_agent.map(str::to_owned),
    };
    let signed_in = identity::sign_in(&ctx, input).await?;
    let mut response = Json(User::from(signed_in.user)).into_response();
    let life = app.settings.session_lifetime.as_secs();
    set_cookie(&urls, &mut response, &signed_in.token, life)?;
    response.extensions_mut().insert(Secret);
    Ok(response)
}

pub(super) fn set_cookie(
    urls: &Urls,
    response: &mut Response,
    token: &str,
    life: u64,
) -> Result<(), ApiError> {
    let (name, secure) = if urls.is_tls() {
        (COOKIES[0], "; Secure")
    } else {
        (COOKIES[1], "")
    };
    let cookie = format!("{name}={token}; Path=/; HttpOnly; SameSite=Lax; Max-Age={life}{secure}");
    let cookie = HeaderValue::from_str(&cookie).map_err(Error::internal)?;
    response.headers_mut().append(SET_COOKIE, cookie);
    Ok(())
}

/// Sign out: ends the session and takes the cookie away.
#[utoipa::path(delete, path = "/session", tag = "session", responses(
    (status = 204), (status = 401, body = Problem),
))]
async fn sign_out(urls: Urls, Caller(ctx): Caller) -> Result<Response, ApiError> {
    identity::sign_out(&ctx).await?;
    let mut response = StatusCode::NO_CONTENT.into_response();
    set_cookie(&urls, &mut response, "", 0)?;
    Ok(response)
}

/// The caller's own account.
#[utoipa::path(get, path = "/me", tag = "me", responses(
    (status = 200, body = User), (status = 304), (status = 401, body = Problem),
))]
async fn me(Caller(ctx): Caller, headers: HeaderMap) -> Result<Response, ApiError> {
    tag::whole(&headers, &User::from(identity::me(&ctx).await?))
}

/// An open session.
#[derive(Debug, Serialize, ToSchema)]
pub struct Session {
    id: Uuid,
    method: String,
    user_agent: Option<String>,
    ip: Option<String>,
    last_seen_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
}

impl From<session::Model> for Session {
    fn from(session: session::Model) -> Self {
        Self {
            id: session.id.0,
            method: session.method,
            user_agent: session.user_agent,
            ip: session.ip,
            last_seen_at: session.last_seen_at,
            expires_at: session.expires_at,
        }
    }
}

/// The caller's open sessions, the newest first.
#[utoipa::path(get, path = "/me/sessions", tag = "me", responses(
    (status = 200, body = List<Session>), (status = 401, body = Problem),
))]
async fn my_sessions(Caller(ctx): Caller, Plain(page): Plain) -> Result<Response, ApiError> {
    let found = identity::sessions(&ctx, page.request()).await?;
    page.answer(found.map(Session::from))
}

/// End one of the caller's sessions.
#[utoipa::path(delete, path = "/me/sessions/{id}", tag = "me", params(("id" = Uuid, Path)),
    responses((status = 204), (status = 404, body = Problem)))]
async fn end_session(
    Caller(ctx): Caller,
    Path(id): Path<SessionId>,
) -> Result<StatusCode, ApiError> {
    identity::revoke_session(&ctx, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What making a key takes.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewKeyBody {
    #[schema(example = "pipeline worker")]
    name: String,
    /// `read`, `write`; an admin also gives `worker`, `webhook`, `admin:*`.
    #[schema(example = json!(["worker"]))]
    scopes: Vec<String>,
    expires_at: Option<DateTime<Utc>>,
}

/// A key, without its secret.
#[derive(Debug, Serialize, ToSchema)]
pub struct ApiKey {
    id: Uuid,
    name: String,
    prefix: String,
    scopes: Vec<String>,
    expires_at: Option<DateTime<Utc>>,
    revoked_at: Option<DateTime<Utc>>,
    last_used_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    /// The key itself, told only when it is made.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
}

impl From<api_key::Model> for ApiKey {
    fn from(key: api_key::Model) -> Self {
        Self {
            id: key.id.0,
            name: key.name,
            prefix: key.prefix,
            scopes: key.scopes.0,
            expires_at: key.expires_at,
            revoked_at: key.revoked_at,
            last_used_at: key.last_used_at,
            created_at: key.created_at,
            key: None,
        }
    }
}

/// The caller's keys, the newest first.
#[utoipa::path(get, path = "/me/keys", tag = "me", responses(
    (status = 200, body = List<ApiKey>), (status = 401, body = Problem),
))]
async fn my_keys(Caller(ctx): Caller, Plain(page): Plain) -> Result<Response, ApiError> {
    let found = identity::keys(&ctx, page.request()).await?;
    page.answer(found.map(ApiKey::from))
}

/// Make a key: told once.
#[utoipa::path(post, path = "/me/keys", tag = "me", request_body = NewKeyBody, responses(
    (status = 201, body = ApiKey), (status = 403, body = Problem), (status = 422, body = Problem),
))]
async fn make_key(Caller(ctx): Caller, Json(body): Json<NewKeyBody>) -> Result<Response, ApiError> {
    let new = NewKey {
        name: body.name,
        scopes: body.scopes,
        expires_at: body.expires_at,
    };
    let issued = identity::create_key(&ctx, new).await?;
    let key = ApiKey {
        key: Some(issued.key),
        ..issued.row.into()
    };
    let mut response = (StatusCode::CREATED, Json(key)).into_response();
    response.extensions_mut().insert(Secret);
    Ok(response)
}

/// Revoke one of the caller's keys.
#[utoipa::path(delete, path = "/me/keys/{id}", tag = "me", params(("id" = Uuid, Path)),
    responses((status = 204), (status = 404, body = Problem)))]
async fn revoke_key(Caller(ctx): Caller, Path(id): Path<ApiKeyId>) -> Result<StatusCode, ApiError> {
    identity::revoke_key(&ctx, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
