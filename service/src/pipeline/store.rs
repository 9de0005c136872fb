//! Every query of the pipeline.

use std::time::Duration;

use entity::id::{OpportunityCardId, RunId, UploadId};
use entity::pipeline::run::{self, RunStatus};
use entity::pipeline::run_event::{self, RunEventKind};
use entity::pipeline::{inspiration_report, opportunity_card, stage_output};
use entity::types::StringList;
use entity::{Scope, Scoped};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter,
    QueryOrder, QuerySelect, Set,
};

use super::card::CardFilter;
use super::error::Error;
use super::run::RunFilter;
use super::stage::{NewCard, NewReport, NewStage};
use crate::error::Result;
use crate::lease::{self, Claims, Leased};
use crate::page::{Order, Page, Place, Request};
use crate::write::Write;

pub(super) async fn run(
    conn: &impl ConnectionTrait,
    scope: Scope,
    id: RunId,
) -> Result<run::Model> {
    let found = run::Entity::within(scope)
        .filter(run::Column::Id.eq(id))
        .one(conn)
        .await?;
    found.ok_or_else(|| Error::RunNotFound(id).into())
}

/// The run, held until the write is over (`SQLite` has one writer anyway).
pub(super) async fn run_held(tx: &Write, scope: Scope, id: RunId) -> Result<run::Model> {
    let select = run::Entity::within(scope).filter(run::Column::Id.eq(id));
    let found = select.lock_exclusive().one(tx).await?;
    found.ok_or_else(|| Error::RunNotFound(id).into())
}

pub(super) async fn runs(
    conn: &impl ConnectionTrait,
    scope: Scope,
    filter: &RunFilter,
    page: Request,
) -> Result<Page<run::Model>> {
    use run::Column;
    let list = format!("runs {scope:?} {filter:?}");
    let mut select = run::Entity::within(scope);
    if let Some(status) = filter.status {
        select = select.filter(Column::Status.eq(status));
    }
    if let Some(company) = &filter.company_id {
        select = select.filter(Column::CompanyId.eq(company));
    }
    if let Some(user) = filter.user {
        select = select.filter(Column::UserId.eq(user));
    }
    let place = |run: &run::Model| Place {
        time: run.created_at,
        id: run.id.0,
    };
    let keys = (Column::CreatedAt, Column::Id);
    page.page(conn, select, keys, Order::Newest, &list, place)
        .await
}

pub(super) async fn insert_run(tx: &Write, row: run::Model) -> Result<()> {
    tx.insert(row).await
}

/// Put down a changed run: everything but its id and beginning.
pub(super) async fn update_run(tx: &Write, row: &run::Model) -> Result<()> {
    tx.update(row).await
}

impl Leased for run::Entity {
    type Status = RunStatus;
    const CLAIMS: Claims<run::Column, RunStatus> = Claims {
        id: run::Column::Id,
        status: run::Column::Status,
        waiting: RunStatus::Pending,
        held: RunStatus::Running,
        worker: run::Column::ClaimedBy,
        token: run::Column::LeaseToken,
        until: run::Column::LeaseUntil,
        started: run::Column::StartedAt,
        attempt: run::Column::Attempt,
        version: run::Column::Version,
        created: run::Column::CreatedAt,
        updated: run::Column::UpdatedAt,
    };
}

/// Give the run that has waited longest to `worker`.
pub(super) async fn claim_next(
    tx: &Write,
    worker: &str,
    lifetime: Duration,
) -> Result<Option<run::Model>> {
    lease::claim_next::<run::Entity>(tx, worker, lifetime).await
}

/// Write the next line of a run's history; the caller holds the run.
pub(super) async fn note(
    tx: &Write,
    run: RunId,
    kind: RunEventKind,
    stage: Option<i32>,
    worker: Option<String>,
) -> Result<()> {
    let last: Option<Option<i64>> = run_event::Entity::within(Scope::Everyone)
        .select_only()
        .column_as(run_event::Column::Seq.max(), "last")
        .filter(run_event::Column::RunId.eq(run))
        .into_tuple()
        .one(tx)
        .await?;
    let row = run_event::ActiveModel {
        id: Set(tx.fresh()),
        run_id: Set(run),
        seq: Set(last.flatten().unwrap_or(0) + 1),
        kind: Set(kind),
        stage: Set(stage),
        worker: Set(worker),
        created_at: Set(tx.now),
        updated_at: Set(tx.now),
    };
    run_event::Entity::insert(row)
        .exec_without_returning(tx)
        .await?;
    Ok(())
}

/// Put down what a stage brought: its output, with the report or the cards.
pub(super) async fn insert_stage(
    tx: &Write,
    run: &run::Model,
    stage: i32,
    hash: String,
    new: NewStage,
) -> Result<()> {
    let output = stage_output::ActiveModel {
        id: Set(tx.fresh()),
        run_id: Set(run.id),
        stage_number: Set(stage),
        markdown_output: Set(new.markdown_output),
        json_output: Set(new.json_output),
        attempt: Set(run.attempt),
        content_hash: Set(hash),
        started_at: Set(new.started_at),
        duration_ms: Set(new.duration_ms),
        created_at: Set(tx.now),
        updated_at: Set(tx.now),
    };
    stage_output::Entity::insert(output)
        .exec_without_returning(tx)
        .await?;
    if let Some(report) = new.report {
        insert_report(tx, run.id, report).await?;
    }
    insert_cards(tx, run, new.cards).await
}

async fn insert_report(tx: &Write, run: RunId, report: NewReport) -> Result<()> {
    let report = inspiration_report::ActiveModel {
        id: Set(tx.fresh()),
        run_id: Set(run),
        inspiration1_title: Set(report.inspiration1_title),
        inspiration1_content: Set(report.inspiration1_content),
        inspiration1_elements: Set(StringList(report.inspiration1_elements)),
        inspiration2_title: Set(report.inspiration2_title),
        inspiration2_content: Set(report.inspiration2_content),
        inspiration2_elements: Set(StringList(report.inspiration2_elements)),
        created_at: Set(tx.now),
        updated_at: Set(tx.now),
    };
    inspiration_report::Entity::insert(report)
        .exec_without_returning(tx)
        .await?;
    Ok(())
}

async fn insert_cards(tx: &Write, run: &run::Model, new: Vec<NewCard>) -> Result<()> {
    let cards = new.into_iter().map(|card| opportunity_card::ActiveModel {
        id: Set(tx.fresh()),
        run_id: Set(run.id),
        user_id: Set(run.user_id),
        number: Set(card.number),
        title: Set(card.title),
        tagline: Set(card.tagline),
        problem: Set(card.problem),
        solution: Set(card.solution),
        why_now: Set(card.why_now),
        target_segment: Set(card.target_segment),
        quick_win: Set(card.quick_win),
        starred: Set(false),
        version: Set(1),
        created_at: Set(tx.now),
        updated_at: Set(tx.now),
    });
    let cards: Vec<_> = cards.collect();
    if !cards.is_empty() {
        opportunity_card::Entity::insert_many(cards)
            .exec_without_returning(tx)
            .await?;
    }
    Ok(())
}

pub(super) async fn output(
    conn: &impl ConnectionTrait,
    run: RunId,
    stage: i32,
) -> Result<Option<stage_output::Model>> {
    let found = stage_output::Entity::within(Scope::Everyone)
        .filter(stage_output::Column::RunId.eq(run))
        .filter(stage_output::Column::StageNumber.eq(stage))
        .one(conn)
        .await?;
    Ok(found)
}

pub(super) async fn outputs(
    conn: &impl ConnectionTrait,
    run: RunId,
) -> Result<Vec<stage_output::Model>> {
    let rows = stage_output::Entity::within(Scope::Everyone)
        .filter(stage_output::Column::RunId.eq(run))
        .order_by_asc(stage_output::Column::StageNumber)
        .all(conn)
        .await?;
    Ok(rows)
}

pub(super) async fn report(
    conn: &impl ConnectionTrait,
    run: RunId,
) -> Result<Option<inspiration_report::Model>> {
    let reports = inspiration_report::Entity::within(Scope::Everyone);
    Ok(reports
        .filter(inspiration_report::Column::RunId.eq(run))
        .one(conn)
        .await?)
}

pub(super) async fn cards_of(
    conn: &impl ConnectionTrait,
    run: RunId,
) -> Result<Vec<opportunity_card::Model>> {
    let rows = opportunity_card::Entity::within(Scope::Everyone)
        .filter(opportunity_card::Column::RunId.eq(run))
        .order_by_asc(opportunity_card::Column::Number)
        .all(conn)
        .await?;
    Ok(rows)
}

pub(super) async fn card_held(
    tx: &Write,
    scope: Scope,
    id: OpportunityCardId,
) -> Result<opportunity_card::Model> {
    let select = opportunity_card::Entity::within(scope);
    let found = select
        .filter(opportunity_card::Column::Id.eq(id))
        .lock_exclusive()
        .one(tx)
        .await?;
    found.ok_or_else(|| Error::CardNotFound(id).into())
}

pub(super) async fn update_star(
    tx: &Write,
    card: &opportunity_card::Model,
    starred: bool,
) -> Result<opportunity_card::Model> {
    let change = opportunity_card::ActiveModel {
        id: Set(card.id),
        starred: Set(starred),
        version: Set(card.version + 1),
        updated_at: Set(tx.now),
        ..Default::default()
    };
    Ok(change.update(tx).await?)
}

pub(super) async fn cards(
    conn: &impl ConnectionTrait,
    scope: Scope,
    filter: &CardFilter,
    page: Request,
) -> Result<Page<opportunity_card::Model>> {
    use opportunity_card::Column;
    let list = format!("cards {scope:?} {filter:?}");
    let mut select = opportunity_card::Entity::within(scope);
    if let Some(starred) = filter.starred {
        select = select.filter(Column::Starred.eq(starred));
    }
    if let Some(run) = filter.run {
        select = select.filter(Column::RunId.eq(run));
    }
    if let Some(user) = filter.user {
        select = select.filter(Column::UserId.eq(user));
    }
    let place = |card: &opportunity_card::Model| Place {
        time: card.created_at,
        id: card.id.0,
    };
    let keys = (Column::CreatedAt, Column::Id);
    page.page(conn, select, keys, Order::Newest, &list, place)
        .await
}

pub(super) async fn starred(conn: &impl ConnectionTrait, scope: Scope) -> Result<u64> {
    let cards = opportunity_card::Entity::within(scope);
    Ok(cards
        .filter(opportunity_card::Column::Starred.eq(true))
        .count(conn)
        .await?)
}

/// Whether a worker holds a run that reads this document.
pub(crate) async fn is_worked_on(conn: &impl ConnectionTrait, document: UploadId) -> Result<bool> {
    let held: Option<uuid::Uuid> = run::Entity::within(Scope::Everyone)
        .select_only()
        .column(run::Column::Id)
        .filter(run::Column::DocumentUploadId.eq(document))
        .filter(run::Column::Status.eq(RunStatus::Running))
        .limit(1)
        .into_tuple()
        .one(conn)
        .await?;
    Ok(held.is_some())
}

pub(super) async fn delete_run(tx: &Write, id: RunId) -> Result<()> {
    run::Entity::delete_by_id(id).exec(tx).await?;
    Ok(())
}
