//! GraphQL over a WebSocket: the subprotocol graphql-transport-ws, for subscriptions and for what
//! else a client sends the same way.
//!
//! One task serves a socket: it reads, runs the operations and writes, one message at a time. While
//! a client takes its time to read, nothing is gathered for it, and when it takes too long the
//! socket is dropped. The socket ends with the session or key behind it, when the caller's rights
//! change, and when the server stops.

mod count;
mod line;
mod message;

use std::sync::Arc;

use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{FromRequestParts, Request};
use axum::http::header::{SEC_WEBSOCKET_PROTOCOL, UPGRADE};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::Response;
use service::identity::Credential;

pub(super) use self::count::Sockets;
use self::line::Line;
use super::execute::Api;
use super::http::BODY;
use crate::caller::{Anyone, credential, may_listen};
use crate::error::{ApiError, Door};
use crate::urls::Urls;

/// The subprotocol.
const PROTOCOL: &str = "graphql-transport-ws";
/// The largest message, in bytes: a request's body, and what is around it.
const MESSAGE: usize = BODY + 4 * 1024;
/// The largest message that is read for the sake of a word about it.
const READ: usize = 1024 * 1024;

/// Whether a request asks for a WebSocket.
pub(super) fn is_asked(headers: &HeaderMap) -> bool {
    let upgrade = headers.get(UPGRADE).and_then(|value| value.to_str().ok());
    upgrade.is_some_and(|value| value.eq_ignore_ascii_case("websocket"))
}

/// Take up the WebSocket that `request` asks for.
pub(super) async fn open(api: Arc<Api>, request: Request) -> Result<Response, ApiError> {
    let (mut parts, _) = request.into_parts();
    let Anyone(ctx) = Anyone::from_request_parts(&mut parts, &()).await?;
    let urls = Urls::from_request_parts(&mut parts, &()).await?;
    let credential = credential(&parts.headers, &urls);
    if matches!(credential, Some(Credential::Session(_))) {
        may_listen(&ctx.services, &urls, &parts.headers)?;
    }
    let malformed = |detail: &str| ApiError::from(Door::Malformed(detail.to_owned()));
    let offered = parts.headers.get_all(SEC_WEBSOCKET_PROTOCOL).iter();
    let offers = |value: &HeaderValue| {
        let offered = value.to_str().unwrap_or_default().split(',');
        offered.map(str::trim).any(|offer| offer == PROTOCOL)
    };
    if !offered.into_iter().any(offers) {
        return Err(malformed("offer the subprotocol graphql-transport-ws"));
    }
    let upgrade = WebSocketUpgrade::from_request_parts(&mut parts, &()).await;
    let upgrade = upgrade.map_err(|rejection| malformed(&rejection.body_text()))?;
    let upgrade = upgrade
        .protocols([PROTOCOL])
        .max_message_size(READ)
        .max_frame_size(READ);
    Ok(upgrade.on_upgrade(move |socket| {
        let tasks = ctx.services.tasks.clone();
        tasks.track_future(Line::serve(api, ctx, credential, socket))
    }))
}
