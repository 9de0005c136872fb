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
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
};
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::caller::{COOKIES, KEY_HEADER};
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
        let header = "The same key, in a header of its own.";
        let header = ApiKeyValue::with_description(KEY_HEADER, header);
        let cookie = "The session that `POST /api/v1/session` opened. A write that comes with it \
                      names its `Origin`, and has the header `X-Requested-With`.";
        let cookie = ApiKeyValue::with_description(COOKIES[0], cookie);
        let ways = [
            ("key", SecurityScheme::Http(scheme)),
            ("key_header", SecurityScheme::ApiKey(ApiKey::Header(header))),
            ("session", SecurityScheme::ApiKey(ApiKey::Cookie(cookie))),
        ];
        let components = document.components.get_or_insert_default();
        // Any of them, or nothing where a route asks for nothing.
        let mut enough = Vec::new();
        for (name, scheme) in ways {
            components.add_security_scheme(name, scheme);
            enough.push(SecurityRequirement::new(name, Vec::<String>::new()));
        }
        enough.push(SecurityRequirement::default());
        document.security = Some(enough);
    }
}
