//! Endpoints: where people want to be told of events.

use axum::http::header::ETAG;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use entity::id::{UserId, WebhookEndpointId};
use entity::webhook::endpoint::{Model, WebhookEndpointStatus};
use serde::{Deserialize, Serialize};
use service::webhook::{self, EndpointChange, EndpointFilter, Made, NewEndpoint};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::delivery::WebhookDelivery;
use crate::caller::Caller;
use crate::error::{ApiError, Problem};
use crate::extract::{Json, Path};
use crate::middleware::Secret;
use crate::rest::list::{List, Listing};
use crate::rest::{App, said, tag};
use crate::urls::path::API;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_endpoints, create_endpoint))
        .routes(routes!(show_endpoint, update_endpoint, delete_endpoint))
        .routes(routes!(rotate_secret))
        .routes(routes!(test_endpoint))
}

/// An endpoint, without its secret.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "019bc0de-0000-7000-8000-000000000005",
    "user_id": "019bc0de-0000-7000-8000-000000000002",
    "url": "https://hooks.example.com/chancery", "description": "My board",
    "event_types": ["run.completed", "run.failed"], "status": "enabled",
    "failing_since": null, "disabled_reason": null, "version": 1,
    "created_at": "2026-01-15T09:00:00Z", "updated_at": "2026-01-15T09:00:00Z",
}))]
pub struct WebhookEndpoint {
    id: Uuid,
    /// Whose it is; nobody's is the house's, and hears of everything.
    user_id: Option<Uuid>,
    url: String,
    description: Option<String>,
    event_types: Vec<String>,
    #[schema(value_type = String, example = "enabled")]
    status: WebhookEndpointStatus,
    /// Since when it has done nothing but fail.
    failing_since: Option<DateTime<Utc>>,
    /// Why it is told no more.
    disabled_reason: Option<String>,
    version: i64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    /// What its messages are signed with, told only when it is made.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
}

impl From<Model> for WebhookEndpoint {
    fn from(row: Model) -> Self {
        Self {
            id: row.id.0,
            user_id: row.user_id.map(|user| user.0),
            url: row.url,
            description: row.description,
            event_types: row.event_types.0,
            status: row.status,
            failing_since: row.failing_since,
            disabled_reason: row.disabled_reason,
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
            secret: None,
        }
    }
}

/// The endpoint with its secret, which nobody keeps.
fn revealed(status: StatusCode, made: Made) -> Result<Response, ApiError> {
    let location = format!("{API}/webhook-endpoints/{}", made.row.id);
    let location = HeaderValue::from_str(&location).map_err(service::Error::internal)?;
    let etag = tag::header(webhook::tag(&made.row))?;
    let body = WebhookEndpoint {
        secret: Some(made.secret.reveal()),
        ..made.row.into()
    };
    let mut response = (status, [(ETAG, etag)], Json(body)).into_response();
    if status == StatusCode::CREATED {
        let headers = response.headers_mut();
        headers.insert(axum::http::header::LOCATION, location);
    }
    response.extensions_mut().insert(Secret);
    Ok(response)
}

/// Which endpoints.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct EndpointQuery {
    /// `enabled` or `disabled`.
    #[param(value_type = Option<String>)]
    status: Option<WebhookEndpointStatus>,
    /// The owner, for staff.
    user_id: Option<Uuid>,
}

/// The endpoints in the caller's sight, the newest first.
#[utoipa::path(get, path = "/webhook-endpoints", tag = "webhooks", params(EndpointQuery), responses(
    (status = 200, body = List<WebhookEndpoint>), (status = 401, body = Problem),
))]
async fn list_endpoints(
    Caller(ctx): Caller,
    Listing((query, page)): Listing<EndpointQuery>,
) -> Result<Response, ApiError> {
    let filter = EndpointFilter {
        status: query.status,
        user: query.user_id.map(UserId),
    };
    let found = webhook::endpoints(&ctx, filter, page.request()).await?;
    page.answer(found.map(WebhookEndpoint::from))
}

/// What making an endpoint takes.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewEndpointBody {
    /// Where to send to: a public address, with TLS in production.
    #[schema(example = "https://hooks.example.com/chancery")]
    url: String,
    #[schema(example = "My board")]
    description: Option<String>,
    /// Names of `GET /webhook-event-types`.
    #[schema(example = json!(["run.completed", "run.failed"]))]
    event_types: Vec<String>,
    /// Whether it is the house's, and hears of everything. Only an admin makes one.
    #[serde(default)]
    for_everyone: bool,
}

/// Make an endpoint; its secret is told once.
#[utoipa::path(post, path = "/webhook-endpoints", tag = "webhooks", request_body = NewEndpointBody,
    responses((status = 201, body = WebhookEndpoint), (status = 409, body = Problem),
    (status = 422, body = Problem)))]
async fn create_endpoint(
    Caller(ctx): Caller,
    Json(body): Json<NewEndpointBody>,
) -> Result<Response, ApiError> {
    let new = NewEndpoint {
        url: body.url,
        description: body.description,
        event_types: body.event_types,
        for_everyone: body.for_everyone,
    };
    revealed(StatusCode::CREATED, webhook::create(&ctx, new).await?)
}

/// One endpoint.
#[utoipa::path(get, path = "/webhook-endpoints/{id}", tag = "webhooks",
    params(("id" = Uuid, Path)), responses(
    (status = 200, body = WebhookEndpoint), (status = 304), (status = 404, body = Problem),
))]
async fn show_endpoint(
    Caller(ctx): Caller,
    Path(id): Path<WebhookEndpointId>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let row = webhook::endpoint(&ctx, id).await?;
    tag::shown(&headers, webhook::tag(&row), WebhookEndpoint::from(row))
}

/// What of an endpoint changes; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "status": "enabled" }))]
pub struct EndpointChangeBody {
    url: Option<String>,
    /// Null takes it away.
    #[serde(default, deserialize_with = "said")]
    #[schema(value_type = Option<String>)]
    #[expect(clippy::option_option, reason = "left out, or null")]
    description: Option<Option<String>>,
    event_types: Option<Vec<String>>,
    /// `enabled` forgets its failures; `disabled` has it told no more.
    #[schema(value_type = Option<String>)]
    status: Option<WebhookEndpointStatus>,
}

/// Change an endpoint.
#[utoipa::path(patch, path = "/webhook-endpoints/{id}", tag = "webhooks",
    params(("id" = Uuid, Path)), request_body = EndpointChangeBody, responses(
    (status = 200, body = WebhookEndpoint), (status = 404, body = Problem),
    (status = 412, body = Problem), (status = 422, body = Problem),
))]
async fn update_endpoint(
    Caller(ctx): Caller,
    Path(id): Path<WebhookEndpointId>,
    headers: HeaderMap,
    Json(body): Json<EndpointChangeBody>,
) -> Result<Response, ApiError> {
    let change = EndpointChange {
        url: body.url,
        description: body.description,
        event_types: body.event_types,
        status: body.status,
    };
    let row = webhook::update(&ctx, id, change, &tag::if_match(&headers)).await?;
    tag::row(webhook::tag(&row), WebhookEndpoint::from(row))
}

/// Remove an endpoint, with all that it was told.
#[utoipa::path(delete, path = "/webhook-endpoints/{id}", tag = "webhooks",
    params(("id" = Uuid, Path)), responses(
    (status = 204), (status = 404, body = Problem), (status = 412, body = Problem),
))]
async fn delete_endpoint(
    Caller(ctx): Caller,
    Path(id): Path<WebhookEndpointId>,
    headers: HeaderMap,
) -> Result<StatusCode, ApiError> {
    webhook::delete(&ctx, id, &tag::if_match(&headers)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Give an endpoint a new secret, told once. The old one signs beside it for a day.
#[utoipa::path(post, path = "/webhook-endpoints/{id}/secret", tag = "webhooks",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = WebhookEndpoint), (status = 404, body = Problem)))]
async fn rotate_secret(
    Caller(ctx): Caller,
    Path(id): Path<WebhookEndpointId>,
) -> Result<Response, ApiError> {
    revealed(StatusCode::OK, webhook::rotate(&ctx, id).await?)
}

/// Send an endpoint an event that says nothing: `webhook.test`.
#[utoipa::path(post, path = "/webhook-endpoints/{id}/test", tag = "webhooks",
    params(("id" = Uuid, Path)), responses(
    (status = 201, body = WebhookDelivery), (status = 404, body = Problem),
    (status = 409, body = Problem), (status = 422, body = Problem),
))]
async fn test_endpoint(
    Caller(ctx): Caller,
    Path(id): Path<WebhookEndpointId>,
) -> Result<Response, ApiError> {
    let delivery = webhook::test(&ctx, id).await?;
    let told = webhook::delivery(&ctx, delivery.id).await?;
    let location = format!("{API}/webhook-deliveries/{}", delivery.id);
    crate::rest::created(&location, WebhookDelivery::from(told))
}
