//! Messages: appended one by one or in bulk, read in pages.

use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use entity::id::{MessageId, ThreadId};
use serde::{Deserialize, Serialize};
use service::conversation;
use service::error::Error;
use service::page::Order;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::super::list::{List, Listing};
use super::super::tag;
use super::body::{Message, NewMessageBody};
use crate::caller::Caller;
use crate::error::{ApiError, Problem};
use crate::extract::{Path, Verbatim};
use crate::urls::path::API;

/// Which messages.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct MessageQuery {
    /// `oldest` (unless said) or `newest` first.
    order: Option<MessageOrder>,
}

/// Which end of a thread comes first.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum MessageOrder {
    /// The first message.
    #[default]
    Oldest,
    /// The last message.
    Newest,
}

/// The messages of a thread with everything that belongs to them.
#[utoipa::path(get, path = "/threads/{id}/messages", tag = "threads",
    params(("id" = Uuid, Path), MessageQuery), responses(
    (status = 200, body = List<Message>), (status = 400, body = Problem), (status = 404, body = Problem),
))]
pub(super) async fn list_messages(
    Caller(ctx): Caller,
    Path(id): Path<ThreadId>,
    Listing((query, page)): Listing<MessageQuery>,
) -> Result<Response, ApiError> {
    let order = match query.order.unwrap_or_default() {
        MessageOrder::Oldest => Order::Oldest,
        MessageOrder::Newest => Order::Newest,
    };
    let found = conversation::messages(&ctx, id, order, page.request()).await?;
    page.answer(found.map(Message::from))
}

/// Say something in a thread, with the tool calls, tool selections, complexity estimate and token
/// consumption that belong to it.
#[utoipa::path(post, path = "/threads/{id}/messages", tag = "threads", params(("id" = Uuid, Path)),
    request_body = NewMessageBody, responses(
    (status = 201, body = Message), (status = 404, body = Problem), (status = 409, body = Problem),
    (status = 422, body = Problem),
))]
pub(super) async fn append_message(
    Caller(ctx): Caller,
    Path(id): Path<ThreadId>,
    Verbatim(body): Verbatim<NewMessageBody>,
) -> Result<Response, ApiError> {
    let mut made = conversation::append(&ctx, id, vec![body.into()], "").await?;
    let message = made
        .pop()
        .ok_or_else(|| Error::internal("nothing was appended"))?;
    let location = format!("{API}/threads/{id}/messages/{}", message.message.id);
    super::super::created(&location, Message::from(message))
}

/// Many messages at once.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewMessagesBody {
    /// 1 to 5,000, in the order in which they were said.
    messages: Vec<NewMessageBody>,
}

/// The messages that were appended.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Appended {
    count: usize,
    /// In the order of the request.
    ids: Vec<Uuid>,
}

/// Say many things in a thread: all of them, or none.
#[utoipa::path(post, path = "/threads/{id}/messages/bulk", tag = "threads", params(("id" = Uuid, Path)),
    request_body = NewMessagesBody, responses(
    (status = 201, body = Appended), (status = 404, body = Problem), (status = 409, body = Problem),
    (status = 413, body = Problem), (status = 422, body = Problem),
))]
pub(super) async fn append_messages(
    Caller(ctx): Caller,
    Path(id): Path<ThreadId>,
    Verbatim(body): Verbatim<NewMessagesBody>,
) -> Result<Response, ApiError> {
    let new = body.messages.into_iter().map(Into::into).collect();
    let made = conversation::append(&ctx, id, new, "/messages").await?;
    let ids: Vec<Uuid> = made.iter().map(|detail| detail.message.id.0).collect();
    let location = format!("{API}/threads/{id}/messages");
    let count = ids.len();
    super::super::created(&location, Appended { count, ids })
}

/// One message of a thread.
#[utoipa::path(get, path = "/threads/{id}/messages/{message_id}", tag = "threads",
    params(("id" = Uuid, Path), ("message_id" = Uuid, Path)), responses(
    (status = 200, body = Message), (status = 304), (status = 404, body = Problem),
))]
pub(super) async fn show_message(
    Caller(ctx): Caller,
    Path((thread, id)): Path<(ThreadId, MessageId)>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let found = conversation::message(&ctx, thread, id).await?;
    tag::whole(&headers, &Message::from(found))
}

/// Take a message back, with everything that belongs to it.
#[utoipa::path(delete, path = "/threads/{id}/messages/{message_id}", tag = "threads",
    params(("id" = Uuid, Path), ("message_id" = Uuid, Path)), responses(
    (status = 204), (status = 404, body = Problem),
))]
pub(super) async fn remove_message(
    Caller(ctx): Caller,
    Path((thread, id)): Path<(ThreadId, MessageId)>,
) -> Result<StatusCode, ApiError> {
    conversation::remove(&ctx, thread, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
