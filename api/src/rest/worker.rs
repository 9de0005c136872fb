//! The worker protocol, for keys of scope `worker`.

use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use entity::id::RunId;
use serde::{Deserialize, Serialize};
use service::pipeline::{self, NewCard, NewReport, NewStage};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::run::{Run, StageOutput};
use super::{App, BULK, JSON};
use crate::caller::Caller;
use crate::error::{ApiError, Problem};
use crate::extract::{Json, Path};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(claim))
        .routes(routes!(heartbeat))
        .routes(routes!(fail))
        .layer(DefaultBodyLimit::max(JSON))
        .merge(
            // A stage brings a whole text.
            OpenApiRouter::new()
                .routes(routes!(submit))
                .layer(DefaultBodyLimit::max(BULK)),
        )
}

/// Who claims.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ClaimBody {
    /// What the worker calls itself.
    #[schema(example = "pipeline-1")]
    pub(super) worker: String,
}

/// A claimed run.
#[derive(Debug, Serialize, ToSchema)]
pub struct Claimed {
    run: Run,
    /// What its stages brought so far: whoever takes over goes on from there.
    outputs: Vec<StageOutput>,
    /// What every further word on the run must name.
    lease_token: Uuid,
    /// When the claim runs out unless it is renewed.
    lease_until: DateTime<Utc>,
}

/// Claim the run that has waited longest: 204 when none waits.
#[utoipa::path(post, path = "/runs/claim", tag = "worker", request_body = ClaimBody, responses(
    (status = 200, body = Claimed), (status = 204), (status = 403, body = Problem),
))]
async fn claim(Caller(ctx): Caller, Json(body): Json<ClaimBody>) -> Result<Response, ApiError> {
    let claimed = pipeline::claim(&ctx, &body.worker).await?;
    Ok(match claimed {
        None => StatusCode::NO_CONTENT.into_response(),
        Some(claimed) => Json(Claimed {
            run: claimed.run.into(),
            outputs: claimed.outputs.into_iter().map(Into::into).collect(),
            lease_token: claimed.lease_token,
            lease_until: claimed.lease_until,
        })
        .into_response(),
    })
}

/// The token of a claim.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LeaseBody {
    pub(super) lease_token: Uuid,
}

/// When a claim runs out.
#[derive(Debug, Serialize, ToSchema)]
pub struct Lease {
    pub(super) lease_until: DateTime<Utc>,
}

/// Renew a claim.
#[utoipa::path(post, path = "/runs/{id}/heartbeat", tag = "worker", params(("id" = Uuid, Path)),
    request_body = LeaseBody, responses(
    (status = 200, body = Lease), (status = 404, body = Problem), (status = 409, body = Problem),
))]
async fn heartbeat(
    Caller(ctx): Caller,
    Path(id): Path<RunId>,
    Json(body): Json<LeaseBody>,
) -> Result<Json<Lease>, ApiError> {
    let lease_until = pipeline::heartbeat(&ctx, id, body.lease_token).await?;
    Ok(Json(Lease { lease_until }))
}

/// The output of a stage.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StageBody {
    lease_token: Uuid,
    /// The whole text.
    markdown_output: String,
    /// Its structured part.
    json_output: Option<serde_json::Value>,
    started_at: Option<DateTime<Utc>>,
    /// How long it took, in milliseconds.
    duration_ms: Option<i64>,
    /// With stage 1, and only there.
    report: Option<ReportBody>,
    /// With stage 5, and only there: one to five.
    #[serde(default)]
    cards: Vec<CardBody>,
}

/// The report of stage 1.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReportBody {
    inspiration1_title: String,
    inspiration1_content: String,
    inspiration1_elements: Vec<String>,
    inspiration2_title: String,
    inspiration2_content: String,
    inspiration2_elements: Vec<String>,
}

/// A card of stage 5.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CardBody {
    /// 1 to 5.
    number: i32,
    title: String,
    tagline: String,
    problem: String,
    solution: String,
    why_now: String,
    target_segment: String,
    quick_win: String,
}

impl From<StageBody> for NewStage {
    fn from(body: StageBody) -> Self {
        Self {
            markdown_output: body.markdown_output,
            json_output: body.json_output,
            started_at: body.started_at,
            duration_ms: body.duration_ms,
            report: body.report.map(|report| NewReport {
                inspiration1_title: report.inspiration1_title,
                inspiration1_content: report.inspiration1_content,
                inspiration1_elements: report.inspiration1_elements,
                inspiration2_title: report.inspiration2_title,
                inspiration2_content: report.inspiration2_content,
                inspiration2_elements: report.inspiration2_elements,
            }),
            cards: body.cards.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<CardBody> for NewCard {
    fn from(card: CardBody) -> Self {
        Self {
            number: card.number,
            title: card.title,
            tagline: card.tagline,
            problem: card.problem,
            solution: card.solution,
            why_now: card.why_now,
            target_segment: card.target_segment,
            quick_win: card.quick_win,
        }
    }
}

/// Hand in a stage, in order. The same content again changes nothing.
#[utoipa::path(put, path = "/runs/{id}/stages/{stage}", tag = "worker",
    params(("id" = Uuid, Path), ("stage" = i32, Path)), request_body = StageBody, responses(
    (status = 200, body = Run), (status = 404, body = Problem), (status = 409, body = Problem),
    (status = 422, body = Problem),
))]
async fn submit(
    Caller(ctx): Caller,
    Path((id, stage)): Path<(RunId, i32)>,
    Json(body): Json<StageBody>,
) -> Result<Json<Run>, ApiError> {
    let token = body.lease_token;
    Ok(Json(
        pipeline::submit(&ctx, id, stage, token, body.into())
            .await?
            .into(),
    ))
}

/// Why a worker gives up.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FailBody {
    pub(super) lease_token: Uuid,
    pub(super) message: String,
}

/// Give a run up, until somebody retries it.
#[utoipa::path(post, path = "/runs/{id}/fail", tag = "worker", params(("id" = Uuid, Path)),
    request_body = FailBody, responses(
    (status = 200, body = Run), (status = 404, body = Problem), (status = 409, body = Problem),
))]
async fn fail(
    Caller(ctx): Caller,
    Path(id): Path<RunId>,
    Json(body): Json<FailBody>,
) -> Result<Json<Run>, ApiError> {
    Ok(Json(
        pipeline::fail(&ctx, id, body.lease_token, &body.message)
            .await?
            .into(),
    ))
}
