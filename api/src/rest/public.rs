//! What a client is told before it knows anything: where the doors are, and what is open.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{App, BULK, JSON, tag};
use crate::error::ApiError;
use crate::urls::{Urls, path};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(public))
}

/// Where the doors are. Paths, where the server does not know its own address.
#[derive(Debug, Serialize, ToSchema)]
pub struct Addresses {
    /// The server itself.
    #[schema(example = "https://chancery.example.com/")]
    public: String,
    /// REST.
    #[schema(example = "https://chancery.example.com/api/v1")]
    api: String,
    /// GraphQL.
    #[schema(example = "https://chancery.example.com/graphql")]
    graphql: String,
    /// The REST routes, as an `OpenAPI` document.
    #[schema(example = "https://chancery.example.com/api/openapi.json")]
    openapi: String,
    /// The same, for people.
    #[schema(example = "https://chancery.example.com/api/docs/")]
    docs: String,
}

/// How callers get in.
#[derive(Debug, Serialize, ToSchema)]
pub struct SigningIn {
    /// By e-mail address and password.
    password: bool,
    /// Whether anybody may make an account.
    signup: bool,
}

/// The largest bodies, in bytes.
#[derive(Debug, Serialize, ToSchema)]
pub struct Limits {
    /// Of JSON.
    json: usize,
    /// Of JSON on bulk routes.
    bulk: usize,
}

/// The settings that everybody may know.
#[derive(Debug, Serialize, ToSchema)]
pub struct PublicConfig {
    /// The server's version.
    #[schema(example = "0.1.0")]
    version: String,
    /// `development`, `test`, `staging` or `production`.
    #[schema(example = "production")]
    environment: String,
    urls: Addresses,
    auth: SigningIn,
    limits: Limits,
}

/// Where the doors are, and the settings that everybody may know.
#[utoipa::path(get, path = "/config/public", tag = "config", responses(
    (status = 200, body = PublicConfig), (status = 304),
))]
async fn public(
    State(app): State<App>,
    urls: Urls,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let config = PublicConfig {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        environment: app.settings.environment.name().to_owned(),
        urls: Addresses {
            public: urls.at("/"),
            api: urls.at(path::API),
            graphql: urls.at(path::GRAPHQL),
            openapi: urls.at(path::OPENAPI),
            docs: urls.at(&format!("{}/", path::DOCS)),
        },
        auth: SigningIn {
            password: true,
            signup: false,
        },
        limits: Limits {
            json: JSON,
            bulk: BULK,
        },
    };
    tag::whole(&headers, &config)
}
