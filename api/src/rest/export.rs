//! The rows of a GraphQL list as a file, to the last of them.

use std::sync::Arc;

use axum::body::Body;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::{BoxError, Extension};
use chrono::{DateTime, Utc};
use futures::{Stream, StreamExt, stream};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use service::Ctx;
use service::error::Error;
use service::explore::{self, Export, link};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::App;
use crate::caller::{Caller, Visitor};
use crate::error::{ApiError, Door, Problem};
use crate::extract::{Json, Query};
use crate::graphql::{Api, Asked};
use crate::middleware::Secret;
use crate::urls::Urls;
use crate::urls::path::EXPORT;

const JSONL: &str = "application/jsonl";

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(export))
        .routes(routes!(make_link))
        .routes(routes!(export_own))
}

/// How rows are written.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Format {
    /// Comma-separated values of RFC 4180, under a line of names.
    #[default]
    Csv,
    /// One JSON object a line.
    Jsonl,
}

/// What becomes of texts that a spreadsheet would run.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Formula {
    /// They are written behind an apostrophe, in CSV.
    Escape,
}

/// Which rows, and how they are written.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
pub(super) struct ExportQuery {
    /// A GraphQL query of one list; or `sha256:` and the hash of a trusted one.
    document: Option<String>,
    /// The query's variables: a JSON object.
    variables: Option<String>,
    /// Which query of the document.
    operation_name: Option<String>,
    #[serde(default)]
    #[param(inline)]
    format: Format,
    /// Whether each row has its cursor, behind which another export goes on: the list's `after`.
    #[serde(default)]
    cursor: bool,
    #[param(inline)]
    formula: Option<Formula>,
    /// What a link says instead of all this.
    token: Option<String>,
}

/// Which rows, and how they are written.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct LinkBody {
    /// A GraphQL query of one list; or `sha256:` and the hash of a trusted one.
    #[schema(example = "{ threads { nodes { id title } } }")]
    document: String,
    #[serde(default)]
    #[schema(value_type = Object)]
    variables: Map<String, Value>,
    /// Which query of the document.
    operation_name: Option<String>,
    #[serde(default)]
    #[schema(inline)]
    format: Format,
    /// Whether each row has its cursor.
    #[serde(default)]
    cursor: bool,
    #[schema(inline)]
    formula: Option<Formula>,
}

impl LinkBody {
    async fn prepare(self, api: &Api, ctx: &Ctx) -> Result<(Export, &'static str), ApiError> {
        let format = match self.format {
            Format::Jsonl => explore::Format::JsonLines,
            Format::Csv => explore::Format::Csv {
                escape_formulas: self.formula == Some(Formula::Escape),
            },
        };
        let asked = Asked {
            document: self.document,
            variables: self.variables,
            operation_name: self.operation_name,
        };
        api.export(ctx, asked, format, self.cursor).await
    }
}

impl ExportQuery {
    fn body(self) -> Result<LinkBody, ApiError> {
        let missing = || Door::Malformed("missing field `document`".to_owned());
        let wrong = |error: serde_json::Error| Door::Malformed(format!("variables: {error}"));
        let variables = self.variables.filter(|text| !text.is_empty());
        let variables = variables.map(|text| serde_json::from_str(&text));
        Ok(LinkBody {
            document: self.document.ok_or_else(missing)?,
            variables: variables.transpose().map_err(wrong)?.unwrap_or_default(),
            operation_name: self.operation_name.filter(|name| !name.is_empty()),
            format: self.format,
            cursor: self.cursor,
            formula: self.formula,
        })
    }
}

/// All rows of a GraphQL list, as a file.
///
/// The document is held to what GraphQL holds it to, but for the number of rows. They are read while
/// the file is sent: one that breaks off in the middle, be it because the server stops, ends in the
/// middle of the answer, so that no part passes for the whole. With `cursor` it goes on behind the last
/// row that has arrived.
#[utoipa::path(get, path = "/export", tag = "export", params(ExportQuery), responses(
    (status = 200, content(
        (String = "text/csv; charset=utf-8", example = "id,status\r\n019bc0de-0000-7000-8000-000000000001,COMPLETED\r\n"),
        (String = "application/jsonl", example = "{\"id\":\"019bc0de-0000-7000-8000-000000000001\",\"status\":\"COMPLETED\"}\n"),
    )),
    (status = 400, body = Problem), (status = 401, body = Problem), (status = 403, body = Problem),
    (status = 422, body = Problem),
))]
async fn export(
    Extension(api): Extension<Arc<Api>>,
    Visitor(visitor): Visitor,
    known: Option<Caller>,
    caller: Result<Caller, ApiError>,
    Query(mut query): Query<ExportQuery>,
) -> Result<Response, ApiError> {
    let (ctx, body) = match query.token.take() {
        Some(token) => {
            let asker = known.map_or(visitor, |Caller(ctx)| ctx);
            let (ctx, question) = link::open(&asker, &token).await?;
            let body = serde_json::from_str(&question).map_err(Error::internal)?;
            (ctx, body)
        }
        None => (caller?.0, query.body()?),
    };
    let format = body.format;
    let (export, name) = body.prepare(&api, &ctx).await?;
    let (kind, suffix) = match format {
        Format::Csv => ("text/csv; charset=utf-8", "csv"),
        Format::Jsonl => (JSONL, "jsonl"),
    };
    let stop = ctx.services.stop.clone();
    file(export.lines(ctx), stop, kind, &format!("{name}.{suffix}")).await
}

/// All that is the caller's own, as a file: every row of every table, a line each, which tells its
/// type. What is in uploads is fetched at their addresses; secrets are left out.
///
/// For staff, too, it is their own alone. A file that breaks off in the middle ends in the middle of
/// the answer, so that no part passes for the whole.
#[utoipa::path(get, path = "/me/export", tag = "session", responses(
    (status = 200, content((String = "application/jsonl",
        example = "{\"__typename\":\"Thread\",\"id\":\"019bc0de-0000-7000-8000-000000000003\"}\n"))),
    (status = 401, body = Problem), (status = 403, body = Problem),
))]
async fn export_own(Caller(ctx): Caller) -> Result<Response, ApiError> {
    let stop = ctx.services.stop.clone();
    file(explore::own(&ctx)?, stop, JSONL, "me.jsonl").await
}

/// Lines as a file that is sent while they are read.
async fn file(
    lines: impl Stream<Item = Result<Vec<u8>, Error>> + Send + 'static,
    stop: CancellationToken,
    kind: &'static str,
    name: &str,
) -> Result<Response, ApiError> {
    let mut lines = Box::pin(lines);
    // What is wrong with the question is told while there still is a status to tell it by.
    let first = lines.next().await.transpose()?;
    let rest = lines.inspect(|lines| {
        if let Err(error) = lines {
            warn!(%error, code = error.code(), "an export broke off");
        }
    });
    let lines = stream::iter(first.map(Ok)).chain(until_stop(rest, stop));
    let place = format!("attachment; filename=\"{name}\"");
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static(kind)),
        (
            CONTENT_DISPOSITION,
            HeaderValue::from_str(&place).map_err(Error::internal)?,
        ),
    ];
    Ok((headers, Body::from_stream(lines)).into_response())
}

/// The lines, until the process is told to stop: then they break off behind what was read already. An
/// export may take hours, and who asked for it goes on behind its last row.
fn until_stop(
    lines: impl Stream<Item = Result<Vec<u8>, Error>> + Send + Unpin,
    stop: CancellationToken,
) -> impl Stream<Item = Result<Vec<u8>, BoxError>> + Send {
    stream::unfold(Some((lines, stop)), async |state| {
        let (mut lines, stop) = state?;
        let read = tokio::select! {
            // What is ready is sent: it may be the end.
            biased;
            read = lines.next() => read.map(|read| read.map_err(BoxError::from)),
            () = stop.cancelled() => {
                info!("an export broke off: the process stops");
                return Some((Err("the process stops".into()), None));
            }
        };
        read.map(|read| (read, Some((lines, stop))))
    })
}

/// An address that gives an export.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Link {
    /// The address: whoever has it needs nothing else.
    url: String,
    /// When it is over.
    expires_at: DateTime<Utc>,
}

/// Make an address that gives an export for five minutes, to a browser that sends no headers.
///
/// It is good while the session or the key is that made it, and gives what its maker may read when
/// it is followed.
#[utoipa::path(post, path = "/export/links", tag = "export", request_body = LinkBody, responses(
    (status = 201, body = Link), (status = 400, body = Problem), (status = 401, body = Problem),
    (status = 403, body = Problem), (status = 422, body = Problem),
))]
async fn make_link(
    Extension(api): Extension<Arc<Api>>,
    Caller(ctx): Caller,
    urls: Urls,
    Json(body): Json<LinkBody>,
) -> Result<Response, ApiError> {
    let question = serde_json::to_string(&body).map_err(Error::internal)?;
    let (_, name) = body.prepare(&api, &ctx).await?;
    let link = link::make(&ctx, name, question).await?;
    let link = Link {
        url: urls.at(&format!("{EXPORT}?token={}", link.token)),
        expires_at: link.expires_at,
    };
    let mut response = (StatusCode::CREATED, Json(link)).into_response();
    response.extensions_mut().insert(Secret);
    Ok(response)
}
