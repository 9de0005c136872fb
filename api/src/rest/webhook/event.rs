//! The catalogue of events, as a list and as the document's webhooks.

use axum::http::HeaderMap;
use axum::response::Response;
use serde::Serialize;
use service::webhook::{EVENTS, EventType};
use utoipa::openapi::path::{
    HttpMethod, OperationBuilder, Parameter, ParameterBuilder, ParameterIn,
};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type};
use utoipa::openapi::{
    ContentBuilder, OpenApi, PathItem, PathsBuilder, RefOr, Required, ResponseBuilder, Schema,
};
use utoipa::{Modify, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::error::ApiError;
use crate::rest::{App, tag};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(event_types))
}

/// A type of event that can be asked for.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "name": "run.completed",
    "description": "The last stage is in: the run has its cards.",
    "example": {
        "type": "run.completed", "timestamp": "2026-01-15T09:30:00Z",
        "data": { "id": "019bc0de-0000-7000-8000-000000000001", "status": "COMPLETED" },
    },
}))]
pub struct WebhookEventType {
    name: &'static str,
    /// When it happens.
    description: &'static str,
    /// A body as it may be sent.
    example: serde_json::Value,
}

impl From<EventType> for WebhookEventType {
    fn from(event: EventType) -> Self {
        Self {
            name: event.name(),
            description: event.description(),
            example: event.example(),
        }
    }
}

/// Every type of event that an endpoint can ask for.
#[utoipa::path(get, path = "/webhook-event-types", tag = "webhooks", responses(
    (status = 200, body = Vec<WebhookEventType>), (status = 304),
))]
async fn event_types(headers: HeaderMap) -> Result<Response, ApiError> {
    let known: Vec<WebhookEventType> = EVENTS.iter().copied().map(Into::into).collect();
    tag::whole(&headers, &known)
}

/// Says in the document what endpoints are sent.
pub(crate) struct Sent;

impl Modify for Sent {
    fn modify(&self, document: &mut OpenApi) {
        let mut paths = PathsBuilder::new();
        for event in EVENTS {
            let operation = OperationBuilder::new()
                .tag("webhooks")
                .summary(Some(event.description()))
                .parameters(Some(headers()))
                .request_body(Some(
                    RequestBodyBuilder::new()
                        .required(Some(Required::True))
                        .content(
                            "application/json",
                            ContentBuilder::new()
                                .schema(Some(body()))
                                .example(Some(event.example()))
                                .build(),
                        )
                        .build(),
                ))
                .response(
                    "2XX",
                    ResponseBuilder::new()
                        .description("It was taken; anything else is sent again."),
                )
                .response(
                    "410",
                    ResponseBuilder::new().description("The endpoint is gone: it is disabled."),
                );
            paths = paths.path(event.name(), PathItem::new(HttpMethod::Post, operation));
        }
        document.webhooks = Some(paths.build());
    }
}

fn text(format: Option<KnownFormat>) -> RefOr<Schema> {
    let object = ObjectBuilder::new().schema_type(Type::String);
    let format = format.map(SchemaFormat::KnownFormat);
    RefOr::T(object.format(format).build().into())
}

fn body() -> RefOr<Schema> {
    let object = ObjectBuilder::new()
        .property("type", text(None))
        .property("timestamp", text(Some(KnownFormat::DateTime)))
        .property("data", ObjectBuilder::new().schema_type(Type::Object))
        .required("type")
        .required("timestamp")
        .required("data");
    RefOr::T(object.build().into())
}

fn headers() -> Vec<Parameter> {
    let header = |name: &str, what: &str| {
        ParameterBuilder::new()
            .name(name)
            .parameter_in(ParameterIn::Header)
            .required(Required::True)
            .description(Some(what))
            .schema(Some(text(None)))
            .build()
    };
    vec![
        header("webhook-id", "The message: the same at every try."),
        header("webhook-timestamp", "When this try was made, in seconds."),
        header(
            "webhook-signature",
            "`v1,` and base64 of HMAC-SHA256 over `id.timestamp.body`; several, while a secret is \
             rotated.",
        ),
    ]
}
