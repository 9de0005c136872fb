//! Videos, as their owners see them.

pub mod public;

use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use chrono::{DateTime, Utc};
use entity::id::{UserId, VideoId};
use entity::media::video::{self as row, VideoStatus};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use service::change::Change;
use service::video::{self, NewVideo, VideoChange, VideoFilter};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::list::{List, Listing};
use super::{App, created, tag};
use crate::caller::Caller;
use crate::error::{ApiError, Problem};
use crate::extract::{Json, Path};
use crate::urls::path::API;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_videos, request_video))
        .routes(routes!(public::list_public))
        .routes(routes!(show_video, update_video, delete_video))
        .routes(routes!(retry_video))
}

/// A video.
#[expect(clippy::struct_field_names, reason = "the names are the columns'")]
#[derive(Debug, Serialize, ToSchema)]
pub struct Video {
    id: Uuid,
    user_id: Uuid,
    #[schema(example = "ethereum:0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed:42")]
    nft_id: String,
    /// Under which name the generator has it.
    #[schema(example = "video-019bc0de-0000-7000-8000-000000000009")]
    job_id: String,
    /// `PENDING`, `PROCESSING`, `COMPLETED` or `FAILED`.
    #[schema(value_type = String, example = "COMPLETED")]
    status: VideoStatus,
    #[schema(example = "Over the clouds")]
    title: Option<String>,
    description: Option<String>,
    #[schema(example = "https://media.example.com/42.mp4")]
    video_url: Option<String>,
    #[schema(example = "https://media.example.com/42.webp")]
    thumbnail_url: Option<String>,
    /// Why it failed.
    error_message: Option<String>,
    provider: Option<String>,
    provider_job_id: Option<String>,
    /// Whether everybody may watch it once it is complete.
    is_public: bool,
    /// What the generator was told beside.
    #[schema(value_type = Object, example = json!({ "seconds": 6, "format": "16:9" }))]
    metadata: Value,
    version: i64,
    /// When the generator took it on.
    submitted_at: Option<DateTime<Utc>>,
    completed_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl From<row::Model> for Video {
    fn from(row: row::Model) -> Self {
        Self {
            id: row.id.0,
            user_id: row.user_id.0,
            nft_id: row.nft_id,
            job_id: row.job_id,
            status: row.status,
            title: row.title,
            description: row.description,
            video_url: row.video_url,
            thumbnail_url: row.thumbnail_url,
            error_message: row.error_message,
            provider: row.provider,
            provider_job_id: row.provider_job_id,
            is_public: row.is_public,
            metadata: row.metadata,
            version: row.version,
            submitted_at: row.submitted_at,
            completed_at: row.completed_at,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

/// Which videos.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct VideoQuery {
    /// `PENDING`, `PROCESSING`, `COMPLETED` or `FAILED`.
    #[param(value_type = Option<String>)]
    status: Option<VideoStatus>,
    /// Only those of this NFT.
    nft_id: Option<String>,
    /// The owner, for staff.
    user_id: Option<Uuid>,
}

/// The videos in the caller's sight, the newest first.
#[utoipa::path(get, path = "/videos", tag = "videos", params(VideoQuery), responses(
    (status = 200, body = List<Video>), (status = 400, body = Problem), (status = 401, body = Problem),
))]
async fn list_videos(
    Caller(ctx): Caller,
    Listing((query, page)): Listing<VideoQuery>,
) -> Result<Response, ApiError> {
    let filter = VideoFilter {
        status: query.status,
        nft_id: query.nft_id,
        user: query.user_id.map(UserId),
    };
    let found = video::videos(&ctx, filter, page.request()).await?;
    page.answer(found.map(Video::from))
}

/// What asking for a video takes.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewVideoBody {
    /// An NFT that one of the caller's wallets is verified to hold: `nft_id` of `GET /nfts`.
    #[schema(example = "ethereum:0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed:42")]
    nft_id: String,
    #[schema(example = "Over the clouds")]
    title: Option<String>,
    description: Option<String>,
    /// Whether everybody may watch it once it is complete.
    #[serde(default)]
    is_public: bool,
    /// What the generator is told beside.
    #[schema(value_type = Option<Object>, example = json!({ "seconds": 6, "format": "16:9" }))]
    metadata: Option<Value>,
}

/// Ask for a video. The generator is asked afterwards: a notification tells what became of it, and so
/// does the video's `status`.
#[utoipa::path(post, path = "/videos", tag = "videos", request_body = NewVideoBody, responses(
    (status = 201, body = Video), (status = 401, body = Problem), (status = 409, body = Problem),
    (status = 422, body = Problem),
))]
async fn request_video(
    Caller(ctx): Caller,
    Json(body): Json<NewVideoBody>,
) -> Result<Response, ApiError> {
    let new = NewVideo {
        nft_id: body.nft_id,
        title: body.title,
        description: body.description,
        is_public: body.is_public,
        metadata: body.metadata.unwrap_or_else(|| json!({})),
    };
    let video = video::request(&ctx, new).await?;
    created(&format!("{API}/videos/{}", video.id), Video::from(video))
}

/// One video.
#[utoipa::path(get, path = "/videos/{id}", tag = "videos", params(("id" = Uuid, Path)), responses(
    (status = 200, body = Video), (status = 304), (status = 404, body = Problem),
))]
async fn show_video(
    Caller(ctx): Caller,
    Path(id): Path<VideoId>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let video = video::video(&ctx, id).await?;
    tag::shown(&headers, video.version, Video::from(video))
}

/// What may change in a video: `null` takes a text away.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VideoChangeBody {
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "Over the clouds")]
    title: Change<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    description: Change<String>,
    is_public: Option<bool>,
}

/// Change a video.
#[utoipa::path(patch, path = "/videos/{id}", tag = "videos", params(("id" = Uuid, Path)),
    request_body = VideoChangeBody, responses(
    (status = 200, body = Video), (status = 404, body = Problem), (status = 412, body = Problem),
    (status = 422, body = Problem),
))]
async fn update_video(
    Caller(ctx): Caller,
    Path(id): Path<VideoId>,
    headers: HeaderMap,
    Json(body): Json<VideoChangeBody>,
) -> Result<Response, ApiError> {
    let read = tag::if_match(&headers);
    let change = VideoChange {
        title: body.title,
        description: body.description,
        is_public: body.is_public,
    };
    let video = video::update(&ctx, id, change, &read).await?;
    tag::row(video.version, Video::from(video))
}

/// Remove a video. The generator is not told.
#[utoipa::path(delete, path = "/videos/{id}", tag = "videos", params(("id" = Uuid, Path)),
    responses((status = 204), (status = 404, body = Problem), (status = 412, body = Problem)))]
async fn delete_video(
    Caller(ctx): Caller,
    Path(id): Path<VideoId>,
    headers: HeaderMap,
) -> Result<StatusCode, ApiError> {
    video::delete(&ctx, id, &tag::if_match(&headers)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Have a failed video made after all. The NFT must still be the owner's.
#[utoipa::path(post, path = "/videos/{id}/retry", tag = "videos", params(("id" = Uuid, Path)),
    responses((status = 200, body = Video), (status = 404, body = Problem),
    (status = 409, body = Problem)))]
async fn retry_video(
    Caller(ctx): Caller,
    Path(id): Path<VideoId>,
) -> Result<Json<Video>, ApiError> {
    Ok(Json(video::retry(&ctx, id).await?.into()))
}
