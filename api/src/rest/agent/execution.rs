//! Executions, as their owners see them.

use axum::http::HeaderMap;
use axum::response::Response;
use chrono::{DateTime, Utc};
use entity::agent::execution::{self, ExecutionStatus};
use entity::agent::execution_event;
use entity::id::{ExecutionId, UserAgentId, UserId, WorkflowId};
use futures::StreamExt;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use service::agent::{self, ExecutionFilter, Subject};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::App;
use crate::caller::Caller;
use crate::error::{ApiError, Problem};
use crate::extract::{Json, Path};
use crate::rest::list::{List, Listing, Plain};
use crate::rest::{created, sse, tag};
use crate::urls::path::API;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_of_agent, execute_agent))
        .routes(routes!(list_of_workflow, execute_workflow))
        .routes(routes!(list_executions))
        .routes(routes!(show_execution))
        .routes(routes!(cancel_execution))
        .routes(routes!(list_events, super::worker::record))
}

/// One run of an agent or of a workflow.
#[derive(Debug, Serialize, ToSchema)]
pub struct Execution {
    id: Uuid,
    /// The agent, unless it is a workflow's.
    agent_id: Option<Uuid>,
    /// The workflow, unless it is an agent's.
    workflow_id: Option<Uuid>,
    user_id: Uuid,
    #[schema(value_type = String, example = "pending")]
    status: ExecutionStatus,
    #[schema(value_type = Object, example = json!({ "prompt": "What shipped last week?" }))]
    input: Value,
    #[schema(value_type = Option<Object>)]
    output: Option<Value>,
    error_message: Option<String>,
    /// The worker that holds it, or held it last.
    claimed_by: Option<String>,
    attempt: i32,
    version: i64,
    started_at: Option<DateTime<Utc>>,
    completed_at: Option<DateTime<Utc>>,
    /// How long it took from its first claim, in milliseconds.
    duration_ms: Option<i64>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl From<execution::Model> for Execution {
    fn from(execution: execution::Model) -> Self {
        Self {
            id: execution.id.0,
            agent_id: execution.agent_id.map(|id| id.0),
            workflow_id: execution.workflow_id.map(|id| id.0),
            user_id: execution.user_id.0,
            status: execution.status,
            input: execution.input,
            output: execution.output,
            error_message: execution.error_message,
            claimed_by: execution.claimed_by,
            attempt: execution.attempt,
            version: execution.version,
            started_at: execution.started_at,
            completed_at: execution.completed_at,
            duration_ms: execution.duration_ms,
            created_at: execution.created_at,
            updated_at: execution.updated_at,
        }
    }
}

/// Something that happened to an execution.
#[derive(Debug, Serialize, ToSchema)]
pub struct ExecutionEvent {
    /// Its number: from 1, without gaps.
    #[schema(example = 3)]
    pub(in crate::rest) seq: i64,
    /// In the worker's own word, or one of ours: `created`, `claimed`, `reclaimed`, `completed`,
    /// `failed`, `cancelled`.
    #[schema(example = "step")]
    pub(in crate::rest) kind: String,
    #[schema(value_type = Object, example = json!({ "number": 1, "message": "Reading" }))]
    data: Value,
    created_at: DateTime<Utc>,
}

impl From<execution_event::Model> for ExecutionEvent {
    fn from(event: execution_event::Model) -> Self {
        Self {
            seq: event.seq,
            kind: event.kind,
            data: event.data,
            created_at: event.created_at,
        }
    }
}

/// What an execution is given.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ExecuteBody {
    #[schema(value_type = Option<Object>, example = json!({ "prompt": "What shipped last week?" }))]
    input: Option<Value>,
}

impl ExecuteBody {
    fn input(self) -> Value {
        self.input.unwrap_or_else(|| json!({}))
    }
}

/// Have an agent executed: a worker will claim it.
#[utoipa::path(post, path = "/agents/{id}/executions", tag = "executions",
    params(("id" = Uuid, Path)), request_body = ExecuteBody, responses(
    (status = 201, body = Execution), (status = 404, body = Problem), (status = 409, body = Problem),
    (status = 422, body = Problem),
))]
async fn execute_agent(
    Caller(ctx): Caller,
    Path(id): Path<UserAgentId>,
    Json(body): Json<ExecuteBody>,
) -> Result<Response, ApiError> {
    started(agent::start(&ctx, Subject::Agent(id), body.input()).await?)
}

/// Have a workflow executed: a worker will claim it.
#[utoipa::path(post, path = "/workflows/{id}/executions", tag = "executions",
    params(("id" = Uuid, Path)), request_body = ExecuteBody, responses(
    (status = 201, body = Execution), (status = 404, body = Problem), (status = 409, body = Problem),
    (status = 422, body = Problem),
))]
async fn execute_workflow(
    Caller(ctx): Caller,
    Path(id): Path<WorkflowId>,
    Json(body): Json<ExecuteBody>,
) -> Result<Response, ApiError> {
    started(agent::start(&ctx, Subject::Workflow(id), body.input()).await?)
}

fn started(execution: execution::Model) -> Result<Response, ApiError> {
    let location = format!("{API}/executions/{}", execution.id);
    created(&location, Execution::from(execution))
}

/// An agent's executions, the newest first.
#[utoipa::path(get, path = "/agents/{id}/executions", tag = "executions",
    params(("id" = Uuid, Path)), responses(
    (status = 200, body = List<Execution>), (status = 404, body = Problem),
))]
async fn list_of_agent(
    Caller(ctx): Caller,
    Path(id): Path<UserAgentId>,
    Plain(page): Plain,
) -> Result<Response, ApiError> {
    let filter = ExecutionFilter {
        of: Some(Subject::Agent(id)),
        ..ExecutionFilter::default()
    };
    let found = agent::executions(&ctx, filter, page.request()).await?;
    page.answer(found.map(Execution::from))
}

/// A workflow's executions, the newest first.
#[utoipa::path(get, path = "/workflows/{id}/executions", tag = "executions",
    params(("id" = Uuid, Path)), responses(
    (status = 200, body = List<Execution>), (status = 404, body = Problem),
))]
async fn list_of_workflow(
    Caller(ctx): Caller,
    Path(id): Path<WorkflowId>,
    Plain(page): Plain,
) -> Result<Response, ApiError> {
    let filter = ExecutionFilter {
        of: Some(Subject::Workflow(id)),
        ..ExecutionFilter::default()
    };
    let found = agent::executions(&ctx, filter, page.request()).await?;
    page.answer(found.map(Execution::from))
}

/// Which executions.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ExecutionQuery {
    /// `pending`, `running`, `completed`, `failed` or `cancelled`.
    #[param(value_type = Option<String>)]
    status: Option<ExecutionStatus>,
    /// The owner, for staff.
    user_id: Option<Uuid>,
}

/// The executions in the caller's sight, the newest first.
#[utoipa::path(get, path = "/executions", tag = "executions", params(ExecutionQuery), responses(
    (status = 200, body = List<Execution>), (status = 400, body = Problem), (status = 401, body = Problem),
))]
async fn list_executions(
    Caller(ctx): Caller,
    Listing((query, page)): Listing<ExecutionQuery>,
) -> Result<Response, ApiError> {
    let filter = ExecutionFilter {
        status: query.status,
        of: None,
        user: query.user_id.map(UserId),
    };
    let found = agent::executions(&ctx, filter, page.request()).await?;
    page.answer(found.map(Execution::from))
}

/// One execution.
#[utoipa::path(get, path = "/executions/{id}", tag = "executions", params(("id" = Uuid, Path)),
    responses((status = 200, body = Execution), (status = 304), (status = 404, body = Problem)))]
async fn show_execution(
    Caller(ctx): Caller,
    Path(id): Path<ExecutionId>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let execution = agent::execution(&ctx, id).await?;
    tag::shown(&headers, execution.version, Execution::from(execution))
}

/// Call an execution off. The worker that holds it hears it with its next word.
#[utoipa::path(post, path = "/executions/{id}/cancel", tag = "executions",
    params(("id" = Uuid, Path)), responses(
    (status = 200, body = Execution), (status = 404, body = Problem), (status = 409, body = Problem),
))]
async fn cancel_execution(
    Caller(ctx): Caller,
    Path(id): Path<ExecutionId>,
) -> Result<Json<Execution>, ApiError> {
    Ok(Json(agent::cancel(&ctx, id).await?.into()))
}

/// What happened to an execution, in order.
///
/// With `Accept: text/event-stream` the answer is a stream that goes on as things happen, until the
/// execution is over: each event has its number as its id and its kind as its type, and
/// `Last-Event-ID` goes on behind it.
#[utoipa::path(get, path = "/executions/{id}/events", tag = "executions",
    params(("id" = Uuid, Path),
        ("last-event-id" = Option<String>, Header, description = "Of a stream: the last event that the caller has.")),
    responses(
    (status = 200, content((List<ExecutionEvent> = "application/json"), (String = "text/event-stream"))),
    (status = 400, body = Problem), (status = 404, body = Problem),
))]
async fn list_events(
    Caller(ctx): Caller,
    Path(id): Path<ExecutionId>,
    headers: HeaderMap,
    Plain(page): Plain,
) -> Result<Response, ApiError> {
    if sse::is_wanted(&headers) {
        let after = sse::last_event(&headers).or(page.after());
        let events = agent::follow(ctx, id, agent::after(after)?).await?;
        return Ok(sse::answer(events.map(|event| {
            let event = ExecutionEvent::from(event?);
            sse::event(&event.seq.to_string(), &event.kind, &event)
        })));
    }
    let found = agent::events(&ctx, id, page.request()).await?;
    page.answer(found.map(ExecutionEvent::from))
}
