//! Entity tags (RFC 9110, section 8.8.3): which state of a row was read.

use axum::http::header::IF_MATCH;
use axum::http::{HeaderMap, HeaderValue};
use service::error::{Common, Error};

use crate::error::ApiError;

/// The tag as a header.
pub(super) fn header(tag: impl std::fmt::Display) -> Result<HeaderValue, ApiError> {
    Ok(HeaderValue::from_str(&format!("\"{tag}\"")).map_err(Error::internal)?)
}

/// The tag that an update names, when it names one. `*` is any state.
pub(super) fn if_match(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(IF_MATCH)?;
    // What cannot be read is no tag of ours, so it fits no row.
    let tag = value.to_str().unwrap_or_default().trim();
    (tag != "*").then(|| tag.trim_matches('"'))
}

/// The version that an update names, when it names one.
pub(super) fn version(headers: &HeaderMap) -> Result<Option<i64>, ApiError> {
    let version = if_match(headers).map(str::parse).transpose();
    version.map_err(|_| Common::VersionConflict.into())
}
