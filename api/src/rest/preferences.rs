//! What the caller prefers.

use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::Value;
use service::identity;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{App, tag};
use crate::caller::Caller;
use crate::error::{ApiError, Problem};
use crate::extract::Json;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(preferences, prefer))
}

/// What the caller prefers, by key.
#[utoipa::path(get, path = "/me/preferences", tag = "me", responses(
    (status = 200, body = Object, example = json!({ "theme": "dark" })), (status = 304),
    (status = 401, body = Problem),
))]
async fn preferences(Caller(ctx): Caller, headers: HeaderMap) -> Result<Response, ApiError> {
    let found = identity::preferences(&ctx).await?;
    tag::shown(&headers, found.version, found.values)
}

/// Change what the caller prefers, as a merge patch (RFC 7396): members replace, `null` removes.
#[utoipa::path(patch, path = "/me/preferences", tag = "me",
    request_body(content = Object, example = json!({ "theme": "dark", "sidebar": null })), responses(
    (status = 200, body = Object, example = json!({ "theme": "dark" })), (status = 401, body = Problem),
    (status = 412, body = Problem), (status = 422, body = Problem),
))]
async fn prefer(
    Caller(ctx): Caller,
    headers: HeaderMap,
    Json(patch): Json<Value>,
) -> Result<Response, ApiError> {
    let found = identity::prefer(&ctx, patch, &tag::if_match(&headers)).await?;
    tag::row(found.version, found.values)
}
