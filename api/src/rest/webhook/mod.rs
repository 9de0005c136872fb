//! Webhooks, out and in.

pub mod delivery;
pub mod endpoint;
pub mod event;
pub mod inbound;
pub mod source;

use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

use super::App;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .merge(event::routes())
        .merge(endpoint::routes())
        .merge(delivery::routes())
        .merge(source::routes())
        .merge(inbound::routes())
}

/// How many deliveries begin anew.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({ "count": 12, "more": false }))]
pub struct Replayed {
    count: u64,
    /// Whether there are more: ask again.
    more: bool,
}

impl From<service::webhook::Replayed> for Replayed {
    fn from(replayed: service::webhook::Replayed) -> Self {
        Self {
            count: replayed.count,
            more: replayed.more,
        }
    }
}
