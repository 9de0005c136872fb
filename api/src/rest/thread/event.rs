//! A thread as a stream.

use axum::http::HeaderMap;
use axum::response::Response;
use entity::id::ThreadId;
use futures::StreamExt;
use serde::Serialize;
use service::conversation::{self, News};
use service::page::Order;
use uuid::Uuid;

use super::super::list::{List, Plain};
use super::super::sse;
use super::Thread;
use super::body::Message;
use crate::caller::Caller;
use crate::error::{ApiError, Problem};
use crate::extract::Path;

/// What is left of a message that is gone.
#[derive(Debug, Serialize)]
struct Gone {
    id: Uuid,
}

/// What happens to a thread, as it happens.
///
/// With `Accept: text/event-stream` the answer is a stream that goes on until the thread is gone, or
/// the caller's session or key ends: `message` is a message that is new or another than before, whole,
/// in the order of the thread; `removed` is one that is gone; `thread` is the thread itself, when it
/// has another title. Each event's id is a cursor, behind which `Last-Event-ID` goes on. Without one
/// the stream begins now, with `thread`; what was said before is in the list of messages. Of the last
/// sixteen messages all changes are told, of older ones none. Else the answer is that list.
#[utoipa::path(get, path = "/threads/{id}/events", tag = "threads",
    params(("id" = Uuid, Path),
        ("last-event-id" = Option<String>, Header, description = "Of a stream: the last event that the caller has.")),
    responses(
    (status = 200, content((List<Message> = "application/json"), (String = "text/event-stream",
        example = "id: q3VhbGl0eQ\nevent: removed\ndata: {\"id\":\"019bc0de-0000-7000-8000-000000000009\"}\n\n"))),
    (status = 400, body = Problem), (status = 404, body = Problem),
))]
pub(super) async fn thread_events(
    Caller(ctx): Caller,
    Path(id): Path<ThreadId>,
    headers: HeaderMap,
    Plain(page): Plain,
) -> Result<Response, ApiError> {
    if sse::is_wanted(&headers) {
        let after = sse::last_event(&headers).or(page.after());
        let told = conversation::follow(ctx, id, after).await?;
        return Ok(sse::answer(told.map(|told| {
            let told = told?;
            match told.news {
                News::Thread(row) => sse::event(&told.cursor, "thread", &Thread::from(row)),
                News::Message(row) => sse::event(&told.cursor, "message", &Message::from(*row)),
                News::Removed(id) => sse::event(&told.cursor, "removed", &Gone { id: id.0 }),
            }
        })));
    }
    let found = conversation::messages(&ctx, id, Order::Oldest, page.request()).await?;
    page.answer(found.map(Message::from))
}
