//! GraphQL over HTTP: POST with JSON, GET for queries, one operation a request. What becomes of a
//! question is not decided here but in `execute`.

use std::sync::Arc;

use async_graphql::{Response as Answer, Value};
use axum::Extension;
use axum::body::{Body, to_bytes};
use axum::extract::{FromRequestParts, Request};
use axum::http::header::{ACCEPT, ALLOW, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;
use service::error::Error;

use super::execute::{self, Api, Stop, Way};
use super::question::Params;
use super::{explore, operation, socket};
use crate::caller::Anyone;
use crate::error::{ApiError, Door};
use crate::exact;
use crate::middleware::RequestId;

/// The largest body, in bytes.
pub(super) const BODY: usize = 256 * 1024;

/// What a query string says, where the maps are JSON.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct QueryParams {
    query: Option<String>,
    document_id: Option<String>,
    operation_name: Option<String>,
    variables: Option<String>,
    extensions: Option<String>,
}

/// How the answer is dressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Media {
    /// `application/graphql-response+json`: the status tells whether the document was run.
    Response,
    /// `application/json`, as before there was a specification: 200 for all that is GraphQL.
    Json,
}

/// Answer one operation, or take up a socket of them.
pub(super) async fn answer(
    Extension(api): Extension<Arc<Api>>,
    Extension(request_id): Extension<RequestId>,
    request: Request,
) -> Response {
    let id = request_id.0;
    if request.method() == Method::GET && socket::is_asked(request.headers()) {
        let opened = socket::open(api, request).await;
        return opened.unwrap_or_else(|error| refuse(&error, Media::Json, &id));
    }
    let Some(media) = media(request.headers()) else {
        return refuse(&Door::NotAcceptable.into(), Media::Json, &id);
    };
    match ask(&api, request).await {
        Ok(answer) => dress(answer, media, &id),
        Err(Stop::Answer(answer)) => dress(*answer, media, &id),
        Err(Stop::Door(error)) => refuse(&error, media, &id),
    }
}

async fn ask(api: &Api, request: Request) -> Result<Answer, Stop> {
    let (mut parts, body) = request.into_parts();
    let Anyone(ctx) = Anyone::from_request_parts(&mut parts, &()).await?;
    let (params, way) = if parts.method == Method::GET {
        let query = parts.uri.query().unwrap_or_default();
        (from_query(query)?, Way::Get)
    } else {
        (from_body(&parts.headers, body).await?, Way::Post)
    };
    let prepared = api.prepare(&ctx, params.question()?, way).await?;
    Ok(api.answer(prepared).await)
}

fn from_query(query: &str) -> Result<Params, Stop> {
    let bad = |detail: String| Stop::from(Door::Malformed(detail));
    let params: QueryParams =
        serde_urlencoded::from_str(query).map_err(|error| bad(error.to_string()))?;
    let variables = params.variables.as_deref().unwrap_or_default();
    exact::check(variables.as_bytes()).map_err(|error| Stop::told(error, None))?;
    let map = |name: &str, text: Option<String>| match text.filter(|text| !text.is_empty()) {
        None => Ok(None),
        Some(text) => serde_json::from_str(&text).map_err(|error| bad(format!("{name}: {error}"))),
    };
    Ok(Params {
        query: params.query,
        document_id: params.document_id,
        operation_name: params.operation_name.filter(|name| !name.is_empty()),
        variables: map("variables", params.variables)?,
        extensions: map("extensions", params.extensions)?,
    })
}

async fn from_body(headers: &HeaderMap, body: Body) -> Result<Params, Stop> {
    let kind = headers
        .get(CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok());
    let (kind, rest) = kind
        .map(|kind| kind.split_once(';').unwrap_or((kind, "")))
        .unwrap_or_default();
    let charset = rest.trim().strip_prefix("charset=").unwrap_or("utf-8");
    let utf8 = charset.trim_matches('"').eq_ignore_ascii_case("utf-8");
    if !kind.trim().eq_ignore_ascii_case("application/json") || !utf8 {
        return Err(Door::MediaType.into());
    }
    let bytes = to_bytes(body, BODY).await.map_err(|_| Door::TooLarge)?;
    let wrong = |error: serde_json::Error| Stop::from(Door::Malformed(error.to_string()));
    let params = serde_json::from_slice(&bytes).map_err(wrong)?;
    exact::check(&bytes).map_err(|error| Stop::told(error, None))?;
    Ok(params)
}

/// The answer's type: what `Accept` weighs most; JSON where it leaves the choice, as clients from
/// before the specification expect.
fn media(headers: &HeaderMap) -> Option<Media> {
    let Some(accept) = headers.get(ACCEPT) else {
        return Some(Media::Json);
    };
    let mut best = None;
    for part in accept.to_str().ok()?.split(',') {
        let mut parameters = part.split(';').map(str::trim);
        let media = match parameters.next().unwrap_or_default() {
            "application/graphql-response+json" => Media::Response,
            "application/json" | "application/*" | "*/*" => Media::Json,
            _ => continue,
        };
        let weight = parameters.find_map(|parameter| parameter.strip_prefix("q="));
        let weight: f32 = weight.map_or(Some(1.0), |weight| weight.parse().ok())?;
        if weight > 0.0 && best.is_none_or(|(_, most)| weight > most) {
            best = Some((media, weight));
        }
    }
    best.map(|(media, _)| media)
}

fn dress(mut answer: Answer, media: Media, request_id: &str) -> Response {
    if execute::finish(&mut answer, request_id) {
        let refused = status(&answer);
        operation::tell_refused(code(&answer), refused.as_u16());
        let status = match media {
            Media::Response => refused,
            Media::Json => StatusCode::OK,
        };
        let body = serde_json::to_vec(&json!({ "errors": answer.errors }));
        return send(status, media, body.unwrap_or_default());
    }
    send(StatusCode::OK, media, explore::print(&answer))
}

fn first<'a>(answer: &'a Answer, name: &str) -> Option<&'a Value> {
    let error = answer.errors.first()?;
    error.extensions.as_ref()?.get(name)
}

fn code(answer: &Answer) -> Option<&str> {
    match first(answer, "code")? {
        Value::String(code) => Some(code),
        _ => None,
    }
}

fn status(answer: &Answer) -> StatusCode {
    match first(answer, "status") {
        Some(Value::Number(status)) => status
            .as_u64()
            .and_then(|status| u16::try_from(status).ok())
            .and_then(|status| StatusCode::from_u16(status).ok())
            .unwrap_or(StatusCode::BAD_REQUEST),
        _ => StatusCode::BAD_REQUEST,
    }
}

fn send(status: StatusCode, media: Media, body: Vec<u8>) -> Response {
    let kind = HeaderValue::from_static(match media {
        Media::Response => "application/graphql-response+json; charset=utf-8",
        Media::Json => "application/json; charset=utf-8",
    });
    (status, [(CONTENT_TYPE, kind)], body).into_response()
}

/// Answer a request that is no GraphQL request, or whose caller is not who they say.
fn refuse(error: &ApiError, media: Media, request_id: &str) -> Response {
    let wait = error.0.retry_after();
    let method =
        matches!(&error.0, Error::Refused(refusal) if refusal.code() == "method_not_allowed");
    let problem = error.problem();
    let status = StatusCode::from_u16(problem.status);
    let body = json!({ "errors": [{
        "message": problem.detail,
        "extensions": {
            "code": problem.code, "status": problem.status, "request_id": request_id,
        },
    }] });
    let body = serde_json::to_vec(&body).unwrap_or_default();
    let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = send(status, media, body);
    if let Some(wait) = wait {
        let seconds = HeaderValue::from(wait.as_secs().max(1));
        response.headers_mut().insert(RETRY_AFTER, seconds);
    }
    if method {
        let post = HeaderValue::from_static("POST");
        response.headers_mut().insert(ALLOW, post);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_is_of_the_type_that_weighs_most() {
        let (json, response) = (Some(Media::Json), Some(Media::Response));
        for (accept, expected) in [
            ("application/json", json),
            ("*/*", json),
            ("application/graphql-response+json", response),
            (
                "application/graphql-response+json, application/json;q=0.9",
                response,
            ),
            (
                "application/json;q=0.5, application/graphql-response+json;q=0.4",
                json,
            ),
            ("application/graphql-response+json; charset=utf-8", response),
            ("text/html, */*;q=0.1", json),
            ("text/html", None),
            ("application/json;q=0", None),
            ("application/json;q=x", None),
        ] {
            let headers = HeaderMap::from_iter([(ACCEPT, accept.parse().unwrap())]);
            assert_eq!(media(&headers), expected, "{accept}");
        }
        assert_eq!(media(&HeaderMap::new()), json);
    }
}
