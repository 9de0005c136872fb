//! Sources: the systems that tell us of events, as the staff makes them known.

use axum::http::header::{ETAG, LOCATION};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use entity::id::WebhookSourceId;
use entity::webhook::source::{Model, WebhookScheme};
use serde::{Deserialize, Serialize};
use service::webhook::inbound::{self, MadeSource, NewSource, SourceChange};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::caller::Caller;
use crate::error::{ApiError, Problem};
use crate::extract::{Json, Path};
use crate::middleware::Secret;
use crate::rest::list::{List, Plain};
use crate::rest::{App, tag};
use crate::urls::path::API;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_sources, create_source))
        .routes(routes!(show_source, update_source, delete_source))
        .routes(routes!(rotate_source))
}

/// A source, without its secret.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "019bc0de-0000-7000-8000-000000000008", "name": "video-generator",
    "scheme": "standard", "address": format!("{API}/webhooks/video-generator"), "is_active": true,
    "version": 1, "created_at": "2026-01-15T09:00:00Z", "updated_at": "2026-01-15T09:00:00Z",
}))]
pub struct WebhookSource {
    id: Uuid,
    name: String,
    /// `standard`, `github` or `stripe`.
    #[schema(value_type = String, example = "standard")]
    scheme: WebhookScheme,
    /// Where it sends to, below our public address.
    address: String,
    is_active: bool,
    version: i64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    /// What it signs with, told only when we made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
}

impl From<Model> for WebhookSource {
    fn from(row: Model) -> Self {
        Self {
            id: row.id.0,
            address: format!("{API}/webhooks/{}", row.name),
            name: row.name,
            scheme: row.scheme,
            is_active: row.is_active,
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
            secret: None,
        }
    }
}

/// The source with its secret, which nobody keeps.
fn revealed(status: StatusCode, made: MadeSource) -> Result<Response, ApiError> {
    let location = format!("{API}/webhook-sources/{}", made.row.id);
    let location = HeaderValue::from_str(&location).map_err(service::Error::internal)?;
    let etag = tag::header(made.row.version)?;
    let body = WebhookSource {
        secret: made.secret.map(service::webhook::Secret::reveal),
        ..made.row.into()
    };
    let mut response = (status, [(ETAG, etag)], Json(body)).into_response();
    if status == StatusCode::CREATED {
        response.headers_mut().insert(LOCATION, location);
    }
    response.extensions_mut().insert(Secret);
    Ok(response)
}

/// The sources, the newest first. For staff.
#[utoipa::path(get, path = "/webhook-sources", tag = "webhooks", responses(
    (status = 200, body = List<WebhookSource>), (status = 403, body = Problem),
))]
async fn list_sources(Caller(ctx): Caller, Plain(page): Plain) -> Result<Response, ApiError> {
    let found = inbound::sources(&ctx, page.request()).await?;
    page.answer(found.map(WebhookSource::from))
}

/// What making a source known takes.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSourceBody {
    /// Its name in the address that it calls: small letters, digits, hyphens.
    #[schema(example = "video-generator")]
    name: String,
    /// `standard` (Standard Webhooks), `github` or `stripe`.
    #[schema(value_type = String, example = "standard")]
    scheme: WebhookScheme,
    /// What it signs with, where it chose that itself; else one is made, and told once.
    secret: Option<String>,
}

/// Make a source known. For admins.
#[utoipa::path(post, path = "/webhook-sources", tag = "webhooks", request_body = NewSourceBody,
    responses((status = 201, body = WebhookSource), (status = 403, body = Problem),
    (status = 409, body = Problem), (status = 422, body = Problem)))]
async fn create_source(
    Caller(ctx): Caller,
    Json(body): Json<NewSourceBody>,
) -> Result<Response, ApiError> {
    let new = NewSource {
        name: body.name,
        scheme: body.scheme,
        secret: body.secret,
    };
    revealed(
        StatusCode::CREATED,
        inbound::create_source(&ctx, new).await?,
    )
}

/// One source. For staff.
#[utoipa::path(get, path = "/webhook-sources/{id}", tag = "webhooks", params(("id" = Uuid, Path)),
    responses((status = 200, body = WebhookSource), (status = 304), (status = 404, body = Problem)))]
async fn show_source(
    Caller(ctx): Caller,
    Path(id): Path<WebhookSourceId>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let row = inbound::source(&ctx, id).await?;
    tag::shown(&headers, row.version, WebhookSource::from(row))
}

/// What of a source changes.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SourceChangeBody {
    /// Whether it is listened to.
    is_active: Option<bool>,
}

/// Change a source. For admins.
#[utoipa::path(patch, path = "/webhook-sources/{id}", tag = "webhooks",
    params(("id" = Uuid, Path)), request_body = SourceChangeBody, responses(
    (status = 200, body = WebhookSource), (status = 404, body = Problem),
    (status = 412, body = Problem),
))]
async fn update_source(
    Caller(ctx): Caller,
    Path(id): Path<WebhookSourceId>,
    headers: HeaderMap,
    Json(body): Json<SourceChangeBody>,
) -> Result<Response, ApiError> {
    let change = SourceChange {
        is_active: body.is_active,
    };
    let row = inbound::update_source(&ctx, id, change, &tag::if_match(&headers)).await?;
    tag::row(row.version, WebhookSource::from(row))
}

/// Listen to a source no more; its events stay. For admins.
#[utoipa::path(delete, path = "/webhook-sources/{id}", tag = "webhooks",
    params(("id" = Uuid, Path)), responses(
    (status = 204), (status = 404, body = Problem), (status = 412, body = Problem),
))]
async fn delete_source(
    Caller(ctx): Caller,
    Path(id): Path<WebhookSourceId>,
    headers: HeaderMap,
) -> Result<StatusCode, ApiError> {
    inbound::delete_source(&ctx, id, &tag::if_match(&headers)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Another secret.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({}))]
pub struct SourceSecretBody {
    /// What the source signs with, where it chose that itself; else one is made, and told once.
    secret: Option<String>,
}

/// Give a source another secret. The old one counts beside it for a day. For admins.
#[utoipa::path(post, path = "/webhook-sources/{id}/secret", tag = "webhooks",
    params(("id" = Uuid, Path)), request_body = SourceSecretBody, responses(
    (status = 200, body = WebhookSource), (status = 404, body = Problem),
    (status = 422, body = Problem),
))]
async fn rotate_source(
    Caller(ctx): Caller,
    Path(id): Path<WebhookSourceId>,
    Json(body): Json<SourceSecretBody>,
) -> Result<Response, ApiError> {
    let made = inbound::rotate_source(&ctx, id, body.secret).await?;
    revealed(StatusCode::OK, made)
}
