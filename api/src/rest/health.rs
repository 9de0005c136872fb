//! Health for the orchestrator: alive, ready, started. Staff learn what is behind the status, others
//! the status only.

use std::convert::Infallible;

use axum::Router;
use axum::extract::{FromRequestParts, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::{Value, json};
use service::ctx::Services;
use service::health::{self, Report};

use super::App;
use crate::caller::Caller;
use crate::urls::path::HEALTH;

pub(crate) fn routes() -> Router<App> {
    let health = Router::new()
        .route("/live", get(live))
        .route("/ready", get(ready))
        .route("/startup", get(startup));
    Router::new().nest(HEALTH, health)
}

fn answer(good: bool, details: Option<Value>) -> Response {
    let (status, word) = if good {
        (StatusCode::OK, "pass")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "fail")
    };
    let mut body = json!({ "status": word });
    if let (Some(body), Some(Value::Object(details))) = (body.as_object_mut(), details) {
        body.extend(details);
    }
    let mut response = (status, body.to_string()).into_response();
    let kind = HeaderValue::from_static("application/health+json");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}

/// Whether the process turns. It never asks the database.
async fn live() -> Response {
    answer(true, None)
}

/// Whether requests can be answered: the database is there, migrated, and no stop is under way.
async fn ready(State(app): State<App>, Staff(staff): Staff) -> Response {
    let report = health::look(&app).await;
    let details = staff.then(|| details(&app, &report));
    answer(report.is_ready(), details)
}

/// Whether the process was ready once. What happens to the database later is not the start's.
async fn startup(State(app): State<App>, Staff(staff): Staff) -> Response {
    if app.started.is_over() && !staff {
        return answer(true, None);
    }
    let report = health::look(&app).await;
    let details = staff.then(|| details(&app, &report));
    answer(app.started.is_over(), details)
}

/// Whether staff asks. A credential that is no good, or cannot be looked at now, is nobody's.
struct Staff(bool);

impl<S: Send + Sync> FromRequestParts<S> for Staff {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        let caller = Caller::from_request_parts(parts, state).await;
        Ok(Self(
            caller.is_ok_and(|Caller(ctx)| ctx.actor.need_staff().is_ok()),
        ))
    }
}

/// What staff is told beside the status.
fn details(app: &Services, report: &Report) -> Value {
    let word = |good: bool| if good { "pass" } else { "fail" };
    let time = app.clock.now();
    let database = &report.database;
    let migrated = report.pending.as_ref().is_some_and(Vec::is_empty);
    json!({
        "releaseId": env!("CARGO_PKG_VERSION"),
        "started": app.started.is_over(),
        "checks": {
            "database:responseTime": [{
                "componentType": "datastore",
                "status": word(database.healthy),
                "observedValue": database.latency_ms,
                "observedUnit": "ms",
                "time": time,
                "output": database.error.as_ref().map(|error| &error.message),
            }],
            "database:pendingMigrations": [{
                "componentType": "datastore",
                "status": word(migrated),
                "observedValue": report.pending,
                "time": time,
            }],
            "process:draining": [{
                "componentType": "system",
                "status": word(!report.draining),
                "observedValue": report.draining,
                "time": time,
            }],
        },
        "database": database,
    })
}
