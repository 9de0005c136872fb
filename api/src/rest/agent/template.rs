//! Agent templates: everybody reads what is offered, admins write.

use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use chrono::{DateTime, Utc};
use entity::agent::template;
use entity::id::AgentTemplateId;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use service::agent::{self, NewTemplate, TemplateChange, TemplateFilter};
use service::change::Change;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::App;
use crate::caller::{Caller, Visitor};
use crate::error::{ApiError, Problem};
use crate::extract::{Json, Path};
use crate::rest::list::{List, Listing};
use crate::rest::{created, tag};
use crate::urls::path::API;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_templates, create_template))
        .routes(routes!(show_template, update_template, delete_template))
}

/// What agents are made from.
#[derive(Debug, Serialize, ToSchema)]
pub struct Template {
    id: Uuid,
    #[schema(example = "Researcher")]
    name: String,
    role: Option<String>,
    purpose: Option<String>,
    icon: Option<String>,
    #[schema(example = "research")]
    category: Option<String>,
    /// The providers that must be connected before an agent is made.
    #[schema(example = json!(["github"]))]
    required_integrations: Vec<String>,
    #[schema(example = json!(["search", "summarise"]))]
    capabilities: Vec<String>,
    /// `steps` and `config` of it are those of a new agent.
    #[schema(value_type = Option<Object>)]
    default_workflow: Option<Value>,
    /// Whether it is offered.
    is_active: bool,
    /// How many executions its agents had.
    usage_count: i64,
    version: i64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl From<template::Model> for Template {
    fn from(template: template::Model) -> Self {
        Self {
            id: template.id.0,
            name: template.name,
            role: template.role,
            purpose: template.purpose,
            icon: template.icon,
            category: template.category,
            required_integrations: template.required_integrations.0,
            capabilities: template.capabilities.0,
            default_workflow: template.default_workflow,
            is_active: template.is_active,
            usage_count: template.usage_count,
            version: template.version,
            created_at: template.created_at,
            updated_at: template.updated_at,
        }
    }
}

/// Which templates.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct TemplateQuery {
    /// Only those of this category.
    category: Option<String>,
    /// For staff: only those that are offered, or not. Others see what is offered.
    is_active: Option<bool>,
}

/// The templates that are offered, the most used first.
#[utoipa::path(get, path = "/agent-templates", tag = "agent templates", params(TemplateQuery),
    responses((status = 200, body = List<Template>), (status = 400, body = Problem)))]
async fn list_templates(
    caller: Option<Caller>,
    Visitor(visitor): Visitor,
    Listing((query, page)): Listing<TemplateQuery>,
) -> Result<Response, ApiError> {
    let ctx = caller.map_or(visitor, |Caller(ctx)| ctx);
    let filter = TemplateFilter {
        category: query.category,
        is_active: query.is_active,
    };
    let found = agent::templates(&ctx, filter, page.request()).await?;
    page.answer(found.map(Template::from))
}

fn offered() -> bool {
    true
}

/// What a new template is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTemplateBody {
    #[schema(example = "Researcher")]
    name: String,
    #[schema(example = "analyst")]
    role: Option<String>,
    purpose: Option<String>,
    icon: Option<String>,
    #[schema(example = "research")]
    category: Option<String>,
    #[serde(default)]
    #[schema(example = json!(["github"]))]
    required_integrations: Vec<String>,
    #[serde(default)]
    capabilities: Vec<String>,
    /// `steps` and `config` of it are those of a new agent.
    #[schema(value_type = Option<Object>, example = json!({
        "steps": [{ "id": 1, "name": "Read", "kind": "prompt" }], "config": { "temperature": 0.0 },
    }))]
    default_workflow: Option<Value>,
    /// Whether it is offered.
    #[serde(default = "offered")]
    is_active: bool,
}

/// Make a template. For admins.
#[utoipa::path(post, path = "/agent-templates", tag = "agent templates",
    request_body = NewTemplateBody, responses(
    (status = 201, body = Template), (status = 403, body = Problem), (status = 422, body = Problem),
))]
async fn create_template(
    Caller(ctx): Caller,
    Json(body): Json<NewTemplateBody>,
) -> Result<Response, ApiError> {
    let new = NewTemplate {
        name: body.name,
        role: body.role,
        purpose: body.purpose,
        icon: body.icon,
        category: body.category,
        required_integrations: body.required_integrations,
        capabilities: body.capabilities,
        default_workflow: body.default_workflow,
        is_active: body.is_active,
    };
    let template = agent::create_template(&ctx, new).await?;
    let location = format!("{API}/agent-templates/{}", template.id);
    created(&location, Template::from(template))
}

/// One template.
#[utoipa::path(get, path = "/agent-templates/{id}", tag = "agent templates",
    params(("id" = Uuid, Path)), responses(
    (status = 200, body = Template), (status = 304), (status = 404, body = Problem),
))]
async fn show_template(
    caller: Option<Caller>,
    Visitor(visitor): Visitor,
    Path(id): Path<AgentTemplateId>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let ctx = caller.map_or(visitor, |Caller(ctx)| ctx);
    let template = agent::template(&ctx, id).await?;
    tag::shown(&headers, agent::tag(&template), Template::from(template))
}

/// What may change in a template: `null` takes a value away.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TemplateChangeBody {
    name: Option<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    role: Change<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    purpose: Change<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    icon: Change<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    category: Change<String>,
    required_integrations: Option<Vec<String>>,
    capabilities: Option<Vec<String>>,
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    default_workflow: Change<Value>,
    #[schema(example = false)]
    is_active: Option<bool>,
}

/// Change a template. For admins. Agents that were made from it stay as they are.
#[utoipa::path(patch, path = "/agent-templates/{id}", tag = "agent templates",
    params(("id" = Uuid, Path)), request_body = TemplateChangeBody, responses(
    (status = 200, body = Template), (status = 403, body = Problem), (status = 404, body = Problem),
    (status = 412, body = Problem), (status = 422, body = Problem),
))]
async fn update_template(
    Caller(ctx): Caller,
    Path(id): Path<AgentTemplateId>,
    headers: HeaderMap,
    Json(body): Json<TemplateChangeBody>,
) -> Result<Response, ApiError> {
    let read = tag::if_match(&headers);
    let change = TemplateChange {
        name: body.name,
        role: body.role,
        purpose: body.purpose,
        icon: body.icon,
        category: body.category,
        required_integrations: body.required_integrations,
        capabilities: body.capabilities,
        default_workflow: body.default_workflow,
        is_active: body.is_active,
    };
    let template = agent::update_template(&ctx, id, change, &read).await?;
    tag::row(agent::tag(&template), Template::from(template))
}

/// Remove a template. For admins. Agents that were made from it stay.
#[utoipa::path(delete, path = "/agent-templates/{id}", tag = "agent templates",
    params(("id" = Uuid, Path)), responses(
    (status = 204), (status = 403, body = Problem), (status = 404, body = Problem),
    (status = 412, body = Problem),
))]
async fn delete_template(
    Caller(ctx): Caller,
    Path(id): Path<AgentTemplateId>,
    headers: HeaderMap,
) -> Result<StatusCode, ApiError> {
    agent::delete_template(&ctx, id, &tag::if_match(&headers)).await?;
    Ok(StatusCode::NO_CONTENT)
}
