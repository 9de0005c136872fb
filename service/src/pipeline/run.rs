//! Runs, as their owners see them.

use entity::Scope;
use entity::id::{RunId, UploadId, UserId};
use entity::pipeline::run::{Model, RunStatus};
use entity::pipeline::run_event::RunEventKind;
use entity::pipeline::{inspiration_report, opportunity_card, stage_output};
use serde_json::json;

use super::error::Error;
use super::{policy, store};
use crate::audit;
use crate::check::{Check, web_address};
use crate::ctx::Ctx;
use crate::error::Result;
use crate::expect::Expect;
use crate::page::{Page, Request};
use crate::signal::Signal;
use crate::upload;
use crate::webhook::{self, Event, EventType};
use crate::write::Write;

/// The most characters of a document's address.
const ADDRESS: usize = 2_048;

/// What asking for a run takes.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the fields are those of `runs`")]
pub struct NewRun {
    pub company_id: String,
    pub company_name: String,
    pub document_name: String,
    pub document_url: String,
    pub document_upload_id: Option<UploadId>,
}

/// A run with everything that it brought.
#[derive(Clone, Debug)]
pub struct RunDetail {
    /// The run.
    pub run: Model,
    /// Its cards, by number.
    pub cards: Vec<opportunity_card::Model>,
    /// Its report.
    pub report: Option<inspiration_report::Model>,
    /// Its outputs, by stage.
    pub outputs: Vec<stage_output::Model>,
}

/// Which runs a list has.
#[derive(Clone, Debug, Default)]
pub struct RunFilter {
    /// Only those that stand here.
    pub status: Option<RunStatus>,
    /// Only those of this company.
    pub company_id: Option<String>,
    /// Only those of this person (for staff; others see their own anyway).
    pub user: Option<UserId>,
}

/// Ask for a run of the caller's own. A document that was uploaded is theirs, too.
pub async fn create(ctx: &Ctx, new: NewRun) -> Result<Model> {
    policy::write(&ctx.actor)?;
    let user = ctx.actor.person()?;
    check(&new)?;

    let tx = ctx.write().await?;
    if let Some(document) = new.document_upload_id {
        upload::own_document(&tx, user, document).await?;
    }
    let run = Model {
        id: tx.fresh(),
        user_id: user,
        company_id: new.company_id,
        company_name: new.company_name,
        document_name: new.document_name,
        document_url: new.document_url,
        document_upload_id: new.document_upload_id,
        status: RunStatus::Pending,
        current_stage: 0,
        error_message: None,
        started_at: None,
        completed_at: None,
        claimed_by: None,
        lease_token: None,
        lease_until: None,
        attempt: 0,
        version: 1,
        created_at: tx.now,
        updated_at: tx.now,
    };
    store::insert_run(&tx, run.clone()).await?;
    store::note(&tx, run.id, RunEventKind::Created, None, None).await?;
    webhook::emit(&tx, Event::run(EventType::RunCreated, &run)).await?;
    tx.signal(Signal::RunMoved(run.id));
    tx.made(format!("/runs/{}", run.id));
    tx.commit().await?;
    Ok(run)
}

fn check(new: &NewRun) -> Result<()> {
    let mut check = Check::default();
    check.text("/company_id", &new.company_id, true, 255);
    check.text("/company_name", &new.company_name, true, 255);
    check.text("/document_name", &new.document_name, true, 255);
    check.text("/document_url", &new.document_url, true, ADDRESS);
    // Where nobody knows our own address, that of an upload is its path.
    let path = new.document_url.starts_with('/') && !new.document_url[1..].starts_with(['/', '\\']);
    let own = new.document_upload_id.is_some() && path;
    if !own && web_address(&new.document_url, usize::MAX).is_none() {
        check.wrong("/document_url", "is no http or https address");
    }
    Ok(check.done()?)
}

/// A run was written by staff: as it stands it must be one that can be asked for.
pub(crate) async fn written(tx: &Write, id: RunId) -> Result<()> {
    let run = store::run_held(tx, ALL, id).await?;
    check(&NewRun {
        company_id: run.company_id,
        company_name: run.company_name,
        document_name: run.document_name,
        document_url: run.document_url,
        document_upload_id: run.document_upload_id,
    })
}

/// A run is about to go: whoever listens is told by the same write.
pub(crate) async fn leaves(tx: &Write, id: RunId) -> Result<()> {
    let run = store::run_held(tx, ALL, id).await?;
    webhook::emit(tx, Event::run(EventType::RunDeleted, &run)).await
}

/// One page of the runs in the caller's sight, the newest first.
pub async fn runs(ctx: &Ctx, filter: RunFilter, page: Request) -> Result<Page<Model>> {
    let scope = policy::read(&ctx.actor)?;
    store::runs(&ctx.read()?, scope, &filter, page).await
}

/// One run with its cards, report and outputs.
pub async fn run(ctx: &Ctx, id: RunId) -> Result<RunDetail> {
    let scope = policy::read(&ctx.actor)?;
    let reader = ctx.read()?;
    let run = store::run(&reader, scope, id).await?;
    let (cards, report, outputs) = futures::try_join!(
        store::cards_of(&reader, id),
        store::report(&reader, id),
        store::outputs(&reader, id),
    )?;
    Ok(RunDetail {
        run,
        cards,
        report,
        outputs,
    })
}

/// Put a failed run back into the queue. What its stages brought stays: it goes on after the last.
pub async fn retry(ctx: &Ctx, id: RunId) -> Result<Model> {
    let scope = policy::write(&ctx.actor)?;
    let tx = ctx.write().await?;
    let mut run = store::run_held(&tx, scope, id).await?;
    if run.status != RunStatus::Failed {
        let wanted = "be retried";
        return Err(Error::InvalidTransition {
            status: run.status,
            wanted,
        }
        .into());
    }
    run.status = RunStatus::Pending;
    run.error_message = None;
    run.completed_at = None;
    run.claimed_by = None;
    run.lease_token = None;
    run.lease_until = None;
    run.version += 1;
    run.updated_at = tx.now;
    store::update_run(&tx, &run).await?;
    store::note(&tx, id, RunEventKind::Retried, None, None).await?;
    audit_foreign(&tx, "run.retry", &run).await?;
    webhook::emit(&tx, Event::run(EventType::RunRetried, &run)).await?;
    tx.signal(Signal::RunMoved(id));
    tx.touched(format!("/runs/{id}"));
    tx.commit().await?;
    Ok(run)
}

/// Remove a run with its cards, report, outputs and history.
pub async fn delete(ctx: &Ctx, id: RunId, expect: &Expect) -> Result<()> {
    let scope = policy::write(&ctx.actor)?;
    let tx = ctx.write().await?;
    let run = store::run_held(&tx, scope, id).await?;
    if expect.matters() {
        expect.check(&tag(&run, &store::cards_of(&tx, id).await?))?;
    }
    store::delete_run(&tx, id).await?;
    audit_foreign(&tx, "run.delete", &run).await?;
    webhook::emit(&tx, Event::run(EventType::RunDeleted, &run)).await?;
    tx.signal(Signal::RunMoved(id));
    tx.commit().await
}

/// The tag of a run as it is shown, with its cards: these are marked without the run knowing, and so
/// is its document taken away.
pub fn tag(run: &Model, cards: &[opportunity_card::Model]) -> String {
    let cards: i64 = cards.iter().map(|card| card.version).sum();
    let document = u8::from(run.document_upload_id.is_some());
    format!("{}.{cards}.{document}", run.version)
}

/// Tell the audit log when the run is not the caller's own.
pub(super) async fn audit_foreign(tx: &Write, action: &'static str, run: &Model) -> Result<()> {
    let after = json!({ "status": run.status, "version": run.version });
    audit_foreign_as(tx, action, run, after).await
}

/// The same, with what is to be kept of the run.
pub(super) async fn audit_foreign_as(
    tx: &Write,
    action: &'static str,
    run: &Model,
    after: serde_json::Value,
) -> Result<()> {
    if tx.actor.user() == Some(run.user_id) {
        return Ok(());
    }
    let entry = audit::Entry {
        action,
        resource_type: "run",
        resource_id: run.id.to_string(),
        before: None,
        after: Some(after),
    };
    audit::record(tx, entry).await
}

/// Everybody's runs: for the parts of the pipeline that hold a claim.
pub(super) const ALL: Scope = Scope::Everyone;
