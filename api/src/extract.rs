//! Extractors whose refusals are problems.

use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;
use service::error::{Common, Error};

use crate::error::{ApiError, Door};

/// A JSON body, in or out.
#[derive(Clone, Copy, Debug)]
pub struct Json<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, Self::Rejection> {
        match axum::Json::<T>::from_request(request, state).await {
            Ok(axum::Json(body)) => Ok(Self(body)),
            Err(rejection) => Err(body_error(&rejection)),
        }
    }
}

fn body_error(rejection: &JsonRejection) -> ApiError {
    let door = match rejection {
        JsonRejection::JsonDataError(_) => {
            let text = rejection.body_text();
            let (_, detail) = text.split_once(": ").unwrap_or(("", &text));
            return Common::invalid(pointer(detail), detail).into();
        }
        JsonRejection::MissingJsonContentType(_) => Door::MediaType,
        other if other.status() == StatusCode::PAYLOAD_TOO_LARGE => Door::TooLarge,
        other => Door::Malformed(other.body_text()),
    };
    Error::from(door).into()
}

/// Serde's path (`messages[3].content: …`) as a JSON pointer; the whole body when it names none.
fn pointer(detail: &str) -> String {
    match detail.split_once(": ") {
        Some((path, _)) if !path.contains(' ') => {
            let path = path.replace('[', ".").replace(']', "");
            format!("/{}", path.replace('.', "/"))
        }
        _ => String::new(),
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}

/// The path's parameters. One that cannot be read names no row.
#[derive(Clone, Copy, Debug)]
pub struct Path<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let found: Result<axum::extract::Path<T>, PathRejection> =
            axum::extract::Path::from_request_parts(parts, state).await;
        match found {
            Ok(axum::extract::Path(path)) => Ok(Self(path)),
            Err(_) => Err(Common::NotFound { what: "row" }.into()),
        }
    }
}

/// The query's parameters.
#[derive(Clone, Copy, Debug)]
pub struct Query<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        // One engine would find nothing, the other refuse it.
        if parts.uri.query().is_some_and(|query| query.contains("%00")) {
            let detail = "a parameter contains U+0000".to_owned();
            return Err(Error::from(Door::Malformed(detail)).into());
        }
        let found: Result<axum::extract::Query<T>, QueryRejection> =
            axum::extract::Query::from_request_parts(parts, state).await;
        match found {
            Ok(axum::extract::Query(query)) => Ok(Self(query)),
            Err(rejection) => Err(Error::from(Door::Malformed(rejection.body_text())).into()),
        }
    }
}
