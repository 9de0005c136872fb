//! The worker protocol: claim, heartbeat, submit, fail.
//!
//! Everything after the claim names the claim's token. A token that is no longer in force is
//! refused whatever else is right, so a worker that was thought dead does no harm.

use chrono::{DateTime, Utc};
use entity::id::RunId;
use entity::pipeline::run::{Model, RunStatus};
use entity::pipeline::run_event::RunEventKind;
use entity::pipeline::stage_output;
use serde_json::json;
use uuid::Uuid;

use super::error::Error;
use super::run::{ALL, audit_foreign_as};
use super::stage::{NewStage, STAGES};
use super::{policy, store};
use crate::check::Check;
use crate::ctx::Ctx;
use crate::error::{Error as Internal, Result};
use crate::signal::Signal;
use crate::webhook::{self, Event, EventType};
use crate::write::Write;

/// A run that was just claimed.
#[derive(Clone, Debug)]
pub struct Claimed {
    /// The run.
    pub run: Model,
    /// What its stages brought so far: whoever takes over goes on from there.
    pub outputs: Vec<stage_output::Model>,
    /// What every further word on it must name.
    pub lease_token: Uuid,
    /// When the claim runs out unless it is renewed.
    pub lease_until: DateTime<Utc>,
}

/// Claim the run that has waited longest, if one waits.
pub async fn claim(ctx: &Ctx, worker: &str) -> Result<Option<Claimed>> {
    policy::work(&ctx.actor)?;
    let mut check = Check::default();
    check.text("/worker", worker, true, 255);
    check.done()?;

    let tx = ctx.write().await?;
    let lifetime = ctx.settings().run_lease;
    let Some(run) = store::claim_next(&tx, worker, lifetime).await? else {
        return Ok(None);
    };
    let (Some(lease_token), Some(lease_until)) = (run.lease_token, run.lease_until) else {
        return Err(Internal::internal("a claim without a lease"));
    };
    let kind = if run.attempt > 1 {
        RunEventKind::Reclaimed
    } else {
        RunEventKind::Claimed
    };
    store::note(&tx, run.id, kind, None, Some(worker.to_owned())).await?;
    audit(&tx, "run.claim", &run).await?;
    webhook::emit(&tx, Event::run(EventType::RunStarted, &run)).await?;
    tx.signal(Signal::RunMoved(run.id));
    let outputs = store::outputs(&tx, run.id).await?;
    tx.commit().await?;
    Ok(Some(Claimed {
        run,
        outputs,
        lease_token,
        lease_until,
    }))
}

/// Renew a claim; tells when it runs out now.
pub async fn heartbeat(ctx: &Ctx, id: RunId, token: Uuid) -> Result<DateTime<Utc>> {
    policy::work(&ctx.actor)?;
    let tx = ctx.write().await?;
    let mut run = held(&tx, id, token).await?;
    let until = renew(&mut run, &tx);
    store::update_run(&tx, &run).await?;
    tx.commit().await?;
    Ok(until)
}

/// Hand in a stage. The same stage with the same content again changes nothing.
pub async fn submit(ctx: &Ctx, id: RunId, stage: i32, token: Uuid, new: NewStage) -> Result<Model> {
    policy::work(&ctx.actor)?;
    new.check(stage)?;
    let hash = new.hash()?;

    let tx = ctx.write().await?;
    let mut run = store::run_held(&tx, ALL, id).await?;
    if run.lease_token != Some(token) {
        return Err(Error::StaleLease.into());
    }
    if let Some(known) = store::output(&tx, id, stage).await? {
        return if known.content_hash == hash {
            Ok(run)
        } else {
            Err(Error::Contradiction { stage }.into())
        };
    }
    if run.status != RunStatus::Running {
        return Err(Error::InvalidTransition {
            status: run.status,
            wanted: "take a stage",
        }
        .into());
    }
    if stage != run.current_stage + 1 {
        return Err(Error::OutOfOrder {
            stage,
            expected: run.current_stage + 1,
        }
        .into());
    }

    store::insert_stage(&tx, &run, stage, hash, new).await?;
    let worker = run.claimed_by.clone();
    store::note(&tx, id, RunEventKind::Stage, Some(stage), worker.clone()).await?;
    run.current_stage = stage;
    renew(&mut run, &tx);
    if stage == STAGES {
        run.status = RunStatus::Completed;
        run.completed_at = Some(tx.now);
        run.lease_until = None;
        store::note(&tx, id, RunEventKind::Completed, None, worker).await?;
    }
    store::update_run(&tx, &run).await?;
    audit(&tx, "run.submit", &run).await?;
    let event = match run.status {
        RunStatus::Completed => EventType::RunCompleted,
        _ => EventType::RunStageCompleted,
    };
    webhook::emit(&tx, Event::run(event, &run)).await?;
    tx.signal(Signal::RunMoved(id));
    tx.touched(format!("/runs/{id}"));
    tx.commit().await?;
    Ok(run)
}

/// Give a run up for good, until somebody retries it.
pub async fn fail(ctx: &Ctx, id: RunId, token: Uuid, message: &str) -> Result<Model> {
    policy::work(&ctx.actor)?;
    let mut check = Check::default();
    check.text("/message", message, true, 10_000);
    check.done()?;

    let tx = ctx.write().await?;
    let mut run = held(&tx, id, token).await?;
    run.status = RunStatus::Failed;
    run.error_message = Some(message.to_owned());
    run.completed_at = Some(tx.now);
    run.lease_token = None;
    run.lease_until = None;
    run.version += 1;
    run.updated_at = tx.now;
    store::update_run(&tx, &run).await?;
    store::note(&tx, id, RunEventKind::Failed, None, run.claimed_by.clone()).await?;
    audit(&tx, "run.fail", &run).await?;
    webhook::emit(&tx, Event::run(EventType::RunFailed, &run)).await?;
    tx.signal(Signal::RunMoved(id));
    tx.touched(format!("/runs/{id}"));
    tx.commit().await?;
    Ok(run)
}

/// Tell the audit log whose key worked on somebody else's run: the history of the run has only the
/// name that the worker gave itself.
async fn audit(tx: &Write, action: &'static str, run: &Model) -> Result<()> {
    let after = json!({ "stage": run.current_stage, "attempt": run.attempt });
    audit_foreign_as(tx, action, run, after).await
}

/// The run, when `token` is that of the claim in force.
async fn held(tx: &Write, id: RunId, token: Uuid) -> Result<Model> {
    let run = store::run_held(tx, ALL, id).await?;
    if run.lease_token != Some(token) || run.status != RunStatus::Running {
        return Err(Error::StaleLease.into());
    }
    Ok(run)
}

fn renew(run: &mut Model, tx: &Write) -> DateTime<Utc> {
    let until = tx.now + tx.services().settings.run_lease;
    run.lease_until = Some(until);
    run.version += 1;
    run.updated_at = tx.now;
    until
}
