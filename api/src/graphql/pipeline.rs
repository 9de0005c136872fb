//! Runs, and what came of them.

use async_graphql::{Context, Enum, Object, SimpleObject};
use chrono::{DateTime, Utc};
use entity::id::{RunId, UserId};
use entity::pipeline::{opportunity_card, run};
use service::pipeline::{self, CardFilter, RunFilter};
use uuid::Uuid;

use super::page::{Connection, request};
use super::{caller, scalar::BigInt};
use crate::error::ApiError;

#[derive(Debug, Default)]
pub(super) struct PipelineQuery;

#[Object]
impl PipelineQuery {
    /// The runs in the caller's sight, the newest first.
    async fn runs(
        &self,
        context: &Context<'_>,
        #[graphql(default = 50, desc = "How many, 1 to 100.")] first: i32,
        #[graphql(desc = "The `endCursor` of the page before.")] after: Option<String>,
        #[graphql(desc = "Only those of this status.")] status: Option<RunStatus>,
        #[graphql(desc = "Only those of this company.")] company_id: Option<String>,
        #[graphql(desc = "Only those of this person.")] user_id: Option<Uuid>,
    ) -> Result<Connection<Run>, ApiError> {
        let filter = RunFilter {
            status: status.map(Into::into),
            company_id,
            user: user_id.map(UserId),
        };
        let page = pipeline::runs(caller(context)?, filter, request(first, after)).await?;
        Ok(Connection::of(page))
    }

    /// One run.
    async fn run(&self, context: &Context<'_>, id: Uuid) -> Result<Option<Run>, ApiError> {
        let detail = pipeline::run(caller(context)?, RunId(id)).await?;
        Ok(Some(detail.run.into()))
    }

    /// The cards in the caller's sight, the newest first.
    async fn cards(
        &self,
        context: &Context<'_>,
        #[graphql(default = 50, desc = "How many, 1 to 100.")] first: i32,
        #[graphql(desc = "The `endCursor` of the page before.")] after: Option<String>,
        #[graphql(desc = "Only those that are starred, or are not.")] starred: Option<bool>,
    ) -> Result<Connection<Card>, ApiError> {
        let filter = CardFilter { starred };
        let page = pipeline::cards(caller(context)?, filter, request(first, after)).await?;
        Ok(Connection::of(page))
    }
}

/// How far a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "run::RunStatus")]
pub(super) enum RunStatus {
    /// Waits for a worker.
    Pending,
    /// A worker has it.
    Running,
    /// All five stages are in.
    Completed,
    /// A stage failed.
    Failed,
}

/// A document's way through the five stages.
#[derive(Debug, SimpleObject)]
pub(super) struct Run {
    id: Uuid,
    user_id: Uuid,
    company_id: String,
    company_name: String,
    document_name: String,
    document_url: String,
    status: RunStatus,
    /// The last stage that is in, 0 to 5.
    current_stage: i32,
    error_message: Option<String>,
    claimed_by: Option<String>,
    /// How often it was claimed.
    attempt: i32,
    version: BigInt,
    started_at: Option<DateTime<Utc>>,
    completed_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl From<run::Model> for Run {
    fn from(run: run::Model) -> Self {
        Self {
            id: run.id.0,
            user_id: run.user_id.0,
            company_id: run.company_id,
            company_name: run.company_name,
            document_name: run.document_name,
            document_url: run.document_url,
            status: run.status.into(),
            current_stage: run.current_stage,
            error_message: run.error_message,
            claimed_by: run.claimed_by,
            attempt: run.attempt,
            version: BigInt(run.version),
            started_at: run.started_at,
            completed_at: run.completed_at,
            created_at: run.created_at,
            updated_at: run.updated_at,
        }
    }
}

/// An opportunity that a run found.
#[derive(Debug, SimpleObject)]
pub(super) struct Card {
    id: Uuid,
    run_id: Uuid,
    /// Its place among the run's cards.
    number: i32,
    title: String,
    tagline: String,
    problem: String,
    solution: String,
    why_now: String,
    target_segment: String,
    quick_win: String,
    starred: bool,
    version: BigInt,
    created_at: DateTime<Utc>,
}

impl From<opportunity_card::Model> for Card {
    fn from(card: opportunity_card::Model) -> Self {
        Self {
            id: card.id.0,
            run_id: card.run_id.0,
            number: card.number,
            title: card.title,
            tagline: card.tagline,
            problem: card.problem,
            solution: card.solution,
            why_now: card.why_now,
            target_segment: card.target_segment,
            quick_win: card.quick_win,
            starred: card.starred,
            version: BigInt(card.version),
            created_at: card.created_at,
        }
    }
}
