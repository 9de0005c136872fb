//! People's agents.

pub mod execution;
pub mod template;
pub mod worker;
pub mod workflow;

use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use chrono::{DateTime, Utc};
use entity::agent::user_agent;
use entity::id::{AgentTemplateId, UserAgentId, UserId};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use service::agent::{self, AgentChange, AgentDetail, AgentFilter, NewAgent};
use service::change::Change;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::list::{List, Listing};
use super::{App, tag};
use crate::caller::Caller;
use crate::error::{ApiError, Problem};
use crate::extract::{Json, Path};
use crate::urls::path::API;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_agents, create_agent))
        .routes(routes!(show_agent, update_agent, delete_agent))
        .merge(template::routes())
        .merge(execution::routes())
        .merge(workflow::routes())
        .merge(worker::routes())
}

/// What an agent was made from, in short.
#[derive(Debug, Serialize, ToSchema)]
pub struct MadeFrom {
    id: Uuid,
    #[schema(example = "Researcher")]
    name: String,
    icon: Option<String>,
    category: Option<String>,
}

/// An agent.
#[derive(Debug, Serialize, ToSchema)]
pub struct Agent {
    id: Uuid,
    user_id: Uuid,
    template_id: Option<Uuid>,
    /// The template, where that is still there.
    template: Option<MadeFrom>,
    #[schema(example = "Market researcher")]
    name: String,
    description: Option<String>,
    icon: Option<String>,
    #[schema(example = "research")]
    category: Option<String>,
    goal: Option<String>,
    #[schema(value_type = Vec<String>, example = json!(["github"]))]
    required_integrations: Value,
    #[schema(value_type = Vec<Object>, example = json!([{ "id": 1, "name": "Read", "kind": "prompt" }]))]
    steps: Value,
    #[schema(value_type = Object, example = json!({ "temperature": 0.2, "max_steps": 8 }))]
    config: Value,
    is_active: bool,
    is_favorite: bool,
    last_used: Option<DateTime<Utc>>,
    execution_count: i64,
    version: i64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl From<AgentDetail> for Agent {
    fn from(AgentDetail { agent, template }: AgentDetail) -> Self {
        let template = template.map(|template| MadeFrom {
            id: template.id.0,
            name: template.name,
            icon: template.icon,
            category: template.category,
        });
        Self {
            template,
            ..agent.into()
        }
    }
}

impl From<user_agent::Model> for Agent {
    fn from(agent: user_agent::Model) -> Self {
        Self {
            id: agent.id.0,
            user_id: agent.user_id.0,
            template_id: agent.template_id.map(|id| id.0),
            template: None,
            name: agent.name,
            description: agent.description,
            icon: agent.icon,
            category: agent.category,
            goal: agent.goal,
            required_integrations: agent.required_integrations,
            steps: agent.steps,
            config: agent.config,
            is_active: agent.is_active,
            is_favorite: agent.is_favorite,
            last_used: agent.last_used,
            execution_count: agent.execution_count,
            version: agent.version,
            created_at: agent.created_at,
            updated_at: agent.updated_at,
        }
    }
}

/// Which agents.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct AgentQuery {
    /// Only those that may be executed, or not.
    is_active: Option<bool>,
    /// Only those of this category.
    category: Option<String>,
    /// The owner, for staff; others see their own.
    user_id: Option<Uuid>,
}

/// A person's agents: favourites first, then the last used, then the newest.
#[utoipa::path(get, path = "/agents", tag = "agents", params(AgentQuery), responses(
    (status = 200, body = List<Agent>), (status = 400, body = Problem), (status = 401, body = Problem),
))]
async fn list_agents(
    Caller(ctx): Caller,
    Listing((query, page)): Listing<AgentQuery>,
) -> Result<Response, ApiError> {
    let filter = AgentFilter {
        is_active: query.is_active,
        category: query.category,
        user: query.user_id.map(UserId),
    };
    let found = agent::agents(&ctx, filter, page.request()).await?;
    page.answer(found.map(Agent::from))
}

/// What making an agent takes. What is not said, the template says, else the settings.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAgentBody {
    template_id: Option<Uuid>,
    #[schema(example = "Market researcher")]
    name: String,
    description: Option<String>,
    icon: Option<String>,
    #[schema(example = "research")]
    category: Option<String>,
    #[schema(example = "Know what competitors ship")]
    goal: Option<String>,
    /// Providers that must be connected, beside those of the template.
    #[serde(default)]
    #[schema(example = json!(["github"]))]
    required_integrations: Vec<String>,
    #[schema(value_type = Option<Vec<Object>>)]
    steps: Option<Value>,
    /// Goes before what the template and the settings say, member by member.
    #[schema(value_type = Option<Object>, example = json!({ "temperature": 0.7 }))]
    config: Option<Value>,
    #[serde(default)]
    is_favorite: bool,
}

/// Make an agent.
///
/// Refused where the caller has as many as they may (`agent.limit_exceeded`), and where a provider
/// that it needs is not connected (`agent.integration_required`; `errors` names each).
#[utoipa::path(post, path = "/agents", tag = "agents", request_body = NewAgentBody, responses(
    (status = 201, body = Agent), (status = 401, body = Problem), (status = 404, body = Problem),
    (status = 409, body = Problem), (status = 422, body = Problem),
))]
async fn create_agent(
    Caller(ctx): Caller,
    Json(body): Json<NewAgentBody>,
) -> Result<Response, ApiError> {
    let new = NewAgent {
        template_id: body.template_id.map(AgentTemplateId),
        name: body.name,
        description: body.description,
        icon: body.icon,
        category: body.category,
        goal: body.goal,
        required_integrations: body.required_integrations,
        steps: body.steps,
        config: body.config,
        is_favorite: body.is_favorite,
    };
    let made = agent::create(&ctx, new).await?;
    let location = format!("{API}/agents/{}", made.agent.id);
    super::created(&location, Agent::from(made))
}

/// One agent.
#[utoipa::path(get, path = "/agents/{id}", tag = "agents", params(("id" = Uuid, Path)), responses(
    (status = 200, body = Agent), (status = 304), (status = 404, body = Problem),
))]
async fn show_agent(
    Caller(ctx): Caller,
    Path(id): Path<UserAgentId>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let detail = agent::agent(&ctx, id).await?;
    tag::shown(&headers, detail.tag(), Agent::from(detail))
}

/// What may change in an agent: `null` takes a text away.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AgentChangeBody {
    name: Option<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    description: Change<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    icon: Change<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    category: Change<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    goal: Change<String>,
    required_integrations: Option<Vec<String>>,
    #[schema(value_type = Option<Vec<Object>>)]
    steps: Option<Value>,
    #[schema(value_type = Option<Object>)]
    config: Option<Value>,
    is_active: Option<bool>,
    #[schema(example = true)]
    is_favorite: Option<bool>,
}

/// Change an agent.
#[utoipa::path(patch, path = "/agents/{id}", tag = "agents", params(("id" = Uuid, Path)),
    request_body = AgentChangeBody, responses(
    (status = 200, body = Agent), (status = 404, body = Problem), (status = 409, body = Problem),
    (status = 412, body = Problem), (status = 422, body = Problem),
))]
async fn update_agent(
    Caller(ctx): Caller,
    Path(id): Path<UserAgentId>,
    headers: HeaderMap,
    Json(body): Json<AgentChangeBody>,
) -> Result<Response, ApiError> {
    let read = tag::if_match(&headers);
    let change = AgentChange {
        name: body.name,
        description: body.description,
        icon: body.icon,
        category: body.category,
        goal: body.goal,
        required_integrations: body.required_integrations,
        steps: body.steps,
        config: body.config,
        is_active: body.is_active,
        is_favorite: body.is_favorite,
    };
    let detail = agent::update(&ctx, id, change, &read).await?;
    tag::row(detail.tag(), Agent::from(detail))
}

/// Remove an agent with its executions.
#[utoipa::path(delete, path = "/agents/{id}", tag = "agents", params(("id" = Uuid, Path)), responses(
    (status = 204), (status = 404, body = Problem), (status = 412, body = Problem),
))]
async fn delete_agent(
    Caller(ctx): Caller,
    Path(id): Path<UserAgentId>,
    headers: HeaderMap,
) -> Result<StatusCode, ApiError> {
    agent::delete(&ctx, id, &tag::if_match(&headers)).await?;
    Ok(StatusCode::NO_CONTENT)
}
