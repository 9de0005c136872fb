//! Server-sent events: how every stream of them answers.

use std::time::Duration;

use axum::http::header::{ACCEPT, CACHE_CONTROL};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::{Stream, StreamExt, stream};
use serde::Serialize;
use service::error::{Error, Result};

use crate::error::ApiError;

/// How often a stream says that it is there, for whoever stands between.
const QUIET: Duration = Duration::from_secs(15);

/// Whether the caller asks for a stream.
pub(super) fn is_wanted(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(ACCEPT).iter();
    accepted
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|kind| kind.trim().starts_with("text/event-stream"))
}

/// The id of the last event that the caller has.
pub(super) fn last_event(headers: &HeaderMap) -> Option<&str> {
    let id = headers.get("last-event-id")?.to_str().ok()?;
    Some(id).filter(|id| !id.is_empty())
}

/// One event. An id is a number or a cursor: neither has a line end.
pub(super) fn event(id: &str, kind: &str, data: &impl Serialize) -> Result<Event> {
    // A worker's word may have a line end, which no event's type has.
    let kind = kind.replace(['\r', '\n'], " ");
    let event = Event::default().id(id).event(kind);
    event.json_data(data).map_err(Error::internal)
}

/// The events as an answer. One that cannot be read ends the stream, with the refusal as its last
/// event: the client comes back with the last id that it has, or does not.
pub(super) fn answer(events: impl Stream<Item = Result<Event>> + Send + 'static) -> Response {
    let told = events.map(|event| match event {
        Ok(event) => (event, false),
        Err(error) => {
            let problem = ApiError(error).problem();
            let refusal = Event::default().event("problem").json_data(&problem);
            (refusal.unwrap_or_default(), true)
        }
    });
    let until = stream::unfold((Box::pin(told), false), async |(mut told, over)| {
        if over {
            return None;
        }
        let (event, last) = told.next().await?;
        Some((Ok::<_, std::convert::Infallible>(event), (told, last)))
    });
    let mut response = Sse::new(until)
        .keep_alive(KeepAlive::new().interval(QUIET))
        .into_response();
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    // Some proxies keep an answer back until it is whole.
    let buffering = HeaderName::from_static("x-accel-buffering");
    headers.insert(buffering, HeaderValue::from_static("no"));
    response
}
