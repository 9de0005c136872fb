//! The outermost layers: request ids, one log line a request, metrics, security headers, the
//! caller, and problems that carry their request's id.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{self, HeaderName};
use axum::http::{HeaderMap, HeaderValue, Version};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use service::Ctx;
use service::ctx::Services;
use service::operation::{self, Kind, Label};
use tracing::{Instrument as _, info, info_span};

use crate::arrival::Arrival;
use crate::caller::{Refused, Visitor};
use crate::error::{ApiError, Door, Problem, respond};
use crate::metrics;
use crate::urls::{Urls, path};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The id that a request's answer, log line and audit rows share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestId(pub String);

/// Give the request its id and its caller, and the answer what every answer has. Every line that is
/// logged meanwhile has the id.
pub async fn frame(
    State(services): State<Arc<Services>>,
    request: Request,
    next: Next,
) -> Response {
    let id = request_id(&services, request.headers());
    let span = info_span!("request", request.id = %id);
    let route = request.extensions().get::<MatchedPath>();
    let route = route.map_or_else(|| "unmatched".to_owned(), |path| path.as_str().to_owned());
    let method = metrics::method(request.method());
    let label = Label::new(Kind::Rest, &format!("{method} {route}"));
    let operations = Arc::clone(&services.operations);
    let answer = framed(services, request, next, id.clone(), route);
    operation::within(&operations, label, &id, answer.instrument(span)).await
}

async fn framed(
    services: Arc<Services>,
    mut request: Request,
    next: Next,
    id: String,
    route: String,
) -> Response {
    let began = Instant::now();
    let _running = metrics::Running::begin();
    let method = request.method().clone();
    let urls = Urls::of(
        &services.settings,
        request.uri(),
        request.headers(),
        request.extensions(),
    );
    let extensions = request.extensions_mut();
    extensions.insert(urls.clone());
    extensions.insert(RequestId(id.clone()));
    // Whether the process lives must not hang on the database, which knows the callers.
    let live = route.strip_prefix(path::HEALTH) == Some("/live");
    if !live && route != path::METRICS {
        let visitor = Visitor::of(&services, request.extensions());
        let ctx = visitor.identify(&method, &urls, request.headers()).await;
        let ctx: Result<Ctx, Refused> = ctx.map_err(Into::into);
        request.extensions_mut().insert(visitor);
        request.extensions_mut().insert(ctx);
    }

    let arrival = request.extensions().get::<Arrival>().cloned();
    let follows = request.version() < Version::HTTP_2;
    // Who waits for a word before sending the body is not told to go on for nothing.
    let waits = request.headers().contains_key(header::EXPECT);
    let mut response = match &arrival {
        None => next.run(request).await,
        Some(arrival) => tokio::select! {
            response = next.run(request) => response,
            () = arrival.overdue() => ApiError::from(Door::Overdue).into_response(),
        },
    };
    let failed = response.status().is_client_error() || response.status().is_server_error();
    if failed && arrival.as_ref().is_some_and(Arrival::is_late) {
        // Whatever the reader of the body made of it.
        response = ApiError::from(Door::Slow).into_response();
    }
    if let Some(arrival) = arrival.filter(|_| follows)
        && !arrival.finish(waits).await
    {
        let value = HeaderValue::from_static("close");
        response.headers_mut().insert(header::CONNECTION, value);
    }
    if let Some(mut problem) = response.extensions_mut().remove::<Problem>() {
        problem.instance = Some(format!("urn:chancery:request:{id}"));
        problem.request_id = Some(id.clone());
        problem.kind = urls.outside(&problem.kind);
        let headers = std::mem::take(response.headers_mut());
        response = respond(&problem);
        response.extensions_mut().remove::<Problem>();
        for (name, value) in &headers {
            response.headers_mut().entry(name).or_insert(value.clone());
        }
    }
    secure(&services, response.headers_mut());
    urls.dress(response.headers_mut());
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    let status = response.status().as_u16();
    let took = began.elapsed();
    info!(%method, route, status, took_us = took.as_micros(), "request");
    operation::answered(status);
    metrics::answered(&method, &route, status, took);
    response
}

/// The caller's id when it is a sane one, else a fresh one.
fn request_id(services: &Services, headers: &HeaderMap) -> String {
    let given = headers
        .get(REQUEST_ID)
        .and_then(|value| value.to_str().ok())
        .filter(|id| {
            (8..=64).contains(&id.len())
                && id
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
        });
    given.map_or_else(
        || services.ids.fresh(services.clock.now()).to_string(),
        str::to_owned,
    )
}

/// The headers that every answer has, unless its route set them.
fn secure(services: &Services, headers: &mut HeaderMap) {
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; frame-ancestors 'none'",
        ),
    ] {
        let value = || HeaderValue::from_static(value);
        headers.entry(name).or_insert_with(value);
    }
    let public = services.settings.public_url.as_ref();
    if public.is_some_and(|url| url.scheme() == "https") {
        let value = || HeaderValue::from_static("max-age=31536000; includeSubDomains");
        let header = headers.entry(header::STRICT_TRANSPORT_SECURITY);
        header.or_insert_with(value);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use axum::Router;
    use axum::body::{Body, to_bytes};
    use axum::middleware::from_fn_with_state;
    use axum::routing::get;
    use service::chance::SystemChance;
    use service::clock::SystemClock;
    use service::db::{DatabaseUrl, DbSettings};
    use service::secret::Keyring;
    use service::settings::Settings;
    use tower::ServiceExt;

    use super::*;
    use crate::config::assemble;

    #[tokio::test]
    async fn an_answer_that_never_comes_is_a_timeout() {
        let services = assemble(
            DbSettings::new(DatabaseUrl::parse("sqlite::memory:").unwrap()),
            Settings::default(),
            Keyring::new([7; 32]),
            Arc::new(SystemClock),
            Arc::new(SystemChance),
        );
        let router = Router::new()
            .route("/never", get(std::future::pending::<()>))
            .layer(from_fn_with_state(services.unwrap(), frame));
        let mut request = Request::get("/never").body(Body::empty()).unwrap();
        Arrival::watch(&mut request, Duration::ZERO, Duration::from_millis(20));
        let response = router.oneshot(request).await.unwrap();
        assert_eq!(response.status(), 504);
        let body = to_bytes(response.into_body(), 10_000).await.unwrap();
        let problem: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(problem["code"], "timeout");
        assert!(problem["request_id"].is_string());
    }
}
