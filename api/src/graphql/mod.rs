//! GraphQL at `/graphql`: what admins, analysts and dashboards ask.
//!
//! A question comes by POST, GET or WebSocket, and all of them go through `execute`: there the
//! document is found (`persisted`) and measured (`tokens`, `limits`, `variables`) before it runs.
//! Every entity is there without code (`explore`); what a list of rows cannot say is a resolver that
//! calls the same verb of `service` that REST calls. An error has the same code as there.

mod analytics;
mod document;
mod examine;
mod execute;
mod explore;
mod export;
mod http;
mod identity;
mod job;
mod limits;
mod operation;
mod persisted;
mod question;
mod saved;
mod scalar;
mod socket;
mod subscription;
mod system;
mod tokens;
mod variables;

use std::sync::Arc;

use async_graphql::{Context, MergedObject, Schema, SchemaBuilder};
use axum::routing::get;
use axum::{Extension, Router};
use service::Ctx;
use service::error::Error;
use service::settings::Settings;

pub use self::examine::{Wrong, examine};
pub(crate) use self::execute::Api;
pub(crate) use self::export::Asked;
use self::subscription::Subscription;
use crate::error::ApiError;
use crate::rest::App;
use crate::urls::path;

/// What can be asked.
#[derive(Debug, Default, MergedObject)]
struct Query(
    explore::Explore,
    explore::AdminQuery,
    identity::IdentityQuery,
    analytics::AnalyticsQuery,
    system::SystemQuery,
);

/// What can be changed.
#[derive(Debug, Default, MergedObject)]
struct Mutation(
    explore::Change,
    analytics::AnalyticsMutation,
    document::DocumentMutation,
    job::JobMutation,
    saved::SavedMutation,
    system::SystemMutation,
);

fn builder() -> SchemaBuilder<Query, Mutation, Subscription> {
    Schema::build(Query::default(), Mutation::default(), Subscription)
}

/// The one gate that every document goes through, for the routes that take documents.
pub(crate) fn gate(settings: &Settings) -> Extension<Arc<Api>> {
    Extension(Arc::new(Api::new(settings)))
}

/// The route.
pub fn routes() -> Router<App> {
    Router::new().route(path::GRAPHQL, get(http::answer).post(http::answer))
}

/// schema.graphql.
pub fn sdl() -> String {
    Api::default().sdl()
}

/// The caller's context, which the transport put into the request.
fn caller<'a>(context: &Context<'a>) -> Result<&'a Ctx, ApiError> {
    let ctx = context.data_opt::<Ctx>();
    let ctx = ctx.ok_or_else(|| Error::internal("a GraphQL request without a caller"))?;
    operation::tell(context, ctx);
    Ok(ctx)
}
