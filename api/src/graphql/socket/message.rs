//! The messages of graphql-transport-ws, and the words with which a socket closes.

use async_graphql::Response as Answer;
use axum::body::Bytes;
use axum::extract::ws::{CloseFrame, Message, Utf8Bytes};
use serde::Deserialize;
use serde_json::{Value, json};

/// The longest id of an operation.
const ID: usize = 128;

/// What clients say.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Said {
    ConnectionInit { payload: Option<Value> },
    Ping,
    Pong,
    Subscribe { id: String, payload: Value },
    Complete { id: String },
}

impl Said {
    /// What a frame says; nothing where it is of the WebSocket itself.
    pub(super) fn read(message: &Message) -> Result<Option<Self>, Close> {
        let text = match message {
            Message::Text(text) => text,
            Message::Binary(_) => return Err(Close::Malformed),
            Message::Ping(_) | Message::Pong(_) | Message::Close(_) => return Ok(None),
        };
        let said: Self = serde_json::from_str(text).map_err(|_| Close::Malformed)?;
        match &said {
            Self::Subscribe { id, .. } if id.is_empty() || id.len() > ID => Err(Close::Malformed),
            _ => Ok(Some(said)),
        }
    }
}

fn text(value: &Value) -> Message {
    Message::Text(Utf8Bytes::from(value.to_string()))
}

pub(super) fn ack() -> Message {
    text(&json!({ "type": "connection_ack" }))
}

pub(super) fn pong() -> Message {
    text(&json!({ "type": "pong" }))
}

pub(super) fn beat() -> Message {
    Message::Ping(Bytes::new())
}

pub(super) fn next(id: &str, answer: &Answer) -> Message {
    text(&json!({ "type": "next", "id": id, "payload": answer }))
}

pub(super) fn error(id: &str, answer: &Answer) -> Message {
    text(&json!({ "type": "error", "id": id, "payload": answer.errors }))
}

pub(super) fn complete(id: &str) -> Message {
    text(&json!({ "type": "complete", "id": id }))
}

/// Why a socket closes. Clients try again on those below 4000.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Close {
    /// The server stops.
    Stop,
    /// The caller has other rights than when the socket was opened.
    Changed,
    /// There are too many sockets, of one person or at all.
    TooMany,
    /// A message is larger than any may be.
    TooLarge,
    /// What came is no message of the protocol.
    Malformed,
    /// Nobody is known behind the socket, or not any more.
    Unknown,
    /// The first message did not come in time.
    Late,
    /// An operation of the same id is under way.
    Taken(String),
    /// The first message came twice.
    Twice,
}

impl Close {
    /// Its name where sockets are counted.
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::Stop => "stop",
            Self::Changed => "changed",
            Self::TooMany => "too_many",
            Self::TooLarge => "too_large",
            Self::Malformed => "malformed",
            Self::Unknown => "unauthorized",
            Self::Late => "late",
            Self::Taken(_) => "taken",
            Self::Twice => "twice",
        }
    }

    pub(super) fn frame(&self) -> Message {
        let (code, reason) = match self {
            Self::Stop => (1001, "Going away".into()),
            Self::TooLarge => (1009, "Message too big".into()),
            Self::Changed => (1012, "Your rights changed: connect again".into()),
            Self::TooMany => (1013, "Too many sockets: try again later".into()),
            Self::Malformed => (4400, "Invalid message".into()),
            Self::Unknown => (4401, "Unauthorized".into()),
            Self::Late => (4408, "Connection initialisation timeout".into()),
            Self::Taken(id) => {
                // A reason has at most 123 bytes.
                let id: String = id.chars().filter(char::is_ascii).take(64).collect();
                let reason = format!("Subscriber for {id} already exists");
                (4409, Utf8Bytes::from(reason))
            }
            Self::Twice => (4429, "Too many initialisation requests".into()),
        };
        Message::Close(Some(CloseFrame { code, reason }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_message_closes_the_socket() {
        let long = "x".repeat(ID + 1);
        for (said, good) in [
            (json!({ "type": "connection_init" }), true),
            (
                json!({ "type": "connection_init", "payload": { "a": 1 } }),
                true,
            ),
            (json!({ "type": "ping", "payload": {} }), true),
            (
                json!({ "type": "subscribe", "id": "1", "payload": {} }),
                true,
            ),
            (
                json!({ "type": "subscribe", "id": "", "payload": {} }),
                false,
            ),
            (
                json!({ "type": "subscribe", "id": long, "payload": {} }),
                false,
            ),
            (json!({ "type": "subscribe", "payload": {} }), false),
            (json!({ "type": "complete" }), false),
            (json!({ "type": "start", "id": "1", "payload": {} }), false),
            (json!([]), false),
        ] {
            let read = Said::read(&text(&said));
            assert_eq!(read.is_ok(), good, "{said}");
        }
        assert!(Said::read(&Message::Binary(Bytes::new())).is_err());
        assert!(matches!(Said::read(&beat()), Ok(None)));
    }

    #[test]
    fn a_reason_fits_into_its_frame() {
        let taken = Close::Taken("ä\u{1f980}x".repeat(ID)).frame();
        let Message::Close(Some(frame)) = taken else {
            panic!("no close frame");
        };
        assert!(frame.reason.len() <= 123, "{}", frame.reason);
    }
}
