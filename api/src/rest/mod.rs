//! REST below `/api/v1`: for workers, uploads, webhooks and public clients.

pub mod health;
mod list;
pub mod run;
pub mod session;
pub mod worker;

use std::sync::Arc;

use axum::extract::DefaultBodyLimit;
use service::ctx::Services;
use utoipa_axum::router::OpenApiRouter;

/// The state that routes share.
pub type App = Arc<Services>;

const JSON: usize = 1024 * 1024;
/// The largest body that any route takes, in bytes.
pub(crate) const BULK: usize = 32 * 1024 * 1024;

/// Every route below `/api/v1`.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .merge(session::routes())
        .merge(run::routes())
        .layer(DefaultBodyLimit::max(JSON))
        // A stage brings a whole text.
        .merge(worker::routes().layer(DefaultBodyLimit::max(BULK)))
}
