//! The content of a file: as it is, and as nothing that a browser would run.

use axum::body::Body;
use axum::http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE,
    CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HeaderName, LAST_MODIFIED, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use entity::id::UploadId;
use entity::upload::upload::{Model, UploadKind};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use service::Ctx;
use service::error::Error;
use service::upload;

use super::range::{self, Part};
use crate::caller::Caller;
use crate::error::{ApiError, Problem};
use crate::extract::Path;
use crate::rest::tag;

/// The content of a file, or a range of it. A picture is shown, a document is saved; neither is ever
/// run.
#[utoipa::path(method(get, head), path = "/uploads/{id}/content", tag = "uploads",
    params(
        ("id" = uuid::Uuid, Path),
        ("range" = Option<String>, Header, description = "One range of bytes: `bytes=0-1023`."),
        ("if-range" = Option<String>, Header, description = "The tag that the range is of."),
        ("if-none-match" = Option<String>, Header, description = "The tag that is known."),
    ),
    responses(
        (status = 200, description = "All of it", content_type = "application/octet-stream"),
        (status = 206, description = "The range", content_type = "application/octet-stream"),
        (status = 304), (status = 404, body = Problem), (status = 409, body = Problem),
        (status = 410, body = Problem), (status = 416, body = Problem),
    ))]
pub(super) async fn upload_content(
    Caller(ctx): Caller,
    Path(id): Path<UploadId>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let file = upload::whole(&ctx, id).await?;
    let etag = tag::header(file.sha256.as_deref().unwrap_or_default())?;
    let date = HeaderValue::from_str(&date(file.created_at)).map_err(Error::internal)?;
    let size = u64::try_from(file.size).unwrap_or_default();
    let mut response = if tag::is_known(&headers, &etag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let part = range::asked(&headers, size, &etag, &date);
        send(&ctx, &file, size, part, method == Method::HEAD).await?
    };
    if response.status().is_client_error() {
        return Ok(response);
    }
    let described = describe(&file)?;
    let dressed = response.headers_mut();
    dressed.extend(described);
    dressed.insert(ETAG, etag);
    dressed.insert(LAST_MODIFIED, date);
    Ok(response)
}

/// The body, with its length. A HEAD asks the store nothing.
async fn send(
    ctx: &Ctx,
    file: &Model,
    size: u64,
    part: Part,
    head: bool,
) -> Result<Response, ApiError> {
    let (status, range) = match part {
        Part::Whole => (StatusCode::OK, 0..size),
        Part::Some(range) => (StatusCode::PARTIAL_CONTENT, range),
        Part::None => {
            let mut refused = ApiError::from(upload::Error::Range { size }).into_response();
            let all = HeaderValue::from_str(&format!("bytes */{size}")).map_err(Error::internal)?;
            refused.headers_mut().insert(CONTENT_RANGE, all);
            return Ok(refused);
        }
    };
    let body = if head {
        Body::empty()
    } else {
        Body::from_stream(upload::content(ctx, file, Some(range.clone())).await?)
    };
    let mut response = (status, body).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_LENGTH, HeaderValue::from(range.end - range.start));
    if status == StatusCode::PARTIAL_CONTENT {
        let place = format!("bytes {}-{}/{size}", range.start, range.end - 1);
        let place = HeaderValue::from_str(&place).map_err(Error::internal)?;
        headers.insert(CONTENT_RANGE, place);
    }
    Ok(response)
}

/// What a browser is told of the file: its type and no guessing, no rights, and, but for pictures of
/// people, that it is to be saved.
fn describe(file: &Model) -> Result<[(HeaderName, HeaderValue); 7], ApiError> {
    let value = |text: &str| HeaderValue::from_str(text).map_err(Error::internal);
    let kind = match file.content_type.as_str() {
        text if text.starts_with("text/") => format!("{text}; charset=utf-8"),
        other => other.to_owned(),
    };
    let place = match file.kind {
        UploadKind::Avatar => "inline".to_owned(),
        UploadKind::Document => attachment(&file.file_name),
    };
    Ok([
        (CONTENT_TYPE, value(&kind)?),
        (CONTENT_DISPOSITION, value(&place)?),
        (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (
            CONTENT_SECURITY_POLICY,
            HeaderValue::from_static("default-src 'none'; sandbox; frame-ancestors 'none'"),
        ),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            HeaderValue::from_static("same-site"),
        ),
        (CACHE_CONTROL, HeaderValue::from_static("private, no-cache")),
        (ACCEPT_RANGES, HeaderValue::from_static("bytes")),
    ])
}

/// What stands as it is in an extended parameter (RFC 8187).
const ATTRIBUTE: &AsciiSet = &NON_ALPHANUMERIC.remove(b'.').remove(b'-').remove(b'_');

/// The name for old and for new clients (RFC 6266).
fn attachment(name: &str) -> String {
    let plain = |letter: char| match letter {
        letter if letter.is_ascii_alphanumeric() || " ._-()+".contains(letter) => letter,
        _ => '_',
    };
    let old: String = name.chars().map(plain).collect();
    format!(
        "attachment; filename=\"{old}\"; filename*=UTF-8''{}",
        utf8_percent_encode(name, ATTRIBUTE)
    )
}

/// A date as HTTP writes it.
pub(super) fn date(moment: DateTime<Utc>) -> String {
    moment.format("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stays_within_its_quotes() {
        let told = "attachment; filename=\"a__ b_.pdf\"; filename*=UTF-8''a%22%3B%20b%C3%BC.pdf";
        assert_eq!(attachment("a\"; bü.pdf"), told);
    }
}
