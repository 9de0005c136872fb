//! What the caller is told, and whether they have read it.

use axum::http::HeaderMap;
use axum::response::Response;
use chrono::{DateTime, Utc};
use entity::id::NotificationId;
use entity::media::notification::{self as row, NotificationType};
use futures::StreamExt;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use service::notification::{self, NotificationFilter};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::list::{List, Listing, Plain};
use super::{App, sse, tag};
use crate::caller::Caller;
use crate::error::{ApiError, Problem};
use crate::extract::{Json, Path};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_notifications))
        .routes(routes!(count_unread))
        .routes(routes!(list_told))
        .routes(routes!(read_all))
        .routes(routes!(show_notification))
        .routes(routes!(read_one))
}

/// Something that the caller should hear of.
#[derive(Debug, Serialize, ToSchema)]
pub struct Notification {
    id: Uuid,
    /// `VIDEO_COMPLETED`, `VIDEO_FAILED`, `NFT_VERIFIED`, `SYSTEM_ANNOUNCEMENT`, `PROFILE_UPDATE` or
    /// `MISSION_COMPLETED`; more may come.
    #[serde(rename = "type")]
    #[schema(value_type = String, example = "VIDEO_COMPLETED")]
    kind: NotificationType,
    #[schema(example = "Your video is ready")]
    title: String,
    #[schema(example = "\u{201c}Over the clouds\u{201d} can be watched.")]
    message: String,
    /// What it leads to, such as `video_id` or `nft_id`.
    #[schema(value_type = Option<Object>, example = json!({ "video_id": "019bc0de-0000-7000-8000-000000000008" }))]
    data: Option<Value>,
    is_read: bool,
    created_at: DateTime<Utc>,
}

impl From<row::Model> for Notification {
    fn from(row: row::Model) -> Self {
        Self {
            id: row.id.0,
            kind: row.kind,
            title: row.title,
            message: row.message,
            data: row.data,
            is_read: row.is_read,
            created_at: row.created_at,
        }
    }
}

/// Which notifications.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct NotificationQuery {
    /// Only those that the caller has not read (`true`), or has (`false`).
    unread: Option<bool>,
    /// Only those of this type.
    #[serde(rename = "type")]
    #[param(value_type = Option<String>, example = "VIDEO_COMPLETED")]
    kind: Option<NotificationType>,
}

/// The caller's own notifications, the newest first.
#[utoipa::path(get, path = "/notifications", tag = "notifications", params(NotificationQuery),
    responses((status = 200, body = List<Notification>), (status = 400, body = Problem),
    (status = 401, body = Problem)))]
async fn list_notifications(
    Caller(ctx): Caller,
    Listing((query, page)): Listing<NotificationQuery>,
) -> Result<Response, ApiError> {
    let filter = NotificationFilter {
        unread: query.unread,
        kind: query.kind,
    };
    let found = notification::notifications(&ctx, filter, page.request()).await?;
    page.answer(found.map(Notification::from))
}

/// How many.
#[derive(Debug, Serialize, ToSchema)]
pub struct Count {
    #[schema(example = 3)]
    count: u64,
}

/// How many of the caller's notifications were not read.
#[utoipa::path(get, path = "/notifications/unread-count", tag = "notifications",
    responses((status = 200, body = Count), (status = 304), (status = 401, body = Problem)))]
async fn count_unread(Caller(ctx): Caller, headers: HeaderMap) -> Result<Response, ApiError> {
    let count = notification::unread(&ctx).await?;
    tag::whole(&headers, &Count { count })
}

/// What the caller is told, in order.
///
/// With `Accept: text/event-stream` the answer is a stream that goes on as it happens, until the
/// caller's session or key ends: each event has the notification as its data, its type as its type,
/// and as its id a cursor, behind which `Last-Event-ID` goes on. Without a cursor it begins now.
/// Else it is one page, the oldest first, with the same cursors.
#[utoipa::path(get, path = "/notifications/events", tag = "notifications",
    params(("last-event-id" = Option<String>, Header, description = "Of a stream: the last event that the caller has.")),
    responses(
    (status = 200, content((List<Notification> = "application/json"), (String = "text/event-stream"))),
    (status = 400, body = Problem), (status = 401, body = Problem),
))]
async fn list_told(
    Caller(ctx): Caller,
    headers: HeaderMap,
    Plain(page): Plain,
) -> Result<Response, ApiError> {
    if sse::is_wanted(&headers) {
        let after = sse::last_event(&headers).or(page.after());
        let told = notification::follow(ctx, after).await?;
        return Ok(sse::answer(told.map(|told| {
            let told = told?;
            let (id, kind) = (notification::cursor(&told), kind_of(&told)?);
            sse::event(&id, &kind, &Notification::from(told))
        })));
    }
    let found = notification::told(&ctx, page.request()).await?;
    page.answer(found.map(Notification::from))
}

/// The type as it is written.
fn kind_of(row: &row::Model) -> service::Result<String> {
    let kind = serde_json::to_value(row.kind).map_err(service::Error::internal)?;
    Ok(kind.as_str().unwrap_or_default().to_owned())
}

/// Mark all of the caller's notifications as read; tells how many were not before.
#[utoipa::path(post, path = "/notifications/read-all", tag = "notifications",
    responses((status = 200, body = Count), (status = 401, body = Problem)))]
async fn read_all(Caller(ctx): Caller) -> Result<Json<Count>, ApiError> {
    let count = notification::read_all(&ctx).await?;
    Ok(Json(Count { count }))
}

/// One of the caller's own notifications.
#[utoipa::path(get, path = "/notifications/{id}", tag = "notifications", params(("id" = Uuid, Path)),
    responses((status = 200, body = Notification), (status = 304), (status = 404, body = Problem)))]
async fn show_notification(
    Caller(ctx): Caller,
    Path(id): Path<NotificationId>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let found = notification::notification(&ctx, id).await?;
    tag::whole(&headers, &Notification::from(found))
}

/// Mark a notification as read. That it was read before changes nothing.
#[utoipa::path(post, path = "/notifications/{id}/read", tag = "notifications",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = Notification), (status = 404, body = Problem)))]
async fn read_one(
    Caller(ctx): Caller,
    Path(id): Path<NotificationId>,
) -> Result<Json<Notification>, ApiError> {
    Ok(Json(notification::read(&ctx, id).await?.into()))
}
