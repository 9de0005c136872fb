//! People's own agents.

mod store;

use entity::Scope;
use entity::agent::{template, user_agent};
use entity::id::{AgentTemplateId, UserAgentId, UserId};
use serde_json::{Map, Value, json};
use user_agent::Model;

pub(super) use store::{agent_held, executed, named};

use super::error::{Error, Names};
use super::template as templates;
use super::{
    DEFAULT_MAX_STEPS, DEFAULT_MODEL, DEFAULT_TEMPERATURE, LIST, LONG, MAX_AGENTS_PER_USER, SHORT,
    check_object, check_steps, policy,
};
use crate::change::Change;
use crate::check::Check;
use crate::ctx::Ctx;
use crate::error::Result;
use crate::expect::Expect;
use crate::page::{Page, Request};
use crate::write::Write;
use crate::{audit, identity, integration};

/// What a new agent is made of. What it does not say, its template does.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "the fields are those of `user_agents`")]
pub struct NewAgent {
    pub template_id: Option<AgentTemplateId>,
    pub name: String,
    pub description: Option<String>,
    pub icon: Option<String>,
    pub category: Option<String>,
    pub goal: Option<String>,
    /// Beside those of the template.
    pub required_integrations: Vec<String>,
    pub steps: Option<Value>,
    /// Beside what the template and the settings say, and before them.
    pub config: Option<Value>,
    pub is_favorite: bool,
}

/// What changes in an agent.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "the fields are those of `user_agents`")]
pub struct AgentChange {
    pub name: Option<String>,
    pub description: Change<String>,
    pub icon: Change<String>,
    pub category: Change<String>,
    pub goal: Change<String>,
    pub required_integrations: Option<Vec<String>>,
    pub steps: Option<Value>,
    pub config: Option<Value>,
    pub is_active: Option<bool>,
    pub is_favorite: Option<bool>,
}

/// Which agents a list has: those of one person.
#[derive(Clone, Debug, Default)]
pub struct AgentFilter {
    /// Only those that may be executed, or not.
    pub is_active: Option<bool>,
    /// Only those of this category.
    pub category: Option<String>,
    /// Whose, for staff; others see their own.
    pub user: Option<UserId>,
}

/// An agent with what it was made from.
#[derive(Clone, Debug)]
pub struct AgentDetail {
    /// The agent.
    pub agent: Model,
    /// Its template, where that is still there.
    pub template: Option<template::Model>,
}

impl AgentDetail {
    /// What the agent's `If-Match` names: its version. That of its template stands beside, so that a
    /// reader's tag moves when what they are shown of the template does.
    pub fn tag(&self) -> String {
        let template = self.template.as_ref().map(|template| template.version);
        format!("{}.{}", self.agent.version, template.unwrap_or_default())
    }
}

/// Make an agent of the caller's own.
pub async fn create(ctx: &Ctx, new: NewAgent) -> Result<AgentDetail> {
    policy::write(&ctx.actor)?;
    let user = ctx.actor.person()?;
    let mut check = Check::default();
    let needs = &new.required_integrations;
    check.texts("/required_integrations", needs, LIST, SHORT);
    check_steps(&mut check, "/steps", new.steps.as_ref());
    check_object(&mut check, "/config", new.config.as_ref());
    check.text("/name", &new.name, true, SHORT);
    check.maybe("/description", new.description.as_ref(), LONG);
    check.maybe("/icon", new.icon.as_ref(), SHORT);
    check.maybe("/category", new.category.as_ref(), SHORT);
    check.maybe("/goal", new.goal.as_ref(), LONG);
    check.done()?;

    let limit = ctx.configuration().get(&MAX_AGENTS_PER_USER);
    let defaults = defaults(ctx);
    let tx = ctx.write().await?;
    // Whoever makes agents of the same person waits here, and counts this one, too.
    identity::hold(&tx, user).await?;
    if store::count(&tx, user).await? >= limit {
        return Err(Error::LimitExceeded { limit }.into());
    }
    let template = match new.template_id {
        Some(id) => Some(templates::offered(&tx, id).await?),
        None => None,
    };
    let agent = made_from(&tx, user, new, template.as_ref(), defaults);
    connected(&tx, user, &agent.required_integrations).await?;
    store::insert(&tx, agent.clone()).await?;
    tx.made(format!("/agents/{}", agent.id));
    tx.commit().await?;
    Ok(AgentDetail { agent, template })
}

/// What the settings say of an agent's configuration.
fn defaults(ctx: &Ctx) -> Map<String, Value> {
    let settings = ctx.configuration();
    let mut config = Map::new();
    if let Some(model) = settings.get(&DEFAULT_MODEL) {
        config.insert("model".to_owned(), json!(model));
    }
    let temperature = settings.get(&DEFAULT_TEMPERATURE);
    config.insert("temperature".to_owned(), json!(temperature));
    let steps = settings.get(&DEFAULT_MAX_STEPS);
    config.insert("max_steps".to_owned(), json!(steps));
    config
}

/// The row of a new agent: what was asked for, else what the template says, else the settings.
fn made_from(
    tx: &Write,
    user: UserId,
    new: NewAgent,
    template: Option<&template::Model>,
    mut config: Map<String, Value>,
) -> Model {
    let workflow = template.and_then(|template| template.default_workflow.as_ref());
    let of_workflow = |part: &str| workflow.and_then(|workflow| workflow.get(part)).cloned();
    for more in [of_workflow("config"), new.config] {
        if let Some(Value::Object(more)) = more {
            config.extend(more);
        }
    }
    let mut needs = template.map_or_else(Vec::new, |row| row.required_integrations.0.clone());
    for need in new.required_integrations {
        if !needs.contains(&need) {
            needs.push(need);
        }
    }
    let of_template = |part: fn(&template::Model) -> &Option<String>| {
        template.and_then(|template| part(template).clone())
    };
    Model {
        id: tx.fresh(),
        user_id: user,
        template_id: template.map(|template| template.id),
        name: new.name,
        description: new.description.or_else(|| of_template(|row| &row.purpose)),
        icon: new.icon.or_else(|| of_template(|row| &row.icon)),
        category: new.category.or_else(|| of_template(|row| &row.category)),
        goal: new.goal,
        required_integrations: json!(needs),
        steps: new
            .steps
            .or_else(|| of_workflow("steps"))
            .unwrap_or_else(|| json!([])),
        config: Value::Object(config),
        is_active: true,
        is_favorite: new.is_favorite,
        last_used: None,
        execution_count: 0,
        version: 1,
        created_at: tx.now,
        updated_at: tx.now,
    }
}

/// Refuse unless the person has connected all that `needs` names.
async fn connected(tx: &Write, user: UserId, needs: &Value) -> Result<()> {
    let needs = needs.as_array().into_iter().flatten();
    let needs: Vec<&str> = needs.filter_map(Value::as_str).collect();
    let missing = integration::missing(tx, user, &needs).await?;
    if missing.is_empty() {
        return Ok(());
    }
    let missing = Names(missing);
    Err(Error::IntegrationRequired { missing }.into())
}

/// One page of a person's agents: favourites first, then the last used, then the newest.
pub async fn agents(ctx: &Ctx, filter: AgentFilter, page: Request) -> Result<Page<AgentDetail>> {
    let scope = policy::read(&ctx.actor)?;
    let user = match filter.user {
        Some(user) => user,
        None => ctx.actor.person()?,
    };
    let reader = ctx.read()?;
    let page = store::agents(&reader, scope, user, &filter, &page).await?;
    let ids: Vec<_> = page
        .items
        .iter()
        .filter_map(|row| row.template_id)
        .collect();
    let known = templates::named(&reader, &ids).await?;
    Ok(page.map(|agent| AgentDetail {
        template: known
            .iter()
            .find(|template| Some(template.id) == agent.template_id)
            .cloned(),
        agent,
    }))
}

/// One agent.
pub async fn agent(ctx: &Ctx, id: UserAgentId) -> Result<AgentDetail> {
    let scope = policy::read(&ctx.actor)?;
    let reader = ctx.read()?;
    let agent = store::agent(&reader, scope, id).await?;
    let ids: Vec<_> = agent.template_id.into_iter().collect();
    let template = templates::named(&reader, &ids).await?.pop();
    Ok(AgentDetail { agent, template })
}

/// Change an agent.
pub async fn update(
    ctx: &Ctx,
    id: UserAgentId,
    change: AgentChange,
    expect: &Expect,
) -> Result<AgentDetail> {
    let scope = policy::write(&ctx.actor)?;
    let mut check = Check::default();
    check_change(&mut check, &change);
    check.done()?;

    let tx = ctx.write().await?;
    let before = store::agent_held(&tx, scope, id).await?;
    expect.check_version(before.version)?;
    let mut agent = before.clone();
    if let Some(name) = change.name {
        agent.name = name;
    }
    change.description.apply(&mut agent.description);
    change.icon.apply(&mut agent.icon);
    change.category.apply(&mut agent.category);
    change.goal.apply(&mut agent.goal);
    if let Some(needs) = change.required_integrations {
        agent.required_integrations = json!(needs);
        connected(&tx, agent.user_id, &agent.required_integrations).await?;
    }
    agent.steps = change.steps.unwrap_or(agent.steps);
    agent.config = change.config.unwrap_or(agent.config);
    agent.is_active = change.is_active.unwrap_or(agent.is_active);
    agent.is_favorite = change.is_favorite.unwrap_or(agent.is_favorite);
    if agent != before {
        agent.version += 1;
        agent.updated_at = tx.now;
        store::update(&tx, &agent).await?;
        audit_foreign(&tx, "agent.update", &agent).await?;
    }
    let ids: Vec<_> = agent.template_id.into_iter().collect();
    let template = templates::named(&tx, &ids).await?.pop();
    tx.commit().await?;
    Ok(AgentDetail { agent, template })
}

fn check_change(check: &mut Check, change: &AgentChange) {
    if let Some(name) = &change.name {
        check.text("/name", name, true, SHORT);
    }
    check.maybe("/description", change.description.new_value(), LONG);
    check.maybe("/icon", change.icon.new_value(), SHORT);
    check.maybe("/category", change.category.new_value(), SHORT);
    check.maybe("/goal", change.goal.new_value(), LONG);
    if let Some(needs) = &change.required_integrations {
        check.texts("/required_integrations", needs, LIST, SHORT);
    }
    check_steps(check, "/steps", change.steps.as_ref());
    check_object(check, "/config", change.config.as_ref());
}

/// An agent was written by staff: as it stands it must be one that its owner could have written.
pub(crate) async fn written(tx: &Write, id: UserAgentId) -> Result<()> {
    let agent = store::agent_held(tx, Scope::Everyone, id).await?;
    let mut check = Check::default();
    let needs = serde_json::from_value(agent.required_integrations);
    if needs.is_err() {
        check.wrong("/required_integrations", "must be a list of texts");
    }
    let whole = AgentChange {
        name: Some(agent.name),
        description: agent.description.into(),
        icon: agent.icon.into(),
        category: agent.category.into(),
        goal: agent.goal.into(),
        required_integrations: needs.ok(),
        steps: Some(agent.steps),
        config: Some(agent.config),
        is_active: None,
        is_favorite: None,
    };
    check_change(&mut check, &whole);
    Ok(check.done()?)
}

/// An agent that staff wrote needs other accounts than before: they must be connected.
pub(crate) async fn needs(tx: &Write, id: UserAgentId) -> Result<()> {
    let agent = store::agent_held(tx, Scope::Everyone, id).await?;
    connected(tx, agent.user_id, &agent.required_integrations).await
}

/// An agent was put back: its owner must be one who could make it now.
pub(crate) async fn put_back(tx: &Write, id: UserAgentId) -> Result<()> {
    let agent = store::agent_held(tx, Scope::Everyone, id).await?;
    identity::hold(tx, agent.user_id).await?;
    let limit = tx.services().configuration.get(&MAX_AGENTS_PER_USER);
    // The agent itself is among them.
    if store::count(tx, agent.user_id).await? > limit {
        return Err(Error::LimitExceeded { limit }.into());
    }
    connected(tx, agent.user_id, &agent.required_integrations).await
}

/// Remove an agent with its executions.
pub async fn delete(ctx: &Ctx, id: UserAgentId, expect: &Expect) -> Result<()> {
    let scope = policy::write(&ctx.actor)?;
    let tx = ctx.write().await?;
    let agent = store::agent_held(&tx, scope, id).await?;
    expect.check_version(agent.version)?;
    store::delete(&tx, id).await?;
    audit_foreign(&tx, "agent.delete", &agent).await?;
    tx.commit().await
}

/// The agent, when it is in the scope.
pub(super) async fn visible(ctx: &Ctx, scope: Scope, id: UserAgentId) -> Result<()> {
    store::agent(&ctx.read()?, scope, id).await.map(drop)
}

/// Tell the audit log when the agent is not the caller's own.
async fn audit_foreign(tx: &Write, action: &'static str, agent: &Model) -> Result<()> {
    if tx.actor.user() == Some(agent.user_id) {
        return Ok(());
    }
    let entry = audit::Entry {
        action,
        resource_type: "agent",
        resource_id: agent.id.to_string(),
        before: None,
        after: Some(json!({ "name": agent.name, "version": agent.version })),
    };
    audit::record(tx, entry).await
}
