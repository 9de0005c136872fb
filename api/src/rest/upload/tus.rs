//! Documents in parts, as tus 1.0 has it: creation, expiration, checksum, termination.

use std::collections::BTreeMap;

use axum::body::{Body, to_bytes};
use axum::extract::FromRequestParts;
use axum::http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, HeaderName, LOCATION};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use entity::id::UploadId;
use entity::upload::upload::{Model, UploadStatus};
use futures::StreamExt as _;
use serde::Deserialize;
use service::error::Error;
use service::expect::Expect;
use service::upload::tus::{self, Checksum, NewUpload, Piece};
use service::upload::{self, setting};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::content::date;
use super::{App, Upload};
use crate::caller::{Caller, Visitor};
use crate::error::{ApiError, Door, Problem};
use crate::extract::{Json, Path};
use crate::urls::path::API;

const VERSION: &str = "1.0.0";
const EXTENSIONS: &str = "creation,expiration,checksum,termination";
const KIND: &str = "application/offset+octet-stream";

const RESUMABLE: HeaderName = HeaderName::from_static("tus-resumable");
const VERSIONS: HeaderName = HeaderName::from_static("tus-version");
const OFFSET: HeaderName = HeaderName::from_static("upload-offset");
const LENGTH: HeaderName = HeaderName::from_static("upload-length");
const METADATA: HeaderName = HeaderName::from_static("upload-metadata");
const EXPIRES: HeaderName = HeaderName::from_static("upload-expires");
const CHECKSUM: HeaderName = HeaderName::from_static("upload-checksum");

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(tus_options, begin_upload))
        .routes(routes!(upload_progress, append_to_upload, end_upload))
        .layer(axum::middleware::map_response(versioned))
}

/// Every answer tells the version, and one to another version tells ours.
async fn versioned(mut response: Response) -> Response {
    let version = HeaderValue::from_static(VERSION);
    let headers = response.headers_mut();
    headers.insert(RESUMABLE, version.clone());
    headers.entry(VERSIONS).or_insert(version);
    response
}

/// A request that speaks our version.
struct Tus;

impl<S: Send + Sync> FromRequestParts<S> for Tus {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        match parts.headers.get(RESUMABLE) {
            Some(version) if version == VERSION => Ok(Self),
            _ => Err(Error::from(Door::TusVersion).into()),
        }
    }
}

fn malformed(detail: &str) -> ApiError {
    Error::from(Door::Malformed(detail.to_owned())).into()
}

/// The number in a header.
fn number(headers: &HeaderMap, name: &HeaderName) -> Result<u64, ApiError> {
    let value = headers.get(name).and_then(|value| value.to_str().ok());
    let digits = value.filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    let number = digits.and_then(|text| text.parse().ok());
    number.ok_or_else(|| malformed(&format!("{name} must be a number of bytes")))
}

/// `Upload-Metadata`: names with values in base64.
fn metadata(headers: &HeaderMap) -> Result<BTreeMap<String, String>, ApiError> {
    let wrong = || malformed("upload-metadata must be names with values in base64");
    let mut found = BTreeMap::new();
    let Some(said) = headers.get(METADATA) else {
        return Ok(found);
    };
    for pair in said.to_str().map_err(|_| wrong())?.split(',') {
        let pair = pair.trim();
        if pair.is_empty() {
            continue;
        }
        let (name, value) = pair.split_once(' ').unwrap_or((pair, ""));
        let value = STANDARD.decode(value.trim()).map_err(|_| wrong())?;
        let value = String::from_utf8(value).map_err(|_| wrong())?;
        if found.insert(name.to_owned(), value).is_some() {
            return Err(wrong());
        }
    }
    Ok(found)
}

/// When an upload that nobody goes on with ends.
fn end(upload: &Model) -> Option<DateTime<Utc>> {
    let end = upload.expires_at;
    end.filter(|_| upload.status == UploadStatus::Pending)
}

/// What every answer about an upload tells.
fn told(offset: i64, end: Option<DateTime<Utc>>) -> Result<HeaderMap, ApiError> {
    let mut headers = HeaderMap::new();
    headers.insert(OFFSET, HeaderValue::from(offset));
    if let Some(end) = end {
        let end = HeaderValue::from_str(&date(end)).map_err(Error::internal)?;
        headers.insert(EXPIRES, end);
    }
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(headers)
}

/// What of tus is spoken here.
#[utoipa::path(options, path = "/uploads/tus", tag = "uploads", responses(
    (status = 204, description = "The versions, extensions and limits, in headers"),
))]
async fn tus_options(Visitor(ctx): Visitor) -> Response {
    let most = ctx.configuration().get(&setting::TUS_BYTES);
    let headers = [
        (VERSIONS, HeaderValue::from_static(VERSION)),
        (
            HeaderName::from_static("tus-extension"),
            HeaderValue::from_static(EXTENSIONS),
        ),
        (
            HeaderName::from_static("tus-max-size"),
            HeaderValue::from(most),
        ),
        (
            HeaderName::from_static("tus-checksum-algorithm"),
            HeaderValue::from_static(Checksum::ALGORITHMS),
        ),
    ];
    (StatusCode::NO_CONTENT, headers).into_response()
}

/// Begin a document that comes in parts. Its `filename` and, if you like, its `filetype` stand in
/// `Upload-Metadata`; where to send the parts stands in `Location`.
#[utoipa::path(post, path = "/uploads/tus", tag = "uploads",
    params(
        ("tus-resumable" = String, Header, example = "1.0.0"),
        ("upload-length" = u64, Header, description = "The whole size in bytes.", example = 1_048_576),
        ("upload-metadata" = String, Header, example = "filename cmVwb3J0LnBkZg==",
            description = "Names with values in base64."),
    ),
    responses(
        (status = 201, body = Upload), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 412, body = Problem), (status = 413, body = Problem), (status = 415, body = Problem),
        (status = 422, body = Problem),
    ))]
async fn begin_upload(
    Caller(ctx): Caller,
    _: Tus,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let new = NewUpload {
        size: number(&headers, &LENGTH)?,
        metadata: metadata(&headers)?,
    };
    let upload = tus::begin(&ctx, new).await?;
    let place = place(upload.id)?;
    let told = told(upload.offset, end(&upload))?;
    let row = Json(Upload::from(upload));
    let mut response = (StatusCode::CREATED, told, row).into_response();
    response.headers_mut().insert(LOCATION, place);
    Ok(response)
}

/// The headers that say what is begun.
pub(crate) const BEGINS: [HeaderName; 2] = [LENGTH, METADATA];

/// The first answer to a beginning, given again from its body: with the headers that a client goes
/// on by.
pub(crate) async fn again(response: Response) -> Result<Response, ApiError> {
    let (mut parts, body) = response.into_parts();
    let body = to_bytes(body, usize::MAX).await.map_err(Error::internal)?;
    let begun: Begun = serde_json::from_slice(&body).map_err(Error::internal)?;
    let headers = &mut parts.headers;
    headers.extend(told(begun.offset, begun.expires_at)?);
    headers.insert(LOCATION, place(begun.id)?);
    let response = Response::from_parts(parts, Body::from(body));
    Ok(versioned(response).await)
}

/// What of an upload's row a client goes on by.
#[derive(Deserialize)]
struct Begun {
    id: UploadId,
    offset: i64,
    expires_at: Option<DateTime<Utc>>,
}

fn place(id: UploadId) -> Result<HeaderValue, ApiError> {
    let place = HeaderValue::from_str(&format!("{API}/uploads/tus/{id}"));
    Ok(place.map_err(Error::internal)?)
}

/// How far an upload is.
#[utoipa::path(head, path = "/uploads/tus/{id}", tag = "uploads",
    params(("id" = uuid::Uuid, Path), ("tus-resumable" = String, Header, example = "1.0.0")),
    responses(
        (status = 200, description = "`Upload-Offset` bytes of `Upload-Length` are here"),
        (status = 404), (status = 410), (status = 412),
    ))]
async fn upload_progress(
    Caller(ctx): Caller,
    _: Tus,
    Path(id): Path<UploadId>,
) -> Result<Response, ApiError> {
    let upload = tus::progress(&ctx, id).await?;
    let mut headers = told(upload.offset, end(&upload))?;
    headers.insert(LENGTH, HeaderValue::from(upload.size));
    let said = upload.metadata.as_object().into_iter().flatten();
    let said = said
        .filter_map(|(name, value)| Some(format!("{name} {}", STANDARD.encode(value.as_str()?))));
    let said = said.collect::<Vec<_>>().join(",");
    if let Ok(said) = HeaderValue::from_str(&said) {
        headers.insert(METADATA, said);
    }
    Ok((StatusCode::OK, headers).into_response())
}

/// Send the next part. With the last of it the document is looked at, and kept or refused.
#[utoipa::path(patch, path = "/uploads/tus/{id}", tag = "uploads",
    params(
        ("id" = uuid::Uuid, Path),
        ("tus-resumable" = String, Header, example = "1.0.0"),
        ("upload-offset" = u64, Header, description = "Where the part goes on."),
        ("upload-checksum" = Option<String>, Header,
            description = "`sha1` or `sha256`, and the checksum of the part in base64."),
    ),
    request_body(content = Vec<u8>, content_type = "application/offset+octet-stream"),
    responses(
        (status = 204, description = "`Upload-Offset` bytes are here"),
        (status = 404, body = Problem), (status = 408, body = Problem), (status = 409, body = Problem),
        (status = 410, body = Problem), (status = 412, body = Problem), (status = 413, body = Problem),
        (status = 415, body = Problem), (status = 422, body = Problem), (status = 423, body = Problem),
        (status = 460, body = Problem, description = "The part is not what its checksum is of"),
    ))]
async fn append_to_upload(
    Caller(ctx): Caller,
    _: Tus,
    Path(id): Path<UploadId>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    if headers.get(CONTENT_TYPE).is_none_or(|kind| kind != KIND) {
        return Err(Error::from(Door::TusType).into());
    }
    let checksum = headers.get(CHECKSUM);
    let checksum = checksum.map(|said| Checksum::parse(said.to_str().unwrap_or_default()));
    let piece = Piece {
        offset: number(&headers, &OFFSET)?,
        length: number(&headers, &CONTENT_LENGTH).ok(),
        checksum: checksum.transpose()?,
    };
    let bytes = body.into_data_stream().map(|some| some.map_err(Into::into));
    let upload = tus::append(&ctx, id, piece, bytes).await?;
    let told = told(upload.offset, end(&upload))?;
    Ok((StatusCode::NO_CONTENT, told).into_response())
}

/// Give an upload up.
#[utoipa::path(delete, path = "/uploads/tus/{id}", tag = "uploads",
    params(("id" = uuid::Uuid, Path), ("tus-resumable" = String, Header, example = "1.0.0")),
    responses((status = 204), (status = 404, body = Problem), (status = 412, body = Problem)))]
async fn end_upload(
    Caller(ctx): Caller,
    _: Tus,
    Path(id): Path<UploadId>,
) -> Result<StatusCode, ApiError> {
    upload::delete(&ctx, id, &Expect::Any).await?;
    Ok(StatusCode::NO_CONTENT)
}
