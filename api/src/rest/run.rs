//! Runs and cards, as their owners see them.

use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use chrono::{DateTime, Utc};
use entity::id::{OpportunityCardId, RunId, UploadId, UserId};
use entity::pipeline::run::RunStatus;
use entity::pipeline::{inspiration_report, opportunity_card, run, stage_output};
use serde::{Deserialize, Serialize};
use service::error::Common;
use service::pipeline::{self, CardFilter, NewRun, RunFilter};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::list::{List, Listing};
use super::upload::content_path;
use super::{App, tag};
use crate::caller::Caller;
use crate::error::{ApiError, Problem};
use crate::extract::{Json, Path};
use crate::urls::Urls;
use crate::urls::path::API;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_runs, create_run))
        .routes(routes!(show_run, delete_run))
        .routes(routes!(retry_run))
        .routes(routes!(list_cards))
        .routes(routes!(starred_count))
        .routes(routes!(star_card))
}

/// A run.
#[derive(Debug, Serialize, ToSchema)]
pub struct Run {
    id: Uuid,
    user_id: Uuid,
    company_id: String,
    company_name: String,
    document_name: String,
    document_url: String,
    /// The upload that holds the document, when it was uploaded here.
    document_upload_id: Option<Uuid>,
    #[schema(value_type = String, example = "PENDING")]
    status: RunStatus,
    /// The last stage that is in, 0 to 5.
    current_stage: i32,
    error_message: Option<String>,
    claimed_by: Option<String>,
    attempt: i32,
    version: i64,
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
            document_upload_id: run.document_upload_id.map(|id| id.0),
            status: run.status,
            current_stage: run.current_stage,
            error_message: run.error_message,
            claimed_by: run.claimed_by,
            attempt: run.attempt,
            version: run.version,
            started_at: run.started_at,
            completed_at: run.completed_at,
            created_at: run.created_at,
            updated_at: run.updated_at,
        }
    }
}

/// A card.
#[derive(Debug, Serialize, ToSchema)]
pub struct Card {
    id: Uuid,
    run_id: Uuid,
    number: i32,
    title: String,
    tagline: String,
    problem: String,
    solution: String,
    why_now: String,
    target_segment: String,
    quick_win: String,
    starred: bool,
    version: i64,
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
            version: card.version,
            created_at: card.created_at,
        }
    }
}

/// The report of stage 1.
#[derive(Debug, Serialize, ToSchema)]
pub struct Report {
    inspiration1_title: String,
    inspiration1_content: String,
    inspiration1_elements: Vec<String>,
    inspiration2_title: String,
    inspiration2_content: String,
    inspiration2_elements: Vec<String>,
}

impl From<inspiration_report::Model> for Report {
    fn from(report: inspiration_report::Model) -> Self {
        Self {
            inspiration1_title: report.inspiration1_title,
            inspiration1_content: report.inspiration1_content,
            inspiration1_elements: report.inspiration1_elements.0,
            inspiration2_title: report.inspiration2_title,
            inspiration2_content: report.inspiration2_content,
            inspiration2_elements: report.inspiration2_elements.0,
        }
    }
}

/// The output of a stage.
#[derive(Debug, Serialize, ToSchema)]
pub struct StageOutput {
    stage_number: i32,
    markdown_output: String,
    json_output: Option<serde_json::Value>,
    attempt: i32,
    started_at: Option<DateTime<Utc>>,
    duration_ms: Option<i64>,
    created_at: DateTime<Utc>,
}

impl From<stage_output::Model> for StageOutput {
    fn from(output: stage_output::Model) -> Self {
        Self {
            stage_number: output.stage_number,
            markdown_output: output.markdown_output,
            json_output: output.json_output,
            attempt: output.attempt,
            started_at: output.started_at,
            duration_ms: output.duration_ms,
            created_at: output.created_at,
        }
    }
}

/// A run with everything that it brought.
#[derive(Debug, Serialize, ToSchema)]
pub struct RunDetail {
    #[serde(flatten)]
    run: Run,
    cards: Vec<Card>,
    report: Option<Report>,
    outputs: Vec<StageOutput>,
}

/// Which runs.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct RunQuery {
    /// `PENDING`, `RUNNING`, `COMPLETED` or `FAILED`.
    #[param(value_type = Option<String>)]
    status: Option<RunStatus>,
    /// The company's key.
    company_id: Option<String>,
    /// The owner, for staff.
    user_id: Option<Uuid>,
}

/// The runs in the caller's sight, the newest first.
#[utoipa::path(get, path = "/runs", tag = "runs", params(RunQuery), responses(
    (status = 200, body = List<Run>), (status = 400, body = Problem), (status = 401, body = Problem),
))]
async fn list_runs(
    Caller(ctx): Caller,
    Listing((query, page)): Listing<RunQuery>,
) -> Result<Response, ApiError> {
    let filter = RunFilter {
        status: query.status,
        company_id: query.company_id,
        user: query.user_id.map(UserId),
    };
    let found = pipeline::runs(&ctx, filter, page.request()).await?;
    page.answer(found.map(Run::from))
}

/// What asking for a run takes.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRunBody {
    #[schema(example = "lactalis-canada")]
    company_id: String,
    #[schema(example = "Lactalis")]
    company_name: String,
    #[schema(example = "trend-report.pdf")]
    document_name: String,
    /// Where the document is; an upload's is its content, unless something else is said.
    #[schema(example = "https://files.example.com/trend-report.pdf")]
    #[serde(default)]
    document_url: Option<String>,
    /// A document that you have uploaded.
    #[serde(default)]
    document_upload_id: Option<Uuid>,
}

/// Ask for a run of a document: one that you have uploaded, or one elsewhere.
#[utoipa::path(post, path = "/runs", tag = "runs", request_body = NewRunBody, responses(
    (status = 201, body = Run), (status = 401, body = Problem), (status = 422, body = Problem),
))]
async fn create_run(
    Caller(ctx): Caller,
    urls: Urls,
    Json(body): Json<NewRunBody>,
) -> Result<Response, ApiError> {
    let upload = body.document_upload_id.map(UploadId);
    let document_url = match (body.document_url, upload) {
        (Some(url), _) => url,
        (None, Some(upload)) => urls.at(&content_path(upload)),
        (None, None) => return Err(Common::invalid("/document_url", "is missing").into()),
    };
    let new = NewRun {
        company_id: body.company_id,
        company_name: body.company_name,
        document_name: body.document_name,
        document_url,
        document_upload_id: upload,
    };
    let run = pipeline::create(&ctx, new).await?;
    let location = format!("{API}/runs/{}", run.id);
    super::created(&location, Run::from(run))
}

/// One run with its cards, report and outputs.
#[utoipa::path(get, path = "/runs/{id}", tag = "runs", params(("id" = Uuid, Path)), responses(
    (status = 200, body = RunDetail), (status = 304), (status = 404, body = Problem),
))]
async fn show_run(
    Caller(ctx): Caller,
    Path(id): Path<RunId>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let detail = pipeline::run(&ctx, id).await?;
    let tag = pipeline::tag(&detail.run, &detail.cards);
    let body = RunDetail {
        run: detail.run.into(),
        cards: detail.cards.into_iter().map(Into::into).collect(),
        report: detail.report.map(Into::into),
        outputs: detail.outputs.into_iter().map(Into::into).collect(),
    };
    tag::shown(&headers, tag, body)
}

/// Remove a run with everything that it brought.
#[utoipa::path(delete, path = "/runs/{id}", tag = "runs", params(("id" = Uuid, Path)), responses(
    (status = 204), (status = 404, body = Problem), (status = 412, body = Problem),
))]
async fn delete_run(
    Caller(ctx): Caller,
    Path(id): Path<RunId>,
    headers: HeaderMap,
) -> Result<StatusCode, ApiError> {
    pipeline::delete(&ctx, id, &tag::if_match(&headers)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Put a failed run back into the queue.
#[utoipa::path(post, path = "/runs/{id}/retry", tag = "runs", params(("id" = Uuid, Path)),
    responses((status = 200, body = Run), (status = 404, body = Problem), (status = 409, body = Problem)))]
async fn retry_run(Caller(ctx): Caller, Path(id): Path<RunId>) -> Result<Json<Run>, ApiError> {
    Ok(Json(pipeline::retry(&ctx, id).await?.into()))
}

/// Which cards.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct CardQuery {
    /// Only those that are marked, or not.
    starred: Option<bool>,
    /// Only those of this run.
    run_id: Option<Uuid>,
    /// The owner, for staff.
    user_id: Option<Uuid>,
}

/// The cards in the caller's sight, the newest first.
#[utoipa::path(get, path = "/cards", tag = "cards", params(CardQuery), responses(
    (status = 200, body = List<Card>), (status = 401, body = Problem),
))]
async fn list_cards(
    Caller(ctx): Caller,
    Listing((query, page)): Listing<CardQuery>,
) -> Result<Response, ApiError> {
    let filter = CardFilter {
        starred: query.starred,
        run: query.run_id.map(RunId),
        user: query.user_id.map(UserId),
    };
    let found = pipeline::cards(&ctx, filter, page.request()).await?;
    page.answer(found.map(Card::from))
}

/// A count.
#[derive(Debug, Serialize, ToSchema)]
pub struct Count {
    count: u64,
}

/// How many cards in the caller's sight are marked.
#[utoipa::path(get, path = "/cards/starred/count", tag = "cards", responses(
    (status = 200, body = Count), (status = 304), (status = 401, body = Problem),
))]
async fn starred_count(Caller(ctx): Caller, headers: HeaderMap) -> Result<Response, ApiError> {
    let count = pipeline::starred_count(&ctx).await?;
    tag::whole(&headers, &Count { count })
}

/// A card's mark.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StarBody {
    starred: bool,
}

/// Mark a card, or take the mark off.
#[utoipa::path(patch, path = "/cards/{id}", tag = "cards", params(("id" = Uuid, Path)),
    request_body = StarBody, responses(
    (status = 200, body = Card), (status = 404, body = Problem), (status = 412, body = Problem),
))]
async fn star_card(
    Caller(ctx): Caller,
    Path(id): Path<OpportunityCardId>,
    headers: HeaderMap,
    Json(body): Json<StarBody>,
) -> Result<Response, ApiError> {
    let read = tag::if_match(&headers);
    let card = pipeline::star(&ctx, id, body.starred, &read).await?;
    tag::row(card.version, Card::from(card))
}
