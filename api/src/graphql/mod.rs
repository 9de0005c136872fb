//! GraphQL at `/graphql`: what admins, analysts and dashboards ask.
//!
//! A document is measured before it is run (`tokens`, `limits`), a resolver calls the same verb of
//! `service` that REST calls, and an error has the same code as there.

mod analytics;
mod conversation;
mod http;
mod identity;
mod limits;
mod page;
mod pipeline;
mod scalar;
mod tokens;

use std::sync::Arc;

use async_graphql::{Context, EmptySubscription, MergedObject, Schema};
use axum::routing::get;
use axum::{Extension, Router};
use service::Ctx;
use service::error::Error;
use service::settings::{Environment, Settings};

use crate::error::ApiError;
use crate::rest::App;
use crate::urls::path;

/// What can be asked.
#[derive(Debug, Default, MergedObject)]
struct Query(
    identity::IdentityQuery,
    pipeline::PipelineQuery,
    conversation::ConversationQuery,
    analytics::AnalyticsQuery,
);

/// What can be done.
#[derive(Debug, Default, MergedObject)]
struct Mutation(analytics::AnalyticsMutation);

/// The schema, and who may look at it.
struct Api {
    schema: Schema<Query, Mutation, EmptySubscription>,
    introspection: bool,
}

impl Api {
    fn new(introspection: bool) -> Self {
        // The limits are our own: those of the library stop a client that asks what the schema is.
        let mut schema = Schema::build(Query::default(), Mutation::default(), EmptySubscription);
        if !introspection {
            schema = schema.disable_introspection().disable_suggestions();
        }
        Self {
            schema: schema.finish(),
            introspection,
        }
    }
}

/// The route. In production nobody is told what the schema is, nor what a typing error may have
/// meant.
pub fn routes(settings: &Settings) -> Router<App> {
    let api = Api::new(settings.environment != Environment::Production);
    Router::new()
        .route(path::GRAPHQL, get(http::answer).post(http::answer))
        .layer(Extension(Arc::new(api)))
}

/// schema.graphql.
pub fn sdl() -> String {
    Api::new(true).schema.sdl()
}

/// The caller's context, which the transport put into the request.
fn caller<'a>(context: &Context<'a>) -> Result<&'a Ctx, ApiError> {
    let ctx = context.data_opt::<Ctx>();
    ctx.ok_or_else(|| Error::internal("a GraphQL request without a caller").into())
}
