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
use crate::exact;

/// A JSON body, in or out. Coming in, no whole number of it would be rounded.
#[derive(Clone, Copy, Debug)]
pub struct Json<T>(pub T);

/// A JSON body whose numbers are nobody's to round: what of it is any JSON is kept as its text.
#[derive(Clone, Copy, Debug)]
pub struct Verbatim<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, Self::Rejection> {
        let read = exact::body(request, state).await;
        let (request, bytes) = read.map_err(|rejection| body_error(&rejection.into()))?;
        let Verbatim(body) = Verbatim::from_request(request, state).await?;
        exact::check(&bytes)?;
        Ok(Self(body))
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Verbatim<T> {
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
            let (_, said) = text.split_once(": ").unwrap_or(("", &text));
            let fault = Fault::read(said);
            return Common::invalid(fault.pointer(), fault.detail).into();
        }
        JsonRejection::MissingJsonContentType(_) => Door::MediaType,
        other if other.status() == StatusCode::PAYLOAD_TOO_LARGE => Door::TooLarge,
        other => Door::Malformed(other.body_text()),
    };
    Error::from(door).into()
}

/// What serde says is wrong, and where.
#[derive(Debug, PartialEq, Eq)]
struct Fault {
    /// The names and numbers on the way there.
    way: Vec<String>,
    detail: String,
}

impl Fault {
    /// Reads serde's words: `messages[3].content: invalid type: … at line 1 column 2`.
    fn read(said: &str) -> Self {
        let (path, said) = match said.split_once(": ") {
            Some((path, said)) if !path.contains(' ') => (path, said),
            _ => ("", said),
        };
        let path = path.replace('[', ".").replace(']', "");
        let mut way: Vec<String> = path.split('.').map(str::to_owned).collect();
        way.retain(|name| !name.is_empty());
        let said = said.rsplit_once(" at line ").map_or(said, |(said, _)| said);
        let named = |words: &str| {
            let name = said.strip_prefix(words)?.strip_suffix('`')?;
            Some(name.to_owned())
        };
        let detail = if let Some(name) = named("missing field `") {
            way.push(name);
            "is missing".to_owned()
        } else if let Some(name) = named("duplicate field `") {
            // A parser may stand at the second one, or before it.
            way.retain(|known| *known != name);
            way.push(name);
            "is there twice".to_owned()
        } else {
            said.to_owned()
        };
        Self { way, detail }
    }

    /// The place as a JSON pointer; the whole body when there is none.
    fn pointer(&self) -> String {
        self.way
            .iter()
            .fold(String::new(), |pointer, name| pointer + "/" + name)
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
            Err(rejection) => {
                let text = rejection.body_text();
                let (_, said) = text.split_once(": ").unwrap_or(("", &text));
                let fault = Fault::read(said);
                Err(Common::invalid(fault.way.join("/"), fault.detail).into())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "only read")]
    struct Inner {
        number: i32,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only read")]
    struct Outer {
        name: String,
        #[serde(default)]
        inner: Vec<Inner>,
    }

    #[tokio::test]
    async fn a_fault_is_where_it_is() {
        for (body, pointer, detail) in [
            ("{}", "/name", "is missing"),
            (
                r#"{"name":"a","inner":[{}]}"#,
                "/inner/0/number",
                "is missing",
            ),
            (r#"{"name":"a","name":"b"}"#, "/name", "is there twice"),
            (
                r#"{"name":"a","inner":[{"number":1},{"number":"x"}]}"#,
                "/inner/1/number",
                "invalid type: string \"x\", expected i32",
            ),
            (
                r#"{"name":"a","colour":1}"#,
                "/colour",
                "unknown field `colour`, expected `name` or `inner`",
            ),
            ("[7]", "/0", "invalid type: integer `7`, expected a string"),
            ("null", "", "invalid type: null, expected struct Outer"),
        ] {
            let request = Request::post("/").header("content-type", "application/json");
            let request = request.body(body.into()).unwrap();
            let refused = Json::<Outer>::from_request(request, &()).await.unwrap_err();
            let field = &refused.0.fields()[0];
            assert_eq!(field.pointer, pointer, "{body}: {}", field.detail);
            assert_eq!(field.detail, detail, "{body}");
        }
        for (query, pointer, detail) in [
            ("", "number", "is missing"),
            ("number=x", "number", "invalid digit found in string"),
            ("number=1&number=2", "number", "is there twice"),
        ] {
            let request = Request::get(format!("/?{query}")).body(()).unwrap();
            let (mut parts, ()) = request.into_parts();
            let refused = Query::<Inner>::from_request_parts(&mut parts, &()).await;
            let refused = refused.unwrap_err();
            let field = &refused.0.fields()[0];
            assert_eq!(field.pointer, pointer, "{query}: {}", field.detail);
            assert_eq!(field.detail, detail, "{query}");
        }
    }
}
