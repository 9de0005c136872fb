//! Files: put here, listed, read, taken away.

mod content;
mod form;
mod range;
pub(crate) mod tus;

use axum::body::Body;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use chrono::{DateTime, Utc};
use entity::id::{UploadId, UserId};
use entity::upload::upload::{Model, UploadKind, UploadStatus};
use serde::{Deserialize, Serialize};
use service::Ctx;
use service::configuration::Setting;
use service::upload::{self, Filter, setting};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use self::content::{__path_upload_content, upload_content};
use self::form::Form;
use super::list::{List, Listing};
use super::{App, tag};
use crate::caller::Caller;
use crate::error::{ApiError, Problem};
use crate::extract::Path;
use crate::urls::path::API;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_uploads))
        .routes(routes!(put_avatar))
        .routes(routes!(put_document))
        .routes(routes!(show_upload, delete_upload))
        .routes(routes!(upload_content))
        .merge(tus::routes())
}

/// The most that a form with a file takes in one request, for the routes that take one.
pub(super) fn most(ctx: &Ctx, path: &str) -> Option<usize> {
    let most = match path {
        "/uploads/avatar" => ctx.configuration().get(&setting::AVATAR_BYTES),
        "/uploads/document" => ctx.configuration().get(&setting::DOCUMENT_BYTES),
        _ => return None,
    };
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    Some(most.saturating_add(super::JSON))
}

/// A file.
#[derive(Debug, Serialize, ToSchema)]
pub struct Upload {
    id: Uuid,
    user_id: Uuid,
    #[schema(value_type = String, example = "document")]
    kind: UploadKind,
    #[schema(example = "trend-report.pdf")]
    file_name: String,
    /// As the content itself says.
    #[schema(example = "application/pdf")]
    content_type: String,
    /// The whole size in bytes.
    #[schema(example = 182_044)]
    size: i64,
    /// How many bytes are here.
    #[schema(example = 182_044)]
    offset: i64,
    /// SHA-256 of the whole, in hex.
    #[schema(example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
    sha256: Option<String>,
    #[schema(value_type = String, example = "complete")]
    status: UploadStatus,
    /// Why the content was refused, where it was.
    rejected: Option<String>,
    /// The path of the content, where it can be read.
    content: Option<String>,
    /// When it is thrown away, unless it is finished.
    expires_at: Option<DateTime<Utc>>,
    version: i64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl From<Model> for Upload {
    fn from(upload: Model) -> Self {
        let whole = upload.status == UploadStatus::Complete;
        let rejected = upload.status == UploadStatus::Rejected;
        let why = upload.metadata["rejected"].as_str().filter(|_| rejected);
        Self {
            id: upload.id.0,
            user_id: upload.user_id.0,
            kind: upload.kind,
            rejected: why.map(str::to_owned),
            content: whole.then(|| content_path(upload.id)),
            file_name: upload.file_name,
            content_type: upload.content_type,
            size: upload.size,
            offset: upload.offset,
            sha256: upload.sha256,
            status: upload.status,
            expires_at: upload.expires_at,
            version: upload.version,
            created_at: upload.created_at,
            updated_at: upload.updated_at,
        }
    }
}

/// Where a file's content is.
pub(super) fn content_path(id: UploadId) -> String {
    format!("{API}/uploads/{id}/content")
}

/// Which files.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct UploadQuery {
    /// `avatar` or `document`.
    #[param(value_type = Option<String>)]
    kind: Option<UploadKind>,
    /// `pending`, `complete` or `rejected`.
    #[param(value_type = Option<String>)]
    status: Option<UploadStatus>,
    /// The owner, for staff.
    user_id: Option<Uuid>,
}

/// The files in the caller's sight, the newest first.
#[utoipa::path(get, path = "/uploads", tag = "uploads", params(UploadQuery), responses(
    (status = 200, body = List<Upload>), (status = 400, body = Problem), (status = 401, body = Problem),
))]
async fn list_uploads(
    Caller(ctx): Caller,
    Listing((query, page)): Listing<UploadQuery>,
) -> Result<Response, ApiError> {
    let filter = Filter {
        kind: query.kind,
        status: query.status,
        user: query.user_id.map(UserId),
    };
    let found = upload::uploads(&ctx, filter, page.request()).await?;
    page.answer(found.map(Upload::from))
}

/// A form with one file.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "for the document: the form is read as it comes")]
pub struct FileForm {
    /// The file, with its name and its type.
    #[schema(value_type = String, format = Binary, content_media_type = "application/octet-stream")]
    file: Vec<u8>,
}

/// Put a picture of yourself here: PNG, JPEG, WebP or GIF, to 5 MiB. It is made anew without what else
/// stood in the file, and your profile shows it.
#[utoipa::path(post, path = "/uploads/avatar", tag = "uploads",
    request_body(content = FileForm, content_type = "multipart/form-data"), responses(
    (status = 201, body = Upload), (status = 400, body = Problem), (status = 401, body = Problem),
    (status = 408, body = Problem), (status = 413, body = Problem), (status = 415, body = Problem),
    (status = 422, body = Problem),
))]
async fn put_avatar(
    Caller(ctx): Caller,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let form = open(&ctx, &setting::AVATAR_BYTES, &headers, body).await?;
    let (new, bytes, fault) = form.take();
    let put = upload::avatar(&ctx, new, bytes).await;
    answer(put.map_err(|error| fault.or(error))?)
}

/// Put a document here, to 20 MiB; larger ones go by tus. Its content, its name and its type must
/// agree.
#[utoipa::path(post, path = "/uploads/document", tag = "uploads",
    request_body(content = FileForm, content_type = "multipart/form-data"), responses(
    (status = 201, body = Upload), (status = 400, body = Problem), (status = 401, body = Problem),
    (status = 408, body = Problem), (status = 413, body = Problem), (status = 415, body = Problem),
    (status = 422, body = Problem),
))]
async fn put_document(
    Caller(ctx): Caller,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let form = open(&ctx, &setting::DOCUMENT_BYTES, &headers, body).await?;
    let (new, bytes, fault) = form.take();
    let put = upload::document(&ctx, new, bytes).await;
    answer(put.map_err(|error| fault.or(error))?)
}

/// The form, once it is known that the caller may send one.
async fn open(
    ctx: &Ctx,
    most: &Setting<i64>,
    headers: &HeaderMap,
    body: Body,
) -> Result<Form, ApiError> {
    upload::may_put(ctx)?;
    let most = u64::try_from(ctx.configuration().get(most)).unwrap_or_default();
    Form::open(headers, body, most).await
}

fn answer(upload: Model) -> Result<Response, ApiError> {
    let location = format!("{API}/uploads/{}", upload.id);
    super::created(&location, Upload::from(upload))
}

/// One file, without its content.
#[utoipa::path(get, path = "/uploads/{id}", tag = "uploads", params(("id" = Uuid, Path)), responses(
    (status = 200, body = Upload), (status = 304), (status = 404, body = Problem),
))]
async fn show_upload(
    Caller(ctx): Caller,
    Path(id): Path<UploadId>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let upload = upload::upload(&ctx, id).await?;
    tag::shown(&headers, upload.version, Upload::from(upload))
}

/// Take a file away. Runs that were made from it stay.
#[utoipa::path(delete, path = "/uploads/{id}", tag = "uploads", params(("id" = Uuid, Path)), responses(
    (status = 204), (status = 404, body = Problem), (status = 412, body = Problem),
))]
async fn delete_upload(
    Caller(ctx): Caller,
    Path(id): Path<UploadId>,
    headers: HeaderMap,
) -> Result<StatusCode, ApiError> {
    upload::delete(&ctx, id, &tag::if_match(&headers)).await?;
    Ok(StatusCode::NO_CONTENT)
}
