//! Entity tags (RFC 9110, section 8.8.3): which state of a row was read.

use axum::http::header::{IF_MATCH, IF_NONE_MATCH};
use axum::http::{HeaderMap, HeaderValue};
use service::error::Error;
use service::expect::Expect;

use crate::error::ApiError;

/// The tag as a header.
pub(super) fn header(tag: impl std::fmt::Display) -> Result<HeaderValue, ApiError> {
    Ok(HeaderValue::from_str(&format!("\"{tag}\"")).map_err(Error::internal)?)
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
    let known = headers.get_all(IF_NONE_MATCH).iter();
    known
        .flat_map(tags_of)
        .any(|tag| tag == "*" || tag.trim_start_matches("W/").as_bytes() == etag.as_bytes())
}

/// The tags of a list. What cannot be read is no tag of ours, so it fits no row.
fn tags_of(value: &HeaderValue) -> impl Iterator<Item = &str> {
    value.to_str().unwrap_or_default().split(',').map(str::trim)
}
