//! Workflows: steps that a person runs without an agent.

mod store;

use entity::Scope;
use entity::agent::workflow::Model;
use entity::id::{UserId, WorkflowId};
use serde_json::{Value, json};

pub(super) use store::{executed, held, named};

use super::{LONG, SHORT, check_object, policy};
use crate::audit;
use crate::change::Change;
use crate::check::Check;
use crate::ctx::Ctx;
use crate::error::Result;
use crate::expect::Expect;
use crate::page::{Page, Request};
use crate::write::Write;

/// What a new workflow is.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the fields are those of `user_workflows`")]
pub struct NewWorkflow {
    pub name: String,
    pub description: Option<String>,
    pub definition: Value,
}

/// What changes in a workflow.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "the fields are those of `user_workflows`")]
pub struct WorkflowChange {
    pub name: Option<String>,
    pub description: Change<String>,
    pub definition: Option<Value>,
    pub is_active: Option<bool>,
}

/// Which workflows a list has.
#[derive(Clone, Debug, Default)]
pub struct WorkflowFilter {
    /// Only those that may be executed, or not.
    pub is_active: Option<bool>,
    /// Only those of this person (for staff; others see their own anyway).
    pub user: Option<UserId>,
}

/// Make a workflow of the caller's own.
pub async fn create_workflow(ctx: &Ctx, new: NewWorkflow) -> Result<Model> {
    policy::write(&ctx.actor)?;
    let user = ctx.actor.person()?;
    let mut check = Check::default();
    check.text("/name", &new.name, true, SHORT);
    check.maybe("/description", new.description.as_ref(), LONG);
    check_object(&mut check, "/definition", Some(&new.definition));
    check.done()?;

    let tx = ctx.write().await?;
    let workflow = Model {
        id: tx.fresh(),
        user_id: user,
        name: new.name,
        description: new.description,
        definition: new.definition,
        is_active: true,
        last_run_at: None,
        run_count: 0,
        version: 1,
        created_at: tx.now,
        updated_at: tx.now,
    };
    store::insert(&tx, workflow.clone()).await?;
    tx.made(format!("/workflows/{}", workflow.id));
    tx.commit().await?;
    Ok(workflow)
}

/// One page of the workflows in the caller's sight, the newest first.
pub async fn workflows(ctx: &Ctx, filter: WorkflowFilter, page: Request) -> Result<Page<Model>> {
    let scope = policy::read(&ctx.actor)?;
    store::workflows(&ctx.read()?, scope, &filter, page).await
}

/// One workflow.
pub async fn workflow(ctx: &Ctx, id: WorkflowId) -> Result<Model> {
    let scope = policy::read(&ctx.actor)?;
    store::workflow(&ctx.read()?, scope, id).await
}

/// Change a workflow. The tag of a workflow is its version.
pub async fn update_workflow(
    ctx: &Ctx,
    id: WorkflowId,
    change: WorkflowChange,
    expect: &Expect,
) -> Result<Model> {
    let scope = policy::write(&ctx.actor)?;
    check_change(&change)?;

    let tx = ctx.write().await?;
    let before = store::held(&tx, scope, id).await?;
    expect.check(&before.version.to_string())?;
    let mut workflow = before.clone();
    if let Some(name) = change.name {
        workflow.name = name;
    }
    change.description.apply(&mut workflow.description);
    workflow.definition = change.definition.unwrap_or(workflow.definition);
    workflow.is_active = change.is_active.unwrap_or(workflow.is_active);
    if workflow == before {
        return Ok(workflow);
    }
    workflow.version += 1;
    workflow.updated_at = tx.now;
    store::update(&tx, &workflow).await?;
    audit_foreign(&tx, "workflow.update", &workflow).await?;
    tx.commit().await?;
    Ok(workflow)
}

fn check_change(change: &WorkflowChange) -> Result<()> {
    let mut check = Check::default();
    if let Some(name) = &change.name {
        check.text("/name", name, true, SHORT);
    }
    check.maybe("/description", change.description.new_value(), LONG);
    check_object(&mut check, "/definition", change.definition.as_ref());
    Ok(check.done()?)
}

/// A workflow was written by staff: as it stands it must be one that its owner could have written.
pub(crate) async fn written(tx: &Write, id: WorkflowId) -> Result<()> {
    let workflow = store::held(tx, Scope::Everyone, id).await?;
    check_change(&WorkflowChange {
        name: Some(workflow.name),
        description: workflow.description.into(),
        definition: Some(workflow.definition),
        is_active: None,
    })
}

/// Remove a workflow with its executions.
pub async fn delete_workflow(ctx: &Ctx, id: WorkflowId, expect: &Expect) -> Result<()> {
    let scope = policy::write(&ctx.actor)?;
    let tx = ctx.write().await?;
    let workflow = store::held(&tx, scope, id).await?;
    expect.check(&workflow.version.to_string())?;
    store::delete(&tx, id).await?;
    audit_foreign(&tx, "workflow.delete", &workflow).await?;
    tx.commit().await
}

/// The workflow, when it is in the scope.
pub(super) async fn visible(ctx: &Ctx, scope: Scope, id: WorkflowId) -> Result<()> {
    store::workflow(&ctx.read()?, scope, id).await.map(drop)
}

/// Tell the audit log when the workflow is not the caller's own.
async fn audit_foreign(tx: &Write, action: &'static str, workflow: &Model) -> Result<()> {
    if tx.actor.user() == Some(workflow.user_id) {
        return Ok(());
    }
    let entry = audit::Entry {
        action,
        resource_type: "workflow",
        resource_id: workflow.id.to_string(),
        before: None,
        after: Some(json!({ "name": workflow.name, "version": workflow.version })),
    };
    audit::record(tx, entry).await
}
