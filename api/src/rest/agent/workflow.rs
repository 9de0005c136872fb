//! Workflows: steps that people run without an agent.

use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use chrono::{DateTime, Utc};
use entity::agent::workflow;
use entity::id::{UserId, WorkflowId};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use service::agent::{self, NewWorkflow, WorkflowChange, WorkflowFilter};
use service::change::Change;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::App;
use crate::caller::Caller;
use crate::error::{ApiError, Problem};
use crate::extract::{Json, Path};
use crate::rest::list::{List, Listing};
use crate::rest::{created, tag};
use crate::urls::path::API;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_workflows, create_workflow))
        .routes(routes!(show_workflow, update_workflow, delete_workflow))
}

/// A workflow.
#[derive(Debug, Serialize, ToSchema)]
pub struct Workflow {
    id: Uuid,
    user_id: Uuid,
    #[schema(example = "Weekly report")]
    name: String,
    description: Option<String>,
    #[schema(value_type = Object, example = json!({ "steps": [{ "id": "collect", "kind": "agent" }] }))]
    definition: Value,
    is_active: bool,
    last_run_at: Option<DateTime<Utc>>,
    run_count: i64,
    version: i64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl From<workflow::Model> for Workflow {
    fn from(workflow: workflow::Model) -> Self {
        Self {
            id: workflow.id.0,
            user_id: workflow.user_id.0,
            name: workflow.name,
            description: workflow.description,
            definition: workflow.definition,
            is_active: workflow.is_active,
            last_run_at: workflow.last_run_at,
            run_count: workflow.run_count,
            version: workflow.version,
            created_at: workflow.created_at,
            updated_at: workflow.updated_at,
        }
    }
}

/// Which workflows.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct WorkflowQuery {
    /// Only those that may be executed, or not.
    is_active: Option<bool>,
    /// The owner, for staff.
    user_id: Option<Uuid>,
}

/// The workflows in the caller's sight, the newest first.
#[utoipa::path(get, path = "/workflows", tag = "workflows", params(WorkflowQuery), responses(
    (status = 200, body = List<Workflow>), (status = 400, body = Problem), (status = 401, body = Problem),
))]
async fn list_workflows(
    Caller(ctx): Caller,
    Listing((query, page)): Listing<WorkflowQuery>,
) -> Result<Response, ApiError> {
    let filter = WorkflowFilter {
        is_active: query.is_active,
        user: query.user_id.map(UserId),
    };
    let found = agent::workflows(&ctx, filter, page.request()).await?;
    page.answer(found.map(Workflow::from))
}

/// What a new workflow is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewWorkflowBody {
    #[schema(example = "Weekly report")]
    name: String,
    description: Option<String>,
    #[schema(value_type = Object, example = json!({ "steps": [{ "id": "collect", "kind": "agent" }] }))]
    definition: Value,
}

/// Make a workflow.
#[utoipa::path(post, path = "/workflows", tag = "workflows", request_body = NewWorkflowBody,
    responses((status = 201, body = Workflow), (status = 401, body = Problem),
    (status = 422, body = Problem)))]
async fn create_workflow(
    Caller(ctx): Caller,
    Json(body): Json<NewWorkflowBody>,
) -> Result<Response, ApiError> {
    let new = NewWorkflow {
        name: body.name,
        description: body.description,
        definition: body.definition,
    };
    let workflow = agent::create_workflow(&ctx, new).await?;
    let location = format!("{API}/workflows/{}", workflow.id);
    created(&location, Workflow::from(workflow))
}

/// One workflow.
#[utoipa::path(get, path = "/workflows/{id}", tag = "workflows", params(("id" = Uuid, Path)),
    responses((status = 200, body = Workflow), (status = 304), (status = 404, body = Problem)))]
async fn show_workflow(
    Caller(ctx): Caller,
    Path(id): Path<WorkflowId>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let workflow = agent::workflow(&ctx, id).await?;
    tag::shown(&headers, workflow.version, Workflow::from(workflow))
}

/// What may change in a workflow: `null` takes the description away.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WorkflowChangeBody {
    name: Option<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    description: Change<String>,
    #[schema(value_type = Option<Object>)]
    definition: Option<Value>,
    #[schema(example = false)]
    is_active: Option<bool>,
}

/// Change a workflow.
#[utoipa::path(patch, path = "/workflows/{id}", tag = "workflows", params(("id" = Uuid, Path)),
    request_body = WorkflowChangeBody, responses(
    (status = 200, body = Workflow), (status = 404, body = Problem), (status = 412, body = Problem),
    (status = 422, body = Problem),
))]
async fn update_workflow(
    Caller(ctx): Caller,
    Path(id): Path<WorkflowId>,
    headers: HeaderMap,
    Json(body): Json<WorkflowChangeBody>,
) -> Result<Response, ApiError> {
    let read = tag::if_match(&headers);
    let change = WorkflowChange {
        name: body.name,
        description: body.description,
        definition: body.definition,
        is_active: body.is_active,
    };
    let workflow = agent::update_workflow(&ctx, id, change, &read).await?;
    tag::row(workflow.version, Workflow::from(workflow))
}

/// Remove a workflow with its executions.
#[utoipa::path(delete, path = "/workflows/{id}", tag = "workflows", params(("id" = Uuid, Path)),
    responses((status = 204), (status = 404, body = Problem), (status = 412, body = Problem)))]
async fn delete_workflow(
    Caller(ctx): Caller,
    Path(id): Path<WorkflowId>,
    headers: HeaderMap,
) -> Result<StatusCode, ApiError> {
    agent::delete_workflow(&ctx, id, &tag::if_match(&headers)).await?;
    Ok(StatusCode::NO_CONTENT)
}
