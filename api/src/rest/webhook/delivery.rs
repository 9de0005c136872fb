//! Deliveries: what endpoints are told, every try of it, and how to have it sent again.

use axum::http::HeaderMap;
use axum::response::Response;
use chrono::{DateTime, Utc};
use entity::id::{WebhookDeliveryId, WebhookEndpointId};
use entity::webhook::attempt;
use entity::webhook::delivery::WebhookDeliveryState;
use serde::{Deserialize, Serialize};
use service::webhook::{self, DeliveryFilter, Told};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::Replayed;
use crate::caller::Caller;
use crate::error::{ApiError, Problem};
use crate::extract::{Json, Path};
use crate::rest::list::{List, Listing, Plain};
use crate::rest::{App, tag};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_deliveries))
        .routes(routes!(replay_since))
        .routes(routes!(show_delivery))
        .routes(routes!(list_attempts))
        .routes(routes!(replay_delivery))
}

/// One message on its way to one endpoint.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "019bc0de-0000-7000-8000-000000000007",
    "endpoint_id": "019bc0de-0000-7000-8000-000000000005",
    "message_id": "019bc0de-0000-7000-8000-000000000006",
    "event_type": "run.completed", "state": "pending", "attempt": 2,
    "next_at": "2026-01-15T09:35:12Z",
    "created_at": "2026-01-15T09:30:00Z", "updated_at": "2026-01-15T09:30:05Z",
}))]
pub struct WebhookDelivery {
    id: Uuid,
    endpoint_id: Uuid,
    /// The `webhook-id` that it is sent under.
    message_id: Uuid,
    event_type: String,
    #[schema(value_type = String, example = "pending")]
    state: WebhookDeliveryState,
    /// How often it was tried since it was queued last.
    attempt: i32,
    /// When it is tried next.
    next_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl From<Told> for WebhookDelivery {
    fn from(told: Told) -> Self {
        let Told { delivery, message } = told;
        Self {
            id: delivery.id.0,
            endpoint_id: delivery.endpoint_id.0,
            message_id: delivery.message_id.0,
            event_type: message.event_type,
            state: delivery.state,
            attempt: delivery.attempt,
            next_at: delivery.next_at,
            created_at: delivery.created_at,
            updated_at: delivery.updated_at,
        }
    }
}

/// A delivery with the body that is sent.
#[derive(Debug, Serialize, ToSchema)]
pub struct WebhookDeliveryDetail {
    #[serde(flatten)]
    delivery: WebhookDelivery,
    /// What is sent, as it is signed.
    #[schema(
        example = "{\"type\":\"run.completed\",\"timestamp\":\"2026-01-15T09:30:00Z\",\"data\":{}}"
    )]
    payload: String,
}

/// One try.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "number": 1, "status": 503, "duration_ms": 412, "error": "the answer was 503",
    "answer": "busy, come back later", "created_at": "2026-01-15T09:30:00Z",
}))]
pub struct WebhookAttempt {
    /// Which try it was, from 1.
    number: i32,
    /// The answer's status; none when there was no answer.
    status: Option<i32>,
    duration_ms: i64,
    /// Why there was no answer, or why it did not count.
    error: Option<String>,
    /// The answer's body, cut at 2 KiB.
    answer: Option<String>,
    created_at: DateTime<Utc>,
}

impl From<attempt::Model> for WebhookAttempt {
    fn from(row: attempt::Model) -> Self {
        Self {
            number: row.number,
            status: row.status,
            duration_ms: row.duration_ms,
            error: row.error,
            answer: row.answer,
            created_at: row.created_at,
        }
    }
}

/// Which deliveries.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct DeliveryQuery {
    /// `pending`, `delivered` or `failed`.
    #[param(value_type = Option<String>)]
    state: Option<WebhookDeliveryState>,
}

/// What an endpoint is told, the newest first.
#[utoipa::path(get, path = "/webhook-endpoints/{id}/deliveries", tag = "webhooks",
    params(("id" = Uuid, Path), DeliveryQuery), responses(
    (status = 200, body = List<WebhookDelivery>), (status = 404, body = Problem),
))]
async fn list_deliveries(
    Caller(ctx): Caller,
    Path(id): Path<WebhookEndpointId>,
    Listing((query, page)): Listing<DeliveryQuery>,
) -> Result<Response, ApiError> {
    let filter = DeliveryFilter { state: query.state };
    let found = webhook::deliveries(&ctx, id, filter, page.request()).await?;
    page.answer(found.map(WebhookDelivery::from))
}

/// One delivery.
#[utoipa::path(get, path = "/webhook-deliveries/{id}", tag = "webhooks",
    params(("id" = Uuid, Path)), responses(
    (status = 200, body = WebhookDeliveryDetail), (status = 304), (status = 404, body = Problem),
))]
async fn show_delivery(
    Caller(ctx): Caller,
    Path(id): Path<WebhookDeliveryId>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let told = webhook::delivery(&ctx, id).await?;
    let body = WebhookDeliveryDetail {
        payload: String::from_utf8_lossy(&told.message.payload).into_owned(),
        delivery: told.into(),
    };
    tag::whole(&headers, &body)
}

/// The tries of a delivery, the oldest first.
#[utoipa::path(get, path = "/webhook-deliveries/{id}/attempts", tag = "webhooks",
    params(("id" = Uuid, Path)), responses(
    (status = 200, body = List<WebhookAttempt>), (status = 404, body = Problem),
))]
async fn list_attempts(
    Caller(ctx): Caller,
    Path(id): Path<WebhookDeliveryId>,
    Plain(page): Plain,
) -> Result<Response, ApiError> {
    let found = webhook::attempts(&ctx, id, page.request()).await?;
    page.answer(found.map(WebhookAttempt::from))
}

/// Send a delivery again, from the beginning of the schedule: the same id, the same bytes.
#[utoipa::path(post, path = "/webhook-deliveries/{id}/replay", tag = "webhooks",
    params(("id" = Uuid, Path)), responses(
    (status = 200, body = WebhookDelivery), (status = 404, body = Problem),
    (status = 409, body = Problem),
))]
async fn replay_delivery(
    Caller(ctx): Caller,
    Path(id): Path<WebhookDeliveryId>,
) -> Result<Json<WebhookDelivery>, ApiError> {
    let delivery = webhook::replay(&ctx, id).await?;
    let told = webhook::delivery(&ctx, id).await?;
    Ok(Json(Told { delivery, ..told }.into()))
}

/// Which of what an endpoint was not told.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Untold {
    /// What failed.
    Failed,
    /// What it was never sent: it was disabled, or had not asked for it.
    Missing,
}

/// What is sent again.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "what": "failed", "since": "2026-01-14T00:00:00Z" }))]
pub struct ReplayBody {
    what: Untold,
    /// What happened from this moment on.
    since: DateTime<Utc>,
}

/// Send an endpoint what failed since a moment, or what it was never told. What is missing comes in
/// portions of 10,000: ask again while there is more.
#[utoipa::path(post, path = "/webhook-endpoints/{id}/replay", tag = "webhooks",
    params(("id" = Uuid, Path)), request_body = ReplayBody, responses(
    (status = 200, body = Replayed), (status = 404, body = Problem), (status = 409, body = Problem),
))]
async fn replay_since(
    Caller(ctx): Caller,
    Path(id): Path<WebhookEndpointId>,
    Json(body): Json<ReplayBody>,
) -> Result<Json<Replayed>, ApiError> {
    let replayed = match body.what {
        Untold::Failed => webhook::replay_failed(&ctx, id, body.since).await?,
        Untold::Missing => webhook::replay_missing(&ctx, id, body.since).await?,
    };
    Ok(Json(replayed.into()))
}
