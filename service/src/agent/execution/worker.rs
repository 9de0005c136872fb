//! The worker protocol: claim, heartbeat, record, complete, fail.
//!
//! Everything after the claim names the claim's token. A token that is no longer in force is refused
//! whatever else is right, so a worker that was thought dead does no harm.

use chrono::{DateTime, Utc};
use entity::agent::execution::{ExecutionStatus, Model};
use entity::agent::{execution_event, user_agent, workflow};
use entity::id::ExecutionId;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{ALL, audit_foreign, end, store};
use crate::agent::error::Error;
use crate::agent::{EXECUTION_LEASE, policy};
use crate::check::Check;
use crate::ctx::Ctx;
use crate::error::{Error as Internal, Result};
use crate::signal::Signal;
use crate::webhook::{self, Event, EventType};
use crate::write::Write;

/// The most events of one request.
pub const EVENTS_AT_ONCE: usize = 100;
/// The most events of one execution.
const EVENTS: i64 = 10_000;
/// The most bytes of an event's data.
const DATA: usize = 64 * 1024;
/// How many of the latest events whoever takes over is told.
const TOLD: u64 = 100;
/// What only we say.
const OURS: [&str; 6] = [
    "created",
    "claimed",
    "reclaimed",
    "completed",
    "failed",
    "cancelled",
];

/// An execution that was just claimed.
#[derive(Clone, Debug)]
pub struct Claimed {
    /// The execution.
    pub execution: Model,
    /// The agent that is executed, unless it is a workflow.
    pub agent: Option<user_agent::Model>,
    /// The workflow that is executed, unless it is an agent.
    pub workflow: Option<workflow::Model>,
    /// The latest of what happened so far: whoever takes over goes on from there.
    pub events: Vec<execution_event::Model>,
    /// What every further word on it must name.
    pub lease_token: Uuid,
    /// When the claim runs out unless it is renewed.
    pub lease_until: DateTime<Utc>,
}

/// What a worker says about an execution.
#[derive(Clone, Debug)]
pub struct NewEvent {
    /// What happened, in the worker's own word.
    pub kind: String,
    /// What there is to say about it.
    pub data: Value,
}

/// Claim the execution that has waited longest, if one waits.
pub async fn claim(ctx: &Ctx, worker: &str) -> Result<Option<Claimed>> {
    policy::work(&ctx.actor)?;
    let mut check = Check::default();
    check.text("/worker", worker, true, 255);
    check.done()?;

    let tx = ctx.write().await?;
    let lifetime = ctx.configuration().get(&EXECUTION_LEASE);
    let Some(execution) = store::claim_next(&tx, worker, lifetime).await? else {
        return Ok(None);
    };
    let (Some(lease_token), Some(lease_until)) = (execution.lease_token, execution.lease_until)
    else {
        return Err(Internal::internal("a claim without a lease"));
    };
    let kind = if execution.attempt > 1 {
        "reclaimed"
    } else {
        "claimed"
    };
    let id = execution.id;
    let events = store::latest(&tx, id, TOLD).await?;
    store::note(&tx, id, [(kind.to_owned(), json!({ "worker": worker }))]).await?;
    audit_foreign(&tx, "execution.claim", &execution).await?;
    let agent = match execution.agent_id {
        Some(agent) => crate::agent::user_agent::named(&tx, agent).await?,
        None => None,
    };
    let workflow = match execution.workflow_id {
        Some(workflow) => crate::agent::workflow::named(&tx, workflow).await?,
        None => None,
    };
    let event = Event::execution(EventType::ExecutionStarted, &execution);
    webhook::emit(&tx, event).await?;
    tx.signal(Signal::ExecutionMoved(id));
    tx.commit().await?;
    Ok(Some(Claimed {
        execution,
        agent,
        workflow,
        events,
        lease_token,
        lease_until,
    }))
}

/// Renew a claim; tells when it runs out now.
pub async fn heartbeat(ctx: &Ctx, id: ExecutionId, token: Uuid) -> Result<DateTime<Utc>> {
    policy::work(&ctx.actor)?;
    let tx = ctx.write().await?;
    let mut execution = held(&tx, id, token).await?;
    let until = renew(&mut execution, ctx, &tx);
    store::update(&tx, &execution).await?;
    tx.commit().await?;
    Ok(until)
}

/// Write down what happened; tells the numbers that the events have got. Renews the claim.
pub async fn record(
    ctx: &Ctx,
    id: ExecutionId,
    token: Uuid,
    events: Vec<NewEvent>,
) -> Result<Vec<execution_event::Model>> {
    policy::work(&ctx.actor)?;
    check(&events)?;
    let tx = ctx.write().await?;
    let mut execution = held(&tx, id, token).await?;
    let new = i64::try_from(events.len()).unwrap_or(i64::MAX);
    if store::last(&tx, id).await?.saturating_add(new) > EVENTS {
        return Err(Error::TooManyEvents { most: EVENTS }.into());
    }
    let rows = store::note(
        &tx,
        id,
        events.into_iter().map(|event| (event.kind, event.data)),
    )
    .await?;
    renew(&mut execution, ctx, &tx);
    store::update(&tx, &execution).await?;
    tx.signal(Signal::ExecutionMoved(id));
    tx.touched(format!("/executions/{id}/events"));
    tx.commit().await?;
    Ok(rows)
}

fn check(events: &[NewEvent]) -> Result<()> {
    let mut check = Check::default();
    if !(1..=EVENTS_AT_ONCE).contains(&events.len()) {
        let most = EVENTS_AT_ONCE;
        check.wrong("/events", format!("must be one to {most}"));
    }
    for (at, event) in events.iter().enumerate().take(EVENTS_AT_ONCE) {
        let kind = format!("/events/{at}/kind");
        if OURS.contains(&event.kind.as_str()) {
            check.wrong(&kind, "is a word that only the server says");
        }
        check.text(kind, &event.kind, true, 255);
        let data = format!("/events/{at}/data");
        if !event.data.is_object() {
            check.wrong(&data, "must be an object");
        }
        check.small_json(&data, &event.data, DATA);
    }
    Ok(check.done()?)
}

/// Complete an execution. The same output again changes nothing.
pub async fn complete(ctx: &Ctx, id: ExecutionId, token: Uuid, output: Value) -> Result<Model> {
    policy::work(&ctx.actor)?;
    let mut check = Check::default();
    if !output.is_object() {
        check.wrong("/output", "must be an object");
    }
    check.json("/output", &output);
    check.done()?;

    let tx = ctx.write().await?;
    let mut execution = store::held(&tx, ALL, id).await?;
    if execution.lease_token == Some(token) && execution.status == ExecutionStatus::Completed {
        return if execution.output.as_ref() == Some(&output) {
            Ok(execution)
        } else {
            Err(Error::Contradiction.into())
        };
    }
    in_force(&execution, token)?;
    execution.output = Some(output);
    end(&mut execution, ExecutionStatus::Completed, &tx);
    finish(tx, execution, "completed", json!({})).await
}

/// Give an execution up for good.
pub async fn fail(ctx: &Ctx, id: ExecutionId, token: Uuid, message: &str) -> Result<Model> {
    policy::work(&ctx.actor)?;
    let mut check = Check::default();
    check.text("/message", message, true, 10_000);
    check.done()?;

    let tx = ctx.write().await?;
    let mut execution = held(&tx, id, token).await?;
    execution.error_message = Some(message.to_owned());
    end(&mut execution, ExecutionStatus::Failed, &tx);
    execution.lease_token = None;
    finish(tx, execution, "failed", json!({ "error": message })).await
}

async fn finish(tx: Write, execution: Model, kind: &'static str, data: Value) -> Result<Model> {
    let id = execution.id;
    store::update(&tx, &execution).await?;
    store::note(&tx, id, [(kind.to_owned(), data)]).await?;
    let (action, event) = match execution.status {
        ExecutionStatus::Completed => ("execution.complete", EventType::ExecutionCompleted),
        _ => ("execution.fail", EventType::ExecutionFailed),
    };
    audit_foreign(&tx, action, &execution).await?;
    webhook::emit(&tx, Event::execution(event, &execution)).await?;
    tx.signal(Signal::ExecutionMoved(id));
    tx.touched(format!("/executions/{id}"));
    tx.commit().await?;
    Ok(execution)
}

/// The execution, when `token` is that of the claim in force.
async fn held(tx: &Write, id: ExecutionId, token: Uuid) -> Result<Model> {
    let execution = store::held(tx, ALL, id).await?;
    in_force(&execution, token)?;
    Ok(execution)
}

fn in_force(execution: &Model, token: Uuid) -> Result<()> {
    if execution.lease_token == Some(token) && execution.status == ExecutionStatus::Running {
        return Ok(());
    }
    Err(Error::StaleLease.into())
}

fn renew(execution: &mut Model, ctx: &Ctx, tx: &Write) -> DateTime<Utc> {
    let until = tx.now + ctx.configuration().get(&EXECUTION_LEASE);
    execution.lease_until = Some(until);
    execution.version += 1;
    execution.updated_at = tx.now;
    until
}
