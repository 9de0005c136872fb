//! How a video ends: once, and its owner and whoever listens are told in the same write.

use entity::media::notification::NotificationType;
use entity::media::video::{Model, VideoStatus};
use serde_json::json;

use super::put;
use crate::error::Result;
use crate::notification::{News, notify};
use crate::webhook::{self, Event, EventType};
use crate::write::Write;

/// The most characters of why a video failed.
const WHY: usize = 500;

/// Whether a video may still end.
pub(super) fn is_open(row: &Model) -> bool {
    matches!(row.status, VideoStatus::Pending | VideoStatus::Processing)
}

/// The video can be watched at `video_url`.
pub(super) async fn complete(
    tx: &Write,
    mut row: Model,
    video_url: String,
    thumbnail_url: Option<String>,
) -> Result<Model> {
    row.status = VideoStatus::Completed;
    row.video_url = Some(video_url);
    row.thumbnail_url = thumbnail_url;
    row.error_message = None;
    row.completed_at = Some(tx.now);
    let message = match &row.title {
        Some(title) => format!("\u{201c}{title}\u{201d} can be watched."),
        None => format!("The video of {} can be watched.", row.nft_id),
    };
    let told = (NotificationType::VideoCompleted, "Your video is ready");
    tell(tx, row, EventType::VideoCompleted, told, message).await
}

/// The video will not be made, for the reason `why`.
pub(super) async fn fail(tx: &Write, mut row: Model, why: &str) -> Result<Model> {
    let why: String = why.replace('\0', "").chars().take(WHY).collect();
    row.status = VideoStatus::Failed;
    row.completed_at = None;
    let message = match &row.title {
        Some(title) => format!("\u{201c}{title}\u{201d} was not made: {why}."),
        None => format!("The video of {} was not made: {why}.", row.nft_id),
    };
    row.error_message = Some(why);
    let told = (NotificationType::VideoFailed, "Your video failed");
    tell(tx, row, EventType::VideoFailed, told, message).await
}

async fn tell(
    tx: &Write,
    mut row: Model,
    event: EventType,
    (kind, title): (NotificationType, &str),
    message: String,
) -> Result<Model> {
    put(tx, &mut row).await?;
    webhook::emit(tx, Event::video(event, &row)).await?;
    let news = News {
        kind,
        title: title.to_owned(),
        message,
        data: Some(json!({ "video_id": row.id })),
    };
    notify(tx, row.user_id, news).await?;
    Ok(row)
}
