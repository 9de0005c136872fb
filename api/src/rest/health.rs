//! Health for the orchestrator: alive, ready, started. Anonymous callers learn the status only.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::{Value, json};
use service::ctx::Services;

use super::App;
use crate::caller::Caller;
use crate::error::ApiError;
use crate::extract::Json;
use crate::urls::path::{API, HEALTH};

pub(crate) fn routes() -> Router<App> {
    let system = Router::new()
        .route("/system/database", get(database))
        .route("/system/database/reconnect", post(reconnect));
    let health = Router::new()
        .route("/live", get(live))
        .route("/ready", get(ready))
        .route("/startup", get(ready));
    Router::new().nest(HEALTH, health).nest(API, system)
}

fn answer(good: bool) -> Response {
    let (status, word) = if good {
        (StatusCode::OK, "pass")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "fail")
    };
    let mut response = (status, json!({ "status": word }).to_string()).into_response();
    let kind = HeaderValue::from_static("application/health+json");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}

/// Whether the process turns. It never asks the database.
async fn live() -> Response {
    answer(true)
}

/// Whether requests can be answered.
async fn ready(State(app): State<App>) -> Response {
    answer(is_ready(&app).await)
}

async fn is_ready(app: &Arc<Services>) -> bool {
    !app.stop.is_cancelled() && app.db.probe().await.is_ok()
}

/// How the database is, for staff.
async fn database(State(app): State<App>, Caller(ctx): Caller) -> Result<Json<Value>, ApiError> {
    ctx.actor.reads()?;
    if !ctx.actor.is_staff() {
        return Err(service::error::Common::Denied.into());
    }
    Ok(Json(json!(app.db.health().await)))
}

/// Connect anew, for admins.
async fn reconnect(State(app): State<App>, Caller(ctx): Caller) -> Result<Json<Value>, ApiError> {
    ctx.actor.need_admin()?;
    Ok(Json(json!(app.db.reconnect().await)))
}
