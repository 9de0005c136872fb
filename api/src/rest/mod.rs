//! REST below `/api/v1`: for workers, uploads, webhooks and public clients.

pub mod agent;
pub mod configuration;
pub(crate) mod conventions;
mod example;
pub mod export;
pub mod health;
pub mod integration;
mod list;
pub mod nft;
pub mod notification;
mod preferences;
pub mod public;
pub mod run;
pub mod session;
mod sse;
pub mod system;
mod tag;
pub mod thread;
pub mod upload;
pub mod video;
pub mod wallet;
pub mod webhook;
pub mod worker;

use std::sync::Arc;

use axum::Json;
use axum::extract::DefaultBodyLimit;
use axum::http::header::LOCATION;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Deserializer, Serialize};
use service::Ctx;
use service::ctx::Services;
use service::error::Error;
use utoipa_axum::router::OpenApiRouter;

use crate::error::ApiError;
use crate::urls::path::API;

/// The state that routes share.
pub type App = Arc<Services>;

const JSON: usize = 1024 * 1024;
const BULK: usize = 32 * 1024 * 1024;

/// The largest body that a POST to `route` takes, in bytes.
pub(crate) fn most(ctx: &Ctx, route: &str) -> usize {
    let path = route.strip_prefix(API).unwrap_or_default();
    if let Some(most) = upload::most(ctx, path) {
        return most;
    }
    if path == "/threads/{id}/messages/bulk" {
        BULK
    } else {
        JSON
    }
}

/// Whether a POST to `route` takes a whole file.
pub(crate) fn takes_file(ctx: &Ctx, route: &str) -> bool {
    let path = route.strip_prefix(API).unwrap_or_default();
    upload::most(ctx, path).is_some()
}

/// Every route below `/api/v1`.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .merge(public::routes())
        .merge(session::routes())
        .merge(wallet::routes())
        .merge(preferences::routes())
        .merge(run::routes())
        .merge(agent::routes())
        .merge(integration::routes())
        .merge(notification::routes())
        .merge(nft::routes())
        .merge(video::routes())
        .merge(export::routes())
        .merge(system::routes())
        .merge(webhook::routes())
        .merge(configuration::routes())
        .layer(DefaultBodyLimit::max(JSON))
        .merge(thread::routes())
        .merge(worker::routes())
        .merge(upload::routes())
}

/// A fresh row as an answer: 201, with its place.
fn created(location: &str, row: impl Serialize) -> Result<Response, ApiError> {
    let location = HeaderValue::from_str(location).map_err(Error::internal)?;
    let headers = [(LOCATION, location)];
    Ok((StatusCode::CREATED, headers, Json(row)).into_response())
}

/// A member that may be left out (it stays), or be null (it goes).
#[expect(
    clippy::option_option,
    reason = "what is not said, and what is said to be nothing"
)]
fn said<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}
