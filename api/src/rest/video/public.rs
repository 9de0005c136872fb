//! The videos that everybody may watch.

use axum::http::HeaderValue;
use axum::http::header::CACHE_CONTROL;
use axum::response::Response;
use chrono::{DateTime, Utc};
use entity::media::video as row;
use serde::Serialize;
use service::error::Error;
use service::video::{self, PUBLIC_AGE};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::caller::Visitor;
use crate::error::{ApiError, Problem};
use crate::rest::list::{List, Plain};

/// A video that everybody may watch: without whose it is.
#[derive(Debug, Serialize, ToSchema)]
pub struct PublicVideo {
    id: Uuid,
    #[schema(example = "ethereum:0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed:42")]
    nft_id: String,
    #[schema(example = "Over the clouds")]
    title: Option<String>,
    description: Option<String>,
    #[schema(example = "https://media.example.com/42.mp4")]
    video_url: Option<String>,
    #[schema(example = "https://media.example.com/42.webp")]
    thumbnail_url: Option<String>,
    completed_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
}

impl From<row::Model> for PublicVideo {
    fn from(row: row::Model) -> Self {
        Self {
            id: row.id.0,
            nft_id: row.nft_id,
            title: row.title,
            description: row.description,
            video_url: row.video_url,
            thumbnail_url: row.thumbnail_url,
            completed_at: row.completed_at,
            created_at: row.created_at,
        }
    }
}

/// The completed videos that everybody may watch, the newest first. Whoever asks gets the same, and
/// may keep it for a while.
#[utoipa::path(get, path = "/videos/public", tag = "videos", responses(
    (status = 200, body = List<PublicVideo>), (status = 304), (status = 400, body = Problem),
))]
pub(super) async fn list_public(
    Visitor(ctx): Visitor,
    Plain(page): Plain,
) -> Result<Response, ApiError> {
    let found = video::public(&ctx, page.request()).await?;
    let age = ctx.configuration().get(&PUBLIC_AGE).as_secs();
    let keep = HeaderValue::from_str(&format!("public, max-age={age}"));
    let mut response = page.answer(found.map(PublicVideo::from))?;
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, keep.map_err(Error::internal)?);
    Ok(response)
}
