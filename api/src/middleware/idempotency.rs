//! `Idempotency-Key` on every POST below the API's root.
//!
//! A repetition gets the first answer. Where that was lost, it gets what a GET of the resource gives
//! now, under the status that the first answer had.

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{CONTENT_TYPE, LOCATION};
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderValue, Method, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use service::Ctx;
use service::actor::Actor;
use service::error::Error;
use service::idempotency::{self, Claim, Verdict};
use tower::ServiceExt;
use tracing::warn;

use crate::caller::{Refused, Visitor};
use crate::error::{ApiError, Door};
use crate::middleware::RequestId;
use crate::rest;
use crate::rest::upload::tus;
use crate::urls::Urls;
use crate::urls::path::{API, SESSION, TUS, WALLET};

/// Marks an answer that holds a secret: it is not kept.
#[derive(Clone, Copy, Debug)]
pub struct Secret;

/// Do a keyed POST once; `routes` are those that the layer stands before.
pub async fn once(State(routes): State<Router>, request: Request, next: Next) -> Response {
    let keyed =
        request.method() == Method::POST && request.headers().contains_key("idempotency-key");
    if !keyed {
        return next.run(request).await;
    }
    let extensions = request.extensions();
    let route = extensions.get::<MatchedPath>().cloned();
    let Some(route) = route.filter(|route| route.as_str().starts_with(API)) else {
        return next.run(request).await;
    };
    let ctx = match extensions.get::<Result<Ctx, Refused>>() {
        Some(Ok(ctx)) => ctx.clone(),
        // A stale credential: a route that needs one refuses by itself, one that needs none serves
        // a visitor.
        Some(Err(_)) => match extensions.get::<Visitor>() {
            Some(Visitor(ctx)) => ctx.clone(),
            None => return next.run(request).await,
        },
        None => return next.run(request).await,
    };
    // Every other route refuses them, before it reads their body.
    if matches!(ctx.actor, Actor::Anonymous) && ![SESSION, WALLET].contains(&route.as_str()) {
        return next.run(request).await;
    }
    match answer(ctx, routes, route.as_str(), request, next).await {
        Ok(response) => response,
        Err(error) => error.into_response(),
    }
}

async fn answer(
    ctx: Ctx,
    routes: Router,
    route: &str,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let (mut parts, body) = request.into_parts();
    let key = parts
        .headers
        .get("idempotency-key")
        .and_then(|key| key.to_str().ok());
    let key = key.unwrap_or_default().to_owned();
    // The whole body is needed for its fingerprint, so those of files take turns.
    let turn = if rest::takes_file(&ctx, route) {
        Some(ctx.services.uploads.hold().await.map_err(Error::from)?)
    } else {
        None
    };
    let body = to_bytes(body, rest::most(&ctx, route))
        .await
        .map_err(|_| Error::from(Door::TooLarge))?;
    let same = alike(route, &parts, &body);
    let claim = Claim::new(&ctx, format!("POST {route}"), &key, same)?;

    match idempotency::begin(&ctx, &claim).await? {
        Verdict::Proceed(passage) => {
            carry(&mut parts.extensions, &claim);
            let response = next.run(Request::from_parts(parts, Body::from(body))).await;
            let response = keep(&ctx, &claim, response).await?;
            drop((passage, turn));
            Ok(response)
        }
        Verdict::Replay { status, body, made } => {
            let mut response = body.into_response();
            let json = HeaderValue::from_static("application/json");
            response.headers_mut().insert(CONTENT_TYPE, json);
            let uri = made.as_deref().map(address).transpose()?;
            again(route, replayed(response, status, uri)?).await
        }
        Verdict::Refer { status, path } => {
            let uri = address(&path)?;
            let response = show(routes, &parts.extensions, uri.clone()).await;
            match response.status() {
                found if found.is_success() => {
                    again(route, replayed(response, status, Some(uri))?).await
                }
                trouble if trouble.is_server_error() => Ok(response),
                // It is gone, or the caller may do this and not read.
                _ => Err(idempotency::Error::Done.into()),
            }
        }
    }
}

/// What of a request must be the same in a repetition, piece by piece: its path, its body, and where
/// the headers say it all, those. What stands between the parts of a form is another each time.
fn alike<'a>(
    route: &str,
    parts: &'a Parts,
    body: &'a [u8],
) -> Box<dyn Iterator<Item = &'a [u8]> + 'a> {
    let path = [parts.uri.path().as_bytes(), b"\n"];
    let names = tus::BEGINS.into_iter().filter(|_| route == TUS);
    let said = names.flat_map(|name| {
        let value = parts.headers.get(name);
        [value.map_or(&b""[..], HeaderValue::as_bytes), b"\n"]
    });
    let head = path.into_iter().chain(said.collect::<Vec<_>>());
    let kind = parts.headers.get(CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    match multer::parse_boundary(kind) {
        Ok(boundary) => Box::new(head.chain(without(boundary, body))),
        Err(_) => Box::new(head.chain([body])),
    }
}

/// A form without the word that stands between its parts.
fn without(boundary: String, form: &[u8]) -> impl Iterator<Item = &[u8]> {
    let lines = form.split_inclusive(|byte| *byte == b'\n');
    lines.flat_map(move |line| {
        let between = line.strip_prefix(b"--");
        match between.and_then(|line| line.strip_prefix(boundary.as_bytes())) {
            Some(rest) => [&b"--"[..], rest],
            None => [line, b""],
        }
    })
}

/// An answer that is given again, with what belongs to that of its route beside the body.
async fn again(route: &str, response: Response) -> Result<Response, ApiError> {
    if route == TUS {
        return tus::again(response).await;
    }
    Ok(response)
}

fn address(path: &str) -> Result<Uri, ApiError> {
    Ok(format!("{API}{path}").parse().map_err(Error::internal)?)
}

/// What a GET of `uri` gives the same caller now.
async fn show(routes: Router, asked: &Extensions, uri: Uri) -> Response {
    let mut request = Request::new(Body::empty());
    *request.uri_mut() = uri;
    let known = request.extensions_mut();
    // Not what the router found out about the POST: the GET has a route of its own.
    carry_over::<RequestId>(asked, known);
    carry_over::<Urls>(asked, known);
    carry_over::<Result<Ctx, Refused>>(asked, known);
    carry_over::<Visitor>(asked, known);
    match routes.oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

fn carry_over<T: Clone + Send + Sync + 'static>(from: &Extensions, to: &mut Extensions) {
    if let Some(known) = from.get::<T>() {
        to.insert(known.clone());
    }
}

/// Let the route's writes keep `claim`, whichever context the route takes.
fn carry(extensions: &mut Extensions, claim: &Claim) {
    if let Some(Ok(ctx)) = extensions.get_mut::<Result<Ctx, Refused>>() {
        ctx.request.claim = Some(claim.clone());
    }
    if let Some(Visitor(ctx)) = extensions.get_mut::<Visitor>() {
        ctx.request.claim = Some(claim.clone());
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

fn replayed(
    mut response: Response,
    status: u16,
    location: Option<Uri>,
) -> Result<Response, ApiError> {
    *response.status_mut() = StatusCode::from_u16(status).map_err(Error::internal)?;
    let headers = response.headers_mut();
    headers.insert("idempotency-replayed", HeaderValue::from_static("true"));
    if let Some(uri) = location {
        let uri = HeaderValue::from_str(&uri.to_string()).map_err(Error::internal)?;
        headers.insert(LOCATION, uri);
    }
    Ok(response)
}
