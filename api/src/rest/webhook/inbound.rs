//! What others tell us. Who they are stands in the signature, so a credential has no say here.

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use service::Error;
use service::webhook::inbound::Parcel;
use service::webhook::receive;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::caller::Visitor;
use crate::error::{ApiError, Door, Problem};
use crate::extract::{Json, Path};
use crate::rest::App;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(receive_event))
}

/// An event that is kept.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({ "id": "019bc0de-0000-7000-8000-000000000009", "duplicate": false }))]
pub struct ReceivedEvent {
    id: Uuid,
    /// Whether it was kept before: nothing happens a second time.
    duplicate: bool,
}

/// Tell us of an event, signed as the source's scheme has it: 202 when it is kept, 200 when it was
/// before. What is done with it comes later.
#[utoipa::path(post, path = "/webhooks/{source}", tag = "webhooks",
    params(("source" = String, Path, description = "The source's name.")),
    request_body(content = serde_json::Value, content_type = "application/json",
        description = "Whatever the source says: the raw bytes are what is signed."),
    responses(
    (status = 202, body = ReceivedEvent), (status = 200, body = ReceivedEvent),
    (status = 400, body = Problem), (status = 401, body = Problem), (status = 404, body = Problem),
))]
async fn receive_event(
    Visitor(ctx): Visitor,
    Path(source): Path<String>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, ApiError> {
    let body = body.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Error::from(Door::TooLarge),
        _ => Error::from(Door::Malformed(rejection.body_text())),
    })?;
    let read = headers.iter().filter_map(|(name, value)| {
        let value = value.to_str().ok()?;
        Some((name.as_str().to_owned(), value.to_owned()))
    });
    let read: Vec<(String, String)> = read.collect();
    let parcel = Parcel {
        headers: &read,
        body: &body,
    };
    let received = receive(&ctx, &source, parcel).await?;
    let status = if received.duplicate {
        StatusCode::OK
    } else {
        StatusCode::ACCEPTED
    };
    let body = ReceivedEvent {
        id: received.id.0,
        duplicate: received.duplicate,
    };
    Ok((status, Json(body)).into_response())
}
