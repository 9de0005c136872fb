//! Entity tags (RFC 9110, section 8.8.3): which state was read, so that nothing is sent twice and
//! nothing is changed unseen.

use axum::http::header::{ETAG, IF_MATCH, IF_NONE_MATCH};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use service::error::Error;
use service::expect::Expect;
use service::secret::fingerprint;

use crate::error::ApiError;
use crate::extract::Json;

/// The tag as a header.
pub(super) fn header(tag: impl std::fmt::Display) -> Result<HeaderValue, ApiError> {
    Ok(HeaderValue::from_str(&format!("\"{tag}\"")).map_err(Error::internal)?)
}

/// A row as an answer: its tag alone for who has this state already, else the whole.
pub(super) fn shown(
    headers: &HeaderMap,
    tag: impl std::fmt::Display,
    body: impl Serialize,
) -> Result<Response, ApiError> {
    let etag = header(&tag)?;
    if is_known(headers, &etag) {
        return Ok((StatusCode::NOT_MODIFIED, [(ETAG, etag)]).into_response());
    }
    row(tag, body)
}

/// A row as a change has left it, with its tag.
pub(super) fn row(tag: impl std::fmt::Display, body: impl Serialize) -> Result<Response, ApiError> {
    Ok(([(ETAG, header(tag)?)], Json(body)).into_response())
}

/// As [`shown`], for what has no version of its own, such as a page of a list: the tag says what is in it.
/// It is weak, since no change can be made to the whole of it.
pub(super) fn whole(headers: &HeaderMap, body: &impl Serialize) -> Result<Response, ApiError> {
    let body = serde_json::to_string(body).map_err(Error::internal)?;
    let tag = format!("W/\"{}\"", &fingerprint(body.as_bytes())[..32]);
    let etag = HeaderValue::from_str(&tag).map_err(Error::internal)?;
    if is_known(headers, &etag) {
        return Ok((StatusCode::NOT_MODIFIED, [(ETAG, etag)]).into_response());
    }
    let kind = HeaderValue::from_static("application/json");
    let headers = [(ETAG, etag), (axum::http::header::CONTENT_TYPE, kind)];
    Ok((headers, body).into_response())
}

/// The states that a change is for: the tags that it names, when it names some. `*` is any.
pub(super) fn if_match(headers: &HeaderMap) -> Expect {
    let mut named = headers.get_all(IF_MATCH).iter().peekable();
    if named.peek().is_none() {
        return Expect::Any;
    }
    let mut tags = Vec::new();
    for tag in named.flat_map(tags_of) {
        match tag {
            "*" => return Expect::Any,
            // A weak tag says "much the same", which is not enough to change a row.
            tag if tag.starts_with("W/") => {}
            tag => tags.push(tag.trim_matches('"').to_owned()),
        }
    }
    Expect::OneOf(tags)
}

/// Whether the caller has the state that `etag` names already.
pub(super) fn is_known(headers: &HeaderMap, etag: &HeaderValue) -> bool {
    // A weak tag and a strong one of the same words are the same to a reader.
    let strong = |tag: &str| tag.trim_start_matches("W/").to_owned();
    let etag = etag.to_str().map(strong).unwrap_or_default();
    let known = headers.get_all(IF_NONE_MATCH).iter();
    known
        .flat_map(tags_of)
        .any(|tag| tag == "*" || strong(tag) == etag)
}

/// The tags of a list. What cannot be read is no tag of ours, so it fits no row.
fn tags_of(value: &HeaderValue) -> impl Iterator<Item = &str> {
    value.to_str().unwrap_or_default().split(',').map(str::trim)
}
