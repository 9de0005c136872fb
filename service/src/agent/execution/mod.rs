//! Executions, as their owners see them.

mod follow;
mod store;
mod worker;

use chrono::TimeDelta;
use entity::Scope;
use entity::agent::execution::{ExecutionStatus, Model};
use entity::agent::execution_event;
use entity::id::{ExecutionId, UserAgentId, UserId, WorkflowId};
use serde_json::{Value, json};

pub use follow::follow;
pub use worker::{Claimed, EVENTS_AT_ONCE, NewEvent, claim, complete, fail, heartbeat, record};

use super::error::Error;
use super::{JSON, policy, template, user_agent, workflow};
use crate::audit;
use crate::check::Check;
use crate::ctx::Ctx;
use crate::error::Result;
use crate::page::{Page, Request};
use crate::signal::Signal;
use crate::webhook::{self, Event, EventType};
use crate::write::Write;

/// What is executed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// An agent.
    Agent(UserAgentId),
    /// A workflow.
    Workflow(WorkflowId),
}

/// Which executions a list has.
#[derive(Clone, Debug, Default)]
pub struct ExecutionFilter {
    /// Only those that stand here.
    pub status: Option<ExecutionStatus>,
    /// Only those of this agent or workflow.
    pub of: Option<Subject>,
    /// Only those of this person (for staff; others see their own anyway).
    pub user: Option<UserId>,
}

/// Have an agent or a workflow executed: a worker will claim it. It is counted at once, at the agent
/// and its template, or at the workflow.
pub async fn start(ctx: &Ctx, of: Subject, input: Value) -> Result<Model> {
    let scope = policy::write(&ctx.actor)?;
    let mut check = Check::default();
    if !input.is_object() {
        check.wrong("/input", "must be an object");
    }
    check.small_json("/input", &input, JSON);
    check.done()?;

    let tx = ctx.write().await?;
    let (agent_id, workflow_id, user_id) = match of {
        Subject::Agent(id) => {
            let agent = user_agent::agent_held(&tx, scope, id).await?;
            if !agent.is_active {
                return Err(Error::AgentInactive.into());
            }
            let (owner, made_from) = (agent.user_id, agent.template_id);
            user_agent::executed(&tx, agent).await?;
            if let Some(made_from) = made_from {
                template::used(&tx, made_from).await?;
            }
            (Some(id), None, owner)
        }
        Subject::Workflow(id) => {
            let workflow = workflow::held(&tx, scope, id).await?;
            if !workflow.is_active {
                return Err(Error::WorkflowInactive.into());
            }
            let owner = workflow.user_id;
            workflow::executed(&tx, workflow).await?;
            (None, Some(id), owner)
        }
    };
    let execution = Model {
        id: tx.fresh(),
        agent_id,
        workflow_id,
        user_id,
        status: ExecutionStatus::Pending,
        input,
        output: None,
        error_message: None,
        started_at: None,
        completed_at: None,
        duration_ms: None,
        claimed_by: None,
        lease_token: None,
        lease_until: None,
        attempt: 0,
        version: 1,
        created_at: tx.now,
        updated_at: tx.now,
    };
    store::insert(&tx, execution.clone()).await?;
    store::note(&tx, execution.id, [("created".to_owned(), json!({}))]).await?;
    audit_foreign(&tx, "execution.start", &execution).await?;
    webhook::emit(
        &tx,
        Event::execution(EventType::ExecutionCreated, &execution),
    )
    .await?;
    tx.signal(Signal::ExecutionMoved(execution.id));
    tx.made(format!("/executions/{}", execution.id));
    tx.commit().await?;
    Ok(execution)
}

/// One page of the executions in the caller's sight, the newest first. Those of an agent or a
/// workflow are refused where that is not in sight.
pub async fn executions(ctx: &Ctx, filter: ExecutionFilter, page: Request) -> Result<Page<Model>> {
    let scope = policy::read(&ctx.actor)?;
    match filter.of {
        Some(Subject::Agent(id)) => user_agent::visible(ctx, scope, id).await?,
        Some(Subject::Workflow(id)) => workflow::visible(ctx, scope, id).await?,
        None => {}
    }
    store::executions(&ctx.read()?, scope, &filter, page).await
}

/// One execution. Its tag is its version.
pub async fn execution(ctx: &Ctx, id: ExecutionId) -> Result<Model> {
    let scope = policy::read(&ctx.actor)?;
    store::execution(&ctx.read()?, scope, id).await
}

/// One page of an execution's events, in their order, behind the one whose number is `page.after`.
pub async fn events(
    ctx: &Ctx,
    id: ExecutionId,
    page: Request,
) -> Result<Page<execution_event::Model>> {
    let scope = policy::read(&ctx.actor)?;
    let (limit, after) = (page.limit()?, after(page.after.as_deref())?);
    let reader = ctx.read()?;
    store::execution(&reader, scope, id).await?;
    let total = page.total(&reader, &store::all_events(id)).await?;
    let rows = store::events(&reader, id, after, limit + 1).await?;
    Ok(Page::cut(rows, limit, total, |last| last.seq.to_string()))
}

/// The number of the last event that a caller has.
pub fn after(cursor: Option<&str>) -> Result<i64> {
    let number = cursor.map_or(Ok(0), str::parse);
    match number {
        Ok(number @ 0..) => Ok(number),
        _ => Err(crate::error::Common::Cursor.into()),
    }
}

/// Call an execution off. The worker that holds it hears it with its next word.
pub async fn cancel(ctx: &Ctx, id: ExecutionId) -> Result<Model> {
    let scope = policy::cancel(&ctx.actor)?;
    let tx = ctx.write().await?;
    let mut execution = store::held(&tx, scope, id).await?;
    if !matches!(
        execution.status,
        ExecutionStatus::Pending | ExecutionStatus::Running
    ) {
        let (status, wanted) = (execution.status, "be cancelled");
        return Err(Error::InvalidTransition { status, wanted }.into());
    }
    end(&mut execution, ExecutionStatus::Cancelled, &tx);
    execution.lease_token = None;
    store::update(&tx, &execution).await?;
    store::note(&tx, id, [("cancelled".to_owned(), json!({}))]).await?;
    audit_foreign(&tx, "execution.cancel", &execution).await?;
    let event = Event::execution(EventType::ExecutionCancelled, &execution);
    webhook::emit(&tx, event).await?;
    tx.signal(Signal::ExecutionMoved(id));
    tx.touched(format!("/executions/{id}"));
    tx.commit().await?;
    Ok(execution)
}

/// Let an execution be over. How long it took is counted from its first claim.
fn end(execution: &mut Model, status: ExecutionStatus, tx: &Write) {
    execution.status = status;
    execution.completed_at = Some(tx.now);
    execution.duration_ms = execution
        .started_at
        .map(|started| (tx.now - started).max(TimeDelta::zero()).num_milliseconds());
    execution.lease_until = None;
    execution.version += 1;
    execution.updated_at = tx.now;
}

/// Tell the audit log when the execution is not the caller's own.
async fn audit_foreign(tx: &Write, action: &'static str, execution: &Model) -> Result<()> {
    if tx.actor.user() == Some(execution.user_id) {
        return Ok(());
    }
    let entry = audit::Entry {
        action,
        resource_type: "execution",
        resource_id: execution.id.to_string(),
        before: None,
        after: Some(json!({ "status": execution.status, "attempt": execution.attempt })),
    };
    audit::record(tx, entry).await
}

/// Everybody's executions: for the parts that hold a claim.
const ALL: Scope = Scope::Everyone;
