//! Threads, as their owners see them.

mod body;
mod event;
mod message;
mod search;

use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use chrono::{DateTime, Utc};
use entity::conversation::thread;
use entity::id::{ThreadId, UserId};
use serde::{Deserialize, Serialize};
use service::conversation::{self, NewThread, ThreadChange, ThreadFilter};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::list::{List, Listing};
use super::{App, BULK, JSON, tag};
use crate::caller::Caller;
use crate::error::{ApiError, Problem};
use crate::extract::{Json, Path};
use crate::urls::path::API;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_threads, create_thread))
        .routes(routes!(show_thread, update_thread, delete_thread))
        .routes(routes!(message::list_messages, message::append_message))
        .routes(routes!(message::show_message, message::remove_message))
        .routes(routes!(event::thread_events))
        .routes(routes!(search::search))
        .layer(DefaultBodyLimit::max(JSON))
        .merge(
            OpenApiRouter::new()
                .routes(routes!(message::append_messages))
                .layer(DefaultBodyLimit::max(BULK)),
        )
}

/// A thread.
#[derive(Debug, Serialize, ToSchema)]
pub struct Thread {
    id: Uuid,
    user_id: Uuid,
    title: String,
    vlab_id: Option<Uuid>,
    project_id: Option<Uuid>,
    creation_date: DateTime<Utc>,
    update_date: DateTime<Utc>,
}

impl From<thread::Model> for Thread {
    fn from(thread: thread::Model) -> Self {
        Self {
            id: thread.id.0,
            user_id: thread.user_id.0,
            title: thread.title,
            vlab_id: thread.vlab_id,
            project_id: thread.project_id,
            creation_date: thread.creation_date,
            update_date: thread.update_date,
        }
    }
}

/// Which threads.
#[expect(clippy::struct_field_names, reason = "the columns' own names")]
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ThreadQuery {
    /// Only those of this virtual lab.
    vlab_id: Option<Uuid>,
    /// Only those of this project.
    project_id: Option<Uuid>,
    /// The owner, for staff.
    user_id: Option<Uuid>,
}

/// The threads in the caller's sight, the one that moved last first.
#[utoipa::path(get, path = "/threads", tag = "threads", params(ThreadQuery), responses(
    (status = 200, body = List<Thread>), (status = 400, body = Problem), (status = 401, body = Problem),
))]
async fn list_threads(
    Caller(ctx): Caller,
    Listing((query, page)): Listing<ThreadQuery>,
) -> Result<Response, ApiError> {
    let filter = ThreadFilter {
        vlab_id: query.vlab_id,
        project_id: query.project_id,
        user: query.user_id.map(UserId),
    };
    let found = conversation::threads(&ctx, filter, page.request()).await?;
    page.answer(found.map(Thread::from))
}

/// What beginning a thread takes. Ids and times are given by those who bring records along.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewThreadBody {
    /// May be empty.
    #[schema(example = "Layer 5 morphologies")]
    title: String,
    id: Option<Uuid>,
    /// The owner, when an admin begins it for somebody else.
    user_id: Option<Uuid>,
    vlab_id: Option<Uuid>,
    project_id: Option<Uuid>,
    creation_date: Option<DateTime<Utc>>,
    update_date: Option<DateTime<Utc>>,
}

/// Begin a thread.
#[utoipa::path(post, path = "/threads", tag = "threads", request_body = NewThreadBody, responses(
    (status = 201, body = Thread), (status = 401, body = Problem), (status = 403, body = Problem),
    (status = 409, body = Problem), (status = 422, body = Problem),
))]
async fn create_thread(
    Caller(ctx): Caller,
    Json(body): Json<NewThreadBody>,
) -> Result<Response, ApiError> {
    let new = NewThread {
        id: body.id.map(ThreadId),
        user: body.user_id.map(UserId),
        title: body.title,
        vlab_id: body.vlab_id,
        project_id: body.project_id,
        creation_date: body.creation_date,
        update_date: body.update_date,
    };
    let thread = conversation::create(&ctx, new).await?;
    let location = format!("{API}/threads/{}", thread.id);
    super::created(&location, Thread::from(thread))
}

/// One thread.
#[utoipa::path(get, path = "/threads/{id}", tag = "threads", params(("id" = Uuid, Path)), responses(
    (status = 200, body = Thread), (status = 304), (status = 404, body = Problem),
))]
async fn show_thread(
    Caller(ctx): Caller,
    Path(id): Path<ThreadId>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let thread = conversation::thread(&ctx, id).await?;
    tag::shown(&headers, conversation::tag(&thread), Thread::from(thread))
}

/// What may change in a thread.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ThreadChangeBody {
    title: Option<String>,
}

/// Rename a thread.
#[utoipa::path(patch, path = "/threads/{id}", tag = "threads", params(("id" = Uuid, Path)),
    request_body = ThreadChangeBody, responses(
    (status = 200, body = Thread), (status = 404, body = Problem), (status = 412, body = Problem),
    (status = 422, body = Problem),
))]
async fn update_thread(
    Caller(ctx): Caller,
    Path(id): Path<ThreadId>,
    headers: HeaderMap,
    Json(body): Json<ThreadChangeBody>,
) -> Result<Response, ApiError> {
    let read = tag::if_match(&headers);
    let change = ThreadChange { title: body.title };
    let thread = conversation::update(&ctx, id, change, &read).await?;
    tag::row(conversation::tag(&thread), Thread::from(thread))
}

/// Remove a thread with everything that was said in it.
#[utoipa::path(delete, path = "/threads/{id}", tag = "threads", params(("id" = Uuid, Path)), responses(
    (status = 204), (status = 404, body = Problem), (status = 412, body = Problem),
))]
async fn delete_thread(
    Caller(ctx): Caller,
    Path(id): Path<ThreadId>,
    headers: HeaderMap,
) -> Result<StatusCode, ApiError> {
    conversation::delete(&ctx, id, &tag::if_match(&headers)).await?;
    Ok(StatusCode::NO_CONTENT)
}
