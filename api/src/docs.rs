//! The page at `/api/docs`: the `OpenAPI` document for people, to read and to try.
//!
//! Everything that it loads comes with the binary, and its policy lets it load nothing else.

use axum::Router;
use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY};
use axum::middleware::map_response;
use axum::response::Response;
use utoipa::Modify;
use utoipa::openapi::OpenApi;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::urls::path;

/// What the page needs: its own scripts and styles, images within its styles, our routes to try.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
                      img-src 'self' data:; font-src 'self'; connect-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/// Where the document is, as the page finds it below whatever path people reach us.
const DOCUMENT: &str = "../openapi.json";

/// The page and what it loads.
pub(crate) fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    // A validator elsewhere would be told of the document.
    let config = Config::new([DOCUMENT])
        .use_base_layout()
        .validator_url("none")
        .display_request_duration(true)
        .with_credentials(true);
    Router::from(SwaggerUi::new(path::DOCS).config(config)).layer(map_response(dress))
}

async fn dress(mut response: Response) -> Response {
    let headers = response.headers_mut();
    for (name, value) in [
        (CONTENT_SECURITY_POLICY, POLICY),
        (CACHE_CONTROL, "public, max-age=3600"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Says in the document how a caller is known.
pub(crate) struct Keys;

impl Modify for Keys {
    fn modify(&self, document: &mut OpenApi) {
        let scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("A key that `POST /api/v1/me/keys` made."))
            .build();
        document
            .components
            .get_or_insert_default()
            .add_security_scheme("key", SecurityScheme::Http(scheme));
        let key = SecurityRequirement::new("key", Vec::<String>::new());
        // Or a session's cookie, or nothing where a route asks for nothing.
        document.security = Some(vec![key, SecurityRequirement::default()]);
    }
}
