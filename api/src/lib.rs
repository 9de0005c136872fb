//! How the outside asks Chancery and hears back: REST, GraphQL, and the process around it.

pub mod arrival;
pub mod caller;
pub mod config;
mod docs;
pub mod error;
mod exact;
pub mod extract;
mod graphiql;
pub mod graphql;
pub mod metrics;
pub mod middleware;
pub mod rest;
pub mod server;
pub mod urls;

use std::sync::Arc;

use axum::Router;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use service::ctx::Services;
use tower_http::catch_panic::CatchPanicLayer;
use utoipa::OpenApi as _;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;

use crate::docs::Keys;
use crate::error::{ApiError, Door};
use crate::rest::webhook::event::Sent;
use crate::urls::path;

#[derive(utoipa::OpenApi)]
#[openapi(modifiers(&Keys, &Sent), info(
    title = "Chancery",
    description = "The records of an AI-agent product: REST for workers, uploads, webhooks and \
                   public clients."
))]
struct Document;

fn documented() -> OpenApiRouter<Arc<Services>> {
    let document = OpenApiRouter::with_openapi(Document::openapi());
    let mut routes = document.nest(path::API, rest::routes());
    rest::conventions::complete(routes.get_openapi_mut());
    routes
}

/// The `OpenAPI` document.
pub fn openapi() -> OpenApi {
    documented().split_for_parts().1
}

/// Every route, behind every layer.
pub fn router(services: Arc<Services>) -> Router {
    metrics::install();
    let (routes, document) = documented().split_for_parts();
    let document: Arc<str> = document.to_json().unwrap_or_default().into();
    let json = move || async move {
        (
            [(axum::http::header::CONTENT_TYPE, "application/json")],
            document.to_string(),
        )
    };
    let gate = graphql::gate(&services.settings);
    let served = |routes: Router<Arc<Services>>| {
        routes
            .method_not_allowed_fallback(|| async { refuse(Door::Method) })
            .layer(gate.clone())
            .layer(CatchPanicLayer::custom(|_| refuse(Door::Panic)))
            .with_state(Arc::clone(&services))
    };
    let keyed = served(routes);
    let keyed = keyed
        .clone()
        .layer(from_fn_with_state(keyed, middleware::once));
    let others = Router::new()
        .merge(rest::health::routes())
        .merge(metrics::routes())
        .merge(docs::routes())
        .merge(graphql::routes())
        .merge(graphiql::routes(&services.settings))
        .route(path::OPENAPI, get(json))
        .route(&format!("{}/{{code}}", path::ERRORS), get(error_page));
    let routes = keyed
        .merge(served(others))
        .fallback(|| async { refuse(Door::NoRoute) });
    let routes = match middleware::cors(&services.settings.cors_origins) {
        Some(cors) => routes.layer(cors),
        None => routes,
    };
    routes.layer(from_fn_with_state(services, middleware::frame))
}

/// What a process without doors answers: its metrics, its health.
pub fn probes(services: Arc<Services>) -> Router {
    let health = rest::health::routes().with_state(Arc::clone(&services));
    metrics::router(services).merge(health)
}

fn refuse(door: Door) -> Response {
    ApiError::from(door).into_response()
}

/// What an error code means.
async fn error_page(Path(code): Path<String>) -> Response {
    match error::table().into_iter().find(|entry| entry.code == code) {
        Some(entry) => {
            let status = error::status_of(entry.kind).as_u16();
            format!("{} ({status})\n\n{}\n", entry.code, entry.advice).into_response()
        }
        None => (StatusCode::NOT_FOUND, "there is no such code\n").into_response(),
    }
}
