//! The worker protocol of executions, for keys of scope `worker`.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use entity::id::ExecutionId;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use service::agent::{self, NewEvent};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::execution::{Execution, ExecutionEvent};
use super::workflow::Workflow;
use super::{Agent, App};
use crate::caller::Caller;
use crate::error::{ApiError, Problem};
use crate::extract::{Json, Path};
use crate::rest::worker::{ClaimBody, FailBody, Lease, LeaseBody};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(claim_execution))
        .routes(routes!(renew_execution))
        .routes(routes!(complete_execution))
        .routes(routes!(fail_execution))
}

/// A claimed execution.
#[derive(Debug, Serialize, ToSchema)]
pub struct ClaimedExecution {
    execution: Execution,
    /// The agent that is executed, unless it is a workflow.
    agent: Option<Agent>,
    /// The workflow that is executed, unless it is an agent.
    workflow: Option<Workflow>,
    /// The latest of what happened so far, 100 at most: whoever takes over goes on from there.
    events: Vec<ExecutionEvent>,
    /// What every further word on the execution must name.
    lease_token: Uuid,
    /// When the claim runs out unless it is renewed.
    lease_until: DateTime<Utc>,
}

/// Claim the execution that has waited longest: 204 when none waits.
#[utoipa::path(post, path = "/executions/claim", tag = "worker", request_body = ClaimBody, responses(
    (status = 200, body = ClaimedExecution), (status = 204), (status = 403, body = Problem),
))]
async fn claim_execution(
    Caller(ctx): Caller,
    Json(body): Json<ClaimBody>,
) -> Result<Response, ApiError> {
    let claimed = agent::claim(&ctx, &body.worker).await?;
    Ok(match claimed {
        None => StatusCode::NO_CONTENT.into_response(),
        Some(claimed) => Json(ClaimedExecution {
            execution: claimed.execution.into(),
            agent: claimed.agent.map(Into::into),
            workflow: claimed.workflow.map(Into::into),
            events: claimed.events.into_iter().map(Into::into).collect(),
            lease_token: claimed.lease_token,
            lease_until: claimed.lease_until,
        })
        .into_response(),
    })
}

/// Renew a claim. A claim that was cancelled cannot be: `execution.stale_lease`.
#[utoipa::path(post, path = "/executions/{id}/heartbeat", tag = "worker",
    params(("id" = Uuid, Path)), request_body = LeaseBody, responses(
    (status = 200, body = Lease), (status = 404, body = Problem), (status = 409, body = Problem),
))]
async fn renew_execution(
    Caller(ctx): Caller,
    Path(id): Path<ExecutionId>,
    Json(body): Json<LeaseBody>,
) -> Result<Json<Lease>, ApiError> {
    let lease_until = agent::heartbeat(&ctx, id, body.lease_token).await?;
    Ok(Json(Lease { lease_until }))
}

fn nothing() -> Value {
    json!({})
}

/// What happened, in the worker's own word.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewEventBody {
    #[schema(example = "step")]
    kind: String,
    #[serde(default = "nothing")]
    #[schema(value_type = Object, example = json!({ "number": 1, "message": "Reading" }))]
    data: Value,
}

/// What a worker tells.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EventsBody {
    lease_token: Uuid,
    /// In their order, 100 at most.
    events: Vec<NewEventBody>,
}

/// Tell what happened; the answer has the events' numbers. Renews the claim. Send it with an
/// `Idempotency-Key`, so that a repetition writes nothing twice.
#[utoipa::path(post, path = "/executions/{id}/events", tag = "worker",
    params(("id" = Uuid, Path)), request_body = EventsBody, responses(
    (status = 200, body = Vec<ExecutionEvent>), (status = 404, body = Problem),
    (status = 409, body = Problem), (status = 422, body = Problem),
))]
pub(super) async fn record(
    Caller(ctx): Caller,
    Path(id): Path<ExecutionId>,
    Json(body): Json<EventsBody>,
) -> Result<Json<Vec<ExecutionEvent>>, ApiError> {
    let events = body.events.into_iter().map(|event| NewEvent {
        kind: event.kind,
        data: event.data,
    });
    let rows = agent::record(&ctx, id, body.lease_token, events.collect()).await?;
    Ok(Json(rows.into_iter().map(Into::into).collect()))
}

/// What came of an execution.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CompleteBody {
    lease_token: Uuid,
    #[schema(value_type = Object, example = json!({ "summary": "Three releases" }))]
    output: Value,
}

/// Complete an execution. The same output again is no error.
#[utoipa::path(post, path = "/executions/{id}/complete", tag = "worker",
    params(("id" = Uuid, Path)), request_body = CompleteBody, responses(
    (status = 200, body = Execution), (status = 404, body = Problem), (status = 409, body = Problem),
    (status = 422, body = Problem),
))]
async fn complete_execution(
    Caller(ctx): Caller,
    Path(id): Path<ExecutionId>,
    Json(body): Json<CompleteBody>,
) -> Result<Json<Execution>, ApiError> {
    let token = body.lease_token;
    Ok(Json(
        agent::complete(&ctx, id, token, body.output).await?.into(),
    ))
}

/// Give an execution up for good.
#[utoipa::path(post, path = "/executions/{id}/fail", tag = "worker", params(("id" = Uuid, Path)),
    request_body = FailBody, responses(
    (status = 200, body = Execution), (status = 404, body = Problem), (status = 409, body = Problem),
))]
async fn fail_execution(
    Caller(ctx): Caller,
    Path(id): Path<ExecutionId>,
    Json(body): Json<FailBody>,
) -> Result<Json<Execution>, ApiError> {
    Ok(Json(
        agent::fail(&ctx, id, body.lease_token, &body.message)
            .await?
            .into(),
    ))
}
