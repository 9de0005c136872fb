//! Templates: what new agents are made from. Everybody reads those that are offered.

mod store;

use entity::agent::template::Model;
use entity::id::AgentTemplateId;
use entity::types::StringList;
use serde_json::{Value, json};

pub(super) use store::{named, offered, used};

use super::error::Error;
use super::{LIST, LONG, SHORT, check_object};
use crate::audit;
use crate::change::Change;
use crate::check::Check;
use crate::ctx::Ctx;
use crate::error::Result;
use crate::expect::Expect;
use crate::page::{Page, Request};
use crate::write::Write;

/// What a new template is.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "the fields are those of `agent_templates_v2`")]
pub struct NewTemplate {
    pub name: String,
    pub role: Option<String>,
    pub purpose: Option<String>,
    pub icon: Option<String>,
    pub category: Option<String>,
    pub required_integrations: Vec<String>,
    pub capabilities: Vec<String>,
    pub default_workflow: Option<Value>,
    pub is_active: bool,
}

/// What changes in a template.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "the fields are those of `agent_templates_v2`")]
pub struct TemplateChange {
    pub name: Option<String>,
    pub role: Change<String>,
    pub purpose: Change<String>,
    pub icon: Change<String>,
    pub category: Change<String>,
    pub required_integrations: Option<Vec<String>>,
    pub capabilities: Option<Vec<String>>,
    pub default_workflow: Change<Value>,
    pub is_active: Option<bool>,
}

/// Which templates a list has.
#[derive(Clone, Debug, Default)]
pub struct TemplateFilter {
    /// Only those of this category.
    pub category: Option<String>,
    /// Only those that are offered, or not (for staff; others see what is offered).
    pub is_active: Option<bool>,
}

/// What a template's `If-Match` names: its version. Its use is told beside, so that a reader's tag
/// moves when the count does.
pub fn tag(template: &Model) -> String {
    format!("{}.{}", template.version, template.usage_count)
}

/// Make a template. Only admins may.
pub async fn create_template(ctx: &Ctx, new: NewTemplate) -> Result<Model> {
    ctx.actor.need_admin()?;
    let tx = ctx.write().await?;
    let template = Model {
        id: tx.fresh(),
        name: new.name,
        role: new.role,
        purpose: new.purpose,
        icon: new.icon,
        category: new.category,
        required_integrations: StringList(new.required_integrations),
        capabilities: StringList(new.capabilities),
        default_workflow: new.default_workflow,
        is_active: new.is_active,
        usage_count: 0,
        version: 1,
        created_at: tx.now,
        updated_at: tx.now,
    };
    check(&template)?;
    store::insert(&tx, template.clone()).await?;
    note(&tx, "agent_template.create", None, Some(&template)).await?;
    tx.made(format!("/agent-templates/{}", template.id));
    tx.commit().await?;
    Ok(template)
}

/// One page of the templates, the most used first. Callers who are not staff see what is offered.
pub async fn templates(
    ctx: &Ctx,
    mut filter: TemplateFilter,
    page: Request,
) -> Result<Page<Model>> {
    if !ctx.actor.is_staff() {
        filter.is_active = Some(true);
    }
    store::templates(&ctx.read()?, &filter, &page).await
}

/// One template.
pub async fn template(ctx: &Ctx, id: AgentTemplateId) -> Result<Model> {
    let found = store::named(&ctx.read()?, &[id]).await?.pop();
    found
        .filter(|template| template.is_active || ctx.actor.is_staff())
        .ok_or_else(|| Error::TemplateNotFound(id).into())
}

/// Change a template. Only admins may. Agents that were made from it stay as they are.
pub async fn update_template(
    ctx: &Ctx,
    id: AgentTemplateId,
    change: TemplateChange,
    expect: &Expect,
) -> Result<Model> {
    ctx.actor.need_admin()?;
    let tx = ctx.write().await?;
    let before = store::held(&tx, id).await?;
    expect.check_version(before.version)?;
    let mut template = before.clone();
    if let Some(name) = change.name {
        template.name = name;
    }
    change.role.apply(&mut template.role);
    change.purpose.apply(&mut template.purpose);
    change.icon.apply(&mut template.icon);
    change.category.apply(&mut template.category);
    change
        .default_workflow
        .apply(&mut template.default_workflow);
    if let Some(list) = change.required_integrations {
        template.required_integrations = StringList(list);
    }
    if let Some(list) = change.capabilities {
        template.capabilities = StringList(list);
    }
    template.is_active = change.is_active.unwrap_or(template.is_active);
    check(&template)?;
    if template == before {
        return Ok(template);
    }
    template.version += 1;
    template.updated_at = tx.now;
    store::update(&tx, &template).await?;
    note(&tx, "agent_template.update", Some(&before), Some(&template)).await?;
    tx.commit().await?;
    Ok(template)
}

/// Remove a template. Only admins may. Agents that were made from it stay, and are from none.
pub async fn delete_template(ctx: &Ctx, id: AgentTemplateId, expect: &Expect) -> Result<()> {
    ctx.actor.need_admin()?;
    let tx = ctx.write().await?;
    let template = store::held(&tx, id).await?;
    expect.check_version(template.version)?;
    store::delete(&tx, id).await?;
    note(&tx, "agent_template.delete", Some(&template), None).await?;
    tx.commit().await
}

/// A template was written by metadata: as it stands it must be one that the verbs here write.
pub(crate) async fn written(tx: &Write, id: AgentTemplateId) -> Result<()> {
    check(&store::held(tx, id).await?)
}

fn check(template: &Model) -> Result<()> {
    let mut check = Check::default();
    check.text("/name", &template.name, true, SHORT);
    check.maybe("/role", template.role.as_ref(), SHORT);
    check.maybe("/purpose", template.purpose.as_ref(), LONG);
    check.maybe("/icon", template.icon.as_ref(), SHORT);
    check.maybe("/category", template.category.as_ref(), SHORT);
    let needs = &template.required_integrations.0;
    check.texts("/required_integrations", needs, LIST, SHORT);
    check.texts("/capabilities", &template.capabilities.0, LIST, SHORT);
    let workflow = template.default_workflow.as_ref();
    check_object(&mut check, "/default_workflow", workflow);
    if let Some(workflow) = workflow {
        super::check_steps(&mut check, "/default_workflow/steps", workflow.get("steps"));
        check_object(
            &mut check,
            "/default_workflow/config",
            workflow.get("config"),
        );
    }
    Ok(check.done()?)
}

/// Tell the audit log.
async fn note(
    tx: &Write,
    action: &'static str,
    before: Option<&Model>,
    after: Option<&Model>,
) -> Result<()> {
    let told = |row: &Model| {
        json!({
            "name": row.name, "category": row.category, "is_active": row.is_active,
            "required_integrations": row.required_integrations, "version": row.version,
        })
    };
    let row = after.or(before);
    let entry = audit::Entry {
        action,
        resource_type: "agent_template",
        resource_id: row.map(|row| row.id.to_string()).unwrap_or_default(),
        before: before.map(told),
        after: after.map(told),
    };
    audit::record(tx, entry).await
}
