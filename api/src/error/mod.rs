//! One door out: every error is dressed here, as a problem of RFC 9457 or as GraphQL extensions.

mod page;

use std::fmt::Write as _;

use crate::urls::path::ERRORS;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use service::error::{Common, Entry, Error, FieldError, Kind, Limit};
use tracing::{error, warn};

pub use self::page::{document, table};

/// A service error on its way to a caller.
#[derive(Debug)]
pub struct ApiError(pub Error);

impl<E: Into<Error>> From<E> for ApiError {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

/// A problem of RFC 9457.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Problem {
    /// The page that says what the code means.
    #[serde(rename = "type")]
    pub kind: String,
    /// The status in words.
    pub title: String,
    /// The status.
    pub status: u16,
    /// What is wrong, for people.
    pub detail: String,
    /// The request, as its id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    /// What is wrong, for programs.
    pub code: String,
    /// The id that leads to the log line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// The values that are wrong.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<ProblemField>,
}

/// One value that is wrong.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct ProblemField {
    /// A JSON pointer into the body, or a parameter's name.
    pub pointer: String,
    /// What is wrong with it.
    pub detail: String,
}

impl From<FieldError> for ProblemField {
    fn from(field: FieldError) -> Self {
        Self {
            pointer: field.pointer,
            detail: field.detail,
        }
    }
}

/// The status of a kind.
pub fn status_of(kind: Kind) -> StatusCode {
    match kind {
        Kind::Malformed => StatusCode::BAD_REQUEST,
        Kind::Unauthenticated => StatusCode::UNAUTHORIZED,
        Kind::Denied => StatusCode::FORBIDDEN,
        Kind::NotFound => StatusCode::NOT_FOUND,
        Kind::Method => StatusCode::METHOD_NOT_ALLOWED,
        Kind::NotAcceptable => StatusCode::NOT_ACCEPTABLE,
        Kind::Slow => StatusCode::REQUEST_TIMEOUT,
        Kind::Conflict => StatusCode::CONFLICT,
        Kind::Gone => StatusCode::GONE,
        Kind::Precondition => StatusCode::PRECONDITION_FAILED,
        Kind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Kind::MediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        Kind::Range => StatusCode::RANGE_NOT_SATISFIABLE,
        Kind::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
        Kind::Locked => StatusCode::LOCKED,
        Kind::PreconditionRequired => StatusCode::PRECONDITION_REQUIRED,
        Kind::TooMany => StatusCode::TOO_MANY_REQUESTS,
        // The number is tus's own.
        Kind::Checksum => StatusCode::from_u16(460).unwrap_or(StatusCode::BAD_REQUEST),
        Kind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        Kind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        Kind::Timeout => StatusCode::GATEWAY_TIMEOUT,
    }
}

impl ApiError {
    /// The problem that it is. What is ours to fix is logged here, once, with its causes.
    pub fn problem(&self) -> Problem {
        let error = &self.0;
        match error {
            Error::Internal(_) => error!(causes = causes(error), "a request failed"),
            Error::Database(failure) if error.kind() == Kind::Internal => {
                error!(causes = %failure.cause, "a request failed in the database");
            }
            Error::Database(failure) => {
                warn!(code = error.code(), cause = %failure.cause, "refused");
            }
            Error::Refused(_) => {}
        }
        let status = status_of(error.kind());
        service::operation::answered(status.as_u16());
        Problem {
            kind: format!("{ERRORS}/{}", error.code()),
            title: status.canonical_reason().unwrap_or("Error").to_owned(),
            status: status.as_u16(),
            detail: error.to_string(),
            instance: None,
            code: error.code().to_owned(),
            request_id: None,
            errors: error.fields().into_iter().map(Into::into).collect(),
        }
    }
}

fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let _ = write!(text, ": {error}");
        cause = error.source();
    }
    text
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let problem = self.problem();
        let mut response = respond(&problem);
        let headers = response.headers_mut();
        let wait = self.0.retry_after();
        // Rounded up: who comes back at the said second is not sent away again.
        let wait = wait.map(|wait| wait.as_secs() + u64::from(wait.subsec_nanos() > 0));
        if let Some(wait) = wait {
            headers.insert(RETRY_AFTER, HeaderValue::from(wait.max(1)));
        }
        if let Some(limit) = self.0.limit() {
            limited(headers, limit, wait.unwrap_or_default());
        }
        response
    }
}

/// The limit that is used up, as draft-ietf-httpapi-ratelimit-headers spells it.
fn limited(headers: &mut HeaderMap, limit: Limit, wait: u64) {
    let Limit {
        policy,
        quota,
        window,
    } = limit;
    let window = window.as_secs();
    for (name, value) in [
        (
            "ratelimit-policy",
            format!("\"{policy}\";q={quota};w={window}"),
        ),
        ("ratelimit", format!("\"{policy}\";r=0;t={wait}")),
    ] {
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(name, value);
        }
    }
}

/// The answer that a problem is; the outermost layer adds the request's id to it.
pub fn respond(problem: &Problem) -> Response {
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let body = serde_json::to_vec(problem).unwrap_or_default();
    let mut response = (status, body).into_response();
    let kind = HeaderValue::from_static("application/problem+json");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    if status == StatusCode::UNAUTHORIZED {
        // RFC 9110, section 15.5.2. A session's cookie has no scheme to be named.
        let bearer = HeaderValue::from_static("Bearer");
        response.headers_mut().insert(WWW_AUTHENTICATE, bearer);
    }
    response.extensions_mut().insert(problem.clone());
    response
}

impl From<ApiError> for async_graphql::Error {
    fn from(error: ApiError) -> Self {
        use async_graphql::ErrorExtensions;
        let wait = error.0.retry_after();
        let problem = error.problem();
        Self::new(problem.detail).extend_with(|_, extensions| {
            extensions.set("code", problem.code);
            extensions.set("status", problem.status);
            if let Some(wait) = wait {
                extensions.set("retry_after", wait.as_secs().max(1));
            }
            if !problem.errors.is_empty()
                && let Ok(fields) = async_graphql::to_value(&problem.errors)
            {
                extensions.set("errors", fields);
            }
        })
    }
}

/// What the door itself refuses, before any operation is asked.
#[derive(Debug, thiserror::Error)]
pub enum Door {
    /// The body or a parameter cannot be read.
    #[error("{0}")]
    Malformed(String),
    /// There is no such route.
    #[error("there is nothing at this address")]
    NoRoute,
    /// The route knows other methods.
    #[error("this route does not take this method")]
    Method,
    /// The body is too large.
    #[error("the body is larger than this route takes")]
    TooLarge,
    /// The body's type is not the route's.
    #[error("send the body as application/json")]
    MediaType,
    /// The body is no form with a file.
    #[error("send the file as multipart/form-data")]
    Form,
    /// A part of an upload is not said to be one.
    #[error("send the part as application/offset+octet-stream")]
    TusType,
    /// Another version of tus is spoken, or none.
    #[error("say Tus-Resumable: 1.0.0")]
    TusVersion,
    /// No type of answer that the route has is accepted.
    #[error("this route answers application/graphql-response+json or application/json")]
    NotAcceptable,
    /// No document has the hash that names it; clients know this by its words.
    #[error("PersistedQueryNotFound")]
    PersistedNotFound,
    /// Documents are not named by hashes of the client's own making; clients know this by its words.
    #[error("PersistedQueryNotSupported")]
    PersistedNotSupported,
    /// The hash is not that of the text.
    #[error("the hash is not that of the document")]
    PersistedMismatch,
    /// Only trusted documents run.
    #[error("only trusted documents run here")]
    Untrusted,
    /// A subscription came as a request that has one answer.
    #[error("a subscription runs over a WebSocket of the subprotocol graphql-transport-ws")]
    Subscription,
    /// A GraphQL document that another door takes does not run.
    #[error("{detail}")]
    Document {
        /// What GraphQL says to it.
        code: &'static str,
        /// What sort of no that is.
        kind: Kind,
        /// What is wrong, and where.
        detail: String,
    },
    /// A write with a cookie came without proof of its origin.
    #[error("a write with a session cookie needs our Origin and the header X-Requested-With")]
    Origin,
    /// The request took too long to arrive.
    #[error("the request did not arrive in time")]
    Slow,
    /// The answer took too long.
    #[error("the answer took too long")]
    Overdue,
    /// A handler broke.
    #[error("internal error")]
    Panic,
}

impl Door {
    /// What GraphQL says to a document, with its place there.
    pub(crate) fn document(code: &str, told: &str, at: Option<async_graphql::Pos>) -> Self {
        let known = table().into_iter().find(|entry| entry.code == code);
        let place = at.filter(|at| at.line > 0);
        let place = place.map(|at| format!("line {}, column {}: ", at.line, at.column));
        Self::Document {
            code: known.map_or("graphql.invalid", |entry| entry.code),
            kind: known.map_or(Kind::Malformed, |entry| entry.kind),
            detail: format!("{}{told}", place.unwrap_or_default()),
        }
    }

    /// Its codes, for docs/errors.md.
    pub const TABLE: &[Entry] = &[
        entry(
            "malformed",
            Kind::Malformed,
            "Send well-formed JSON and parameters.",
        ),
        entry(
            "no_route",
            Kind::NotFound,
            "Check the path against /api/openapi.json.",
        ),
        entry(
            "method_not_allowed",
            Kind::Method,
            "Check the method against /api/openapi.json.",
        ),
        entry(
            "too_large",
            Kind::TooLarge,
            "Send less at once: 1 MiB, or 32 MiB on bulk routes.",
        ),
        entry(
            "unsupported_media_type",
            Kind::MediaType,
            "Send the Content-Type that the route takes: application/json, for files multipart/form-data.",
        ),
        entry(
            "tus.version",
            Kind::Precondition,
            "Send Tus-Resumable: 1.0.0, the one version that is spoken here.",
        ),
        entry(
            "not_acceptable",
            Kind::NotAcceptable,
            "Accept a type that the route has, or leave the header out.",
        ),
        entry(
            "graphql.syntax",
            Kind::Malformed,
            "Send a document of the GraphQL language; the error tells the place.",
        ),
        entry(
            "graphql.invalid",
            Kind::Malformed,
            "Check the document and its variables against schema.graphql.",
        ),
        entry(
            "graphql.limit",
            Kind::Malformed,
            "Ask for less: fewer levels, aliases, fields, or rows (`first`).",
        ),
        entry(
            "graphql.persisted_not_found",
            Kind::NotFound,
            "Send the document's text with its hash; where only trusted documents run, register it.",
        ),
        entry(
            "graphql.persisted_not_supported",
            Kind::Malformed,
            "Send the document's text: this server keeps none that clients name by hashes.",
        ),
        entry(
            "graphql.persisted_mismatch",
            Kind::Malformed,
            "Send the SHA-256 of the text's bytes, in lower-case hex.",
        ),
        entry(
            "graphql.untrusted",
            Kind::Denied,
            "Have an admin register the document: `chancery graphql trust FILE`.",
        ),
        entry(
            "graphql.subscription",
            Kind::Malformed,
            "Open a WebSocket at the same address, with the subprotocol graphql-transport-ws.",
        ),
        entry(
            "csrf",
            Kind::Denied,
            "Send Origin and X-Requested-With, or use an API key.",
        ),
        entry(
            "request.timeout",
            Kind::Slow,
            "Send the whole body at once, or over a faster line.",
        ),
    ];
}

const fn entry(code: &'static str, kind: Kind, advice: &'static str) -> Entry {
    Entry { code, kind, advice }
}

impl service::error::Refusal for Door {
    fn kind(&self) -> Kind {
        match self {
            Self::Malformed(_)
            | Self::PersistedNotSupported
            | Self::PersistedMismatch
            | Self::Subscription => Kind::Malformed,
            Self::PersistedNotFound | Self::NoRoute => Kind::NotFound,
            Self::Method => Kind::Method,
            Self::TooLarge => Kind::TooLarge,
            Self::MediaType | Self::Form | Self::TusType => Kind::MediaType,
            Self::TusVersion => Kind::Precondition,
            Self::NotAcceptable => Kind::NotAcceptable,
            Self::Origin | Self::Untrusted => Kind::Denied,
            Self::Slow => Kind::Slow,
            Self::Overdue => Kind::Timeout,
            Self::Document { kind, .. } => *kind,
            Self::Panic => Kind::Internal,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "malformed",
            Self::NoRoute => "no_route",
            Self::Method => "method_not_allowed",
            Self::TooLarge => "too_large",
            Self::MediaType | Self::Form | Self::TusType => "unsupported_media_type",
            Self::TusVersion => "tus.version",
            Self::NotAcceptable => "not_acceptable",
            Self::PersistedNotFound => "graphql.persisted_not_found",
            Self::PersistedNotSupported => "graphql.persisted_not_supported",
            Self::PersistedMismatch => "graphql.persisted_mismatch",
            Self::Untrusted => "graphql.untrusted",
            Self::Subscription => "graphql.subscription",
            Self::Origin => "csrf",
            Self::Slow => "request.timeout",
            Self::Overdue => "timeout",
            Self::Document { code, .. } => code,
            Self::Panic => "internal",
        }
    }

    fn fields(&self) -> Vec<FieldError> {
        match self {
            Self::Document { detail, .. } => vec![FieldError::new("document", detail)],
            _ => Vec::new(),
        }
    }
}

/// The caller is not known.
pub fn unauthenticated() -> ApiError {
    Common::Unauthenticated.into()
}
