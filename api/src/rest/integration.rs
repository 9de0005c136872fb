//! People's accounts at other services.

use axum::http::header::LOCATION;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use entity::agent::integration::{self as row, IntegrationStatus};
use entity::id::UserId;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use service::error::Error;
use service::integration::{self, Answered};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::list::{List, Listing};
use super::{App, tag};
use crate::caller::Caller;
use crate::error::{ApiError, Problem};
use crate::extract::{Json, Path, Query};
use crate::middleware::Secret;
use crate::urls::Urls;
use crate::urls::path::API;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_integrations))
        .routes(routes!(list_providers))
        .routes(routes!(disconnect))
        .routes(routes!(start))
        .routes(routes!(callback))
}

/// An account at another service, without what opens it.
#[derive(Debug, Serialize, ToSchema)]
pub struct Integration {
    id: Uuid,
    user_id: Uuid,
    #[schema(example = "github")]
    provider: String,
    /// `connected`, `expired`, `revoked` or `error`.
    #[schema(value_type = String, example = "connected")]
    status: IntegrationStatus,
    #[schema(example = json!(["repo"]))]
    scopes: Vec<String>,
    #[schema(value_type = Object)]
    metadata: Value,
    /// When it runs out, unless it is renewed before, which goes by itself.
    expires_at: Option<DateTime<Utc>>,
    version: i64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl From<row::Model> for Integration {
    fn from(row: row::Model) -> Self {
        Self {
            id: row.id.0,
            user_id: row.user_id.0,
            provider: row.provider,
            status: row.status,
            scopes: row.scopes.0,
            metadata: row.metadata,
            expires_at: row.expires_at,
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

/// Which integrations.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct IntegrationQuery {
    /// The owner, for staff.
    user_id: Option<Uuid>,
}

/// The integrations in the caller's sight, the newest first.
#[utoipa::path(get, path = "/integrations", tag = "integrations", params(IntegrationQuery), responses(
    (status = 200, body = List<Integration>), (status = 400, body = Problem),
    (status = 401, body = Problem),
))]
async fn list_integrations(
    Caller(ctx): Caller,
    Listing((query, page)): Listing<IntegrationQuery>,
) -> Result<Response, ApiError> {
    let user = query.user_id.map(UserId);
    let found = integration::integrations(&ctx, user, page.request()).await?;
    page.answer(found.map(Integration::from))
}

/// A service that can be connected.
#[derive(Debug, Serialize, ToSchema)]
pub struct Provider {
    #[schema(example = "github")]
    name: String,
    /// What it will be asked for.
    #[schema(example = json!(["repo"]))]
    scopes: Vec<String>,
}

/// The services that can be connected here.
#[utoipa::path(get, path = "/integrations/providers", tag = "integrations", responses(
    (status = 200, body = Vec<Provider>), (status = 304), (status = 401, body = Problem),
))]
async fn list_providers(Caller(ctx): Caller, headers: HeaderMap) -> Result<Response, ApiError> {
    let known = integration::providers(&ctx)?.into_iter();
    let known = known.map(|provider| Provider {
        name: provider.name,
        scopes: provider.scopes,
    });
    tag::whole(&headers, &known.collect::<Vec<Provider>>())
}

/// Disconnect the caller's account: what opened it is forgotten.
#[utoipa::path(delete, path = "/integrations/{provider}", tag = "integrations",
    params(("provider" = String, Path, example = "github")), responses(
    (status = 200, body = Integration), (status = 404, body = Problem),
))]
async fn disconnect(
    Caller(ctx): Caller,
    Path(provider): Path<String>,
) -> Result<Json<Integration>, ApiError> {
    Ok(Json(integration::disconnect(&ctx, &provider).await?.into()))
}

/// What beginning takes.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StartBody {
    /// The path of this site where the browser goes once the account is connected.
    #[schema(example = "/settings/integrations")]
    redirect_to: Option<String>,
}

/// Where to go to agree.
#[derive(Debug, Serialize, ToSchema)]
pub struct Started {
    #[schema(example = "https://provider.example.com/authorize?response_type=code&state=…")]
    authorize_url: String,
    /// Until when the way back is open: ten minutes.
    expires_at: DateTime<Utc>,
}

fn callback_url(urls: &Urls, provider: &str) -> String {
    urls.at(&format!("{API}/integrations/{provider}/callback"))
}

/// Begin to connect an account: send the browser to the address in the answer.
#[utoipa::path(post, path = "/integrations/{provider}/start", tag = "integrations",
    params(("provider" = String, Path, example = "github")), request_body = StartBody, responses(
    (status = 200, body = Started), (status = 404, body = Problem), (status = 422, body = Problem),
))]
async fn start(
    Caller(ctx): Caller,
    urls: Urls,
    Path(provider): Path<String>,
    Json(body): Json<StartBody>,
) -> Result<Response, ApiError> {
    let callback = callback_url(&urls, &provider);
    let begun = integration::start(&ctx, &provider, &callback, body.redirect_to).await?;
    let body = Started {
        authorize_url: begun.authorize_url,
        expires_at: begun.expires_at,
    };
    let mut response = Json(body).into_response();
    response.extensions_mut().insert(Secret);
    Ok(response)
}

/// What the provider sends the browser back with.
#[derive(Debug, Deserialize, IntoParams)]
struct CallbackQuery {
    /// What was said at the start.
    state: String,
    /// What is worth tokens.
    code: Option<String>,
    /// Why there is none.
    error: Option<String>,
}

/// Where the provider sends the browser back to. It must be that of the person who began.
#[utoipa::path(get, path = "/integrations/{provider}/callback", tag = "integrations",
    params(("provider" = String, Path, example = "github"), CallbackQuery), responses(
    (status = 200, body = Integration), (status = 303), (status = 403, body = Problem),
    (status = 404, body = Problem), (status = 409, body = Problem), (status = 503, body = Problem),
))]
async fn callback(
    Caller(ctx): Caller,
    urls: Urls,
    Path(provider): Path<String>,
    Query(query): Query<CallbackQuery>,
) -> Result<Response, ApiError> {
    let answered = Answered {
        state: query.state,
        code: query.code,
        error: query.error,
    };
    let callback = callback_url(&urls, &provider);
    let connected = integration::finish(&ctx, &provider, &callback, answered).await?;
    let Some(path) = connected.redirect_to else {
        return Ok(Json(Integration::from(connected.integration)).into_response());
    };
    let place = HeaderValue::from_str(&path).map_err(Error::internal)?;
    Ok((StatusCode::SEE_OTHER, [(LOCATION, place)]).into_response())
}
