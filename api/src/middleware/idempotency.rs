//! `Idempotency-Key` on every POST below the API's root.

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{MatchedPath, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, Method, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use service::Ctx;
use service::error::Error;
use service::idempotency::{self, Claim, Verdict};
use tracing::warn;

use crate::caller::Refused;
use crate::error::{ApiError, Door};
use crate::rest::BULK;
use crate::urls::path::API;

/// Marks an answer that holds a secret: it is not kept.
#[derive(Clone, Copy, Debug)]
pub struct Secret;

/// Do a keyed POST once.
pub async fn once(request: Request, next: Next) -> Response {
    let keyed =
        request.method() == Method::POST && request.headers().contains_key("idempotency-key");
    if !keyed {
        return next.run(request).await;
    }
    // Without a known caller the route refuses by itself.
    let Some(Ok(ctx)) = request.extensions().get::<Result<Ctx, Refused>>().cloned() else {
        return next.run(request).await;
    };
    match answer(ctx, request, next).await {
        Ok(response) => response,
        Err(error) => error.into_response(),
    }
}

async fn answer(ctx: Ctx, request: Request, next: Next) -> Result<Response, ApiError> {
    let (mut parts, body) = request.into_parts();
    let key = parts
        .headers
        .get("idempotency-key")
        .and_then(|key| key.to_str().ok());
    let key = key.unwrap_or_default().to_owned();
    let route = parts
        .extensions
        .get::<MatchedPath>()
        .map_or("", MatchedPath::as_str);
    let route = format!("POST {route}");
    // The whole body is needed for its fingerprint. What the route itself takes is checked again
    // when it reads the body; this is the most that any route takes.
    let body = to_bytes(body, BULK)
        .await
        .map_err(|_| Error::from(Door::TooLarge))?;
    let content = [parts.uri.path().as_bytes(), b"\n", &body].concat();
    let claim = Claim::new(&ctx, route, &key, &content)?;

    match idempotency::begin(&ctx, &claim).await? {
        Verdict::Proceed(passage) => {
            let mut keyed = ctx.clone();
            keyed.request.claim = Some(claim.clone());
            parts.extensions.insert(Ok::<Ctx, Refused>(keyed));
            let response = next.run(Request::from_parts(parts, Body::from(body))).await;
            let response = keep(&ctx, &claim, response).await?;
            drop(passage);
            Ok(response)
        }
        Verdict::Replay { status, body } => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
            let mut response = (status, body).into_response();
            let json = HeaderValue::from_static("application/json");
            response.headers_mut().insert(CONTENT_TYPE, json);
            Ok(replayed(response))
        }
        Verdict::Refer { path } => {
            let uri: Uri = format!("{API}{path}").parse().map_err(Error::internal)?;
            let mut response = StatusCode::SEE_OTHER.into_response();
            let location = HeaderValue::from_str(&uri.to_string()).map_err(Error::internal)?;
            response
                .headers_mut()
                .insert(axum::http::header::LOCATION, location);
            Ok(replayed(response))
        }
    }
}

/// Keep a good answer with the key. The effect stands whether or not that works.
async fn keep(ctx: &Ctx, claim: &Claim, response: Response) -> Result<Response, ApiError> {
    if !response.status().is_success() {
        return Ok(response);
    }
    let secret = response.extensions().get::<Secret>().is_some();
    let (parts, body) = response.into_parts();
    let body: Bytes = to_bytes(body, usize::MAX).await.map_err(Error::internal)?;
    let kept = (!secret).then_some(&body[..]);
    if let Err(error) = idempotency::finish(ctx, claim, parts.status.as_u16(), kept).await {
        warn!(%error, "the answer of a keyed request was not kept");
    }
    Ok(Response::from_parts(parts, Body::from(body)))
}

fn replayed(mut response: Response) -> Response {
    response
        .headers_mut()
        .insert("idempotency-replayed", HeaderValue::from_static("true"));
    response
}
