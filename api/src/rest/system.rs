//! The process itself, for its keepers.

use serde_json::{Value, json};
use service::health;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::App;
use crate::caller::Caller;
use crate::error::{ApiError, Problem};
use crate::extract::Json;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(show_database))
        .routes(routes!(reconnect_database))
}

/// How the connection to the database is, for staff: a probe, the state, the pool, the last error.
#[utoipa::path(get, path = "/system/database", tag = "system", responses(
    (status = 200, body = Value), (status = 401, body = Problem), (status = 403, body = Problem),
))]
async fn show_database(Caller(ctx): Caller) -> Result<Json<Value>, ApiError> {
    Ok(Json(json!(health::database(&ctx).await?)))
}

/// Connect to the database anew, for admins. Requests under way end on the old connections.
#[utoipa::path(post, path = "/system/database/reconnect", tag = "system", responses(
    (status = 200, body = Value), (status = 401, body = Problem), (status = 403, body = Problem),
))]
async fn reconnect_database(Caller(ctx): Caller) -> Result<Json<Value>, ApiError> {
    Ok(Json(json!(health::reconnect(&ctx).await?)))
}
