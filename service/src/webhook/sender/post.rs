//! One call.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use entity::webhook::{delivery, endpoint, message};
use url::Url;

use super::outcome::Outcome;
use crate::ctx::Services;
use crate::error::Result;
use crate::outbound::{self, Answer, Failure, HeaderMap, HeaderName, HeaderValue, Method, Request};
use crate::webhook::endpoint::place;
use crate::webhook::signature::{Secrets, sign};

/// A claimed delivery, with what it carries and to whom.
#[derive(Clone, Debug)]
pub(super) struct Letter {
    pub(super) delivery: delivery::Model,
    pub(super) message: message::Model,
    pub(super) endpoint: endpoint::Model,
}

/// What a call brought.
#[derive(Debug)]
pub(super) enum Brought {
    /// An answer.
    Answer(Answer),
    /// None, and why.
    Nothing(Failure),
    /// It could not be made at all: a secret does not open, or an address is none.
    Unsendable,
}

/// Send a letter; tells what came of it.
pub(super) async fn send(services: Arc<Services>, letter: Letter) -> Outcome {
    let now = services.clock.now();
    let begun = Instant::now();
    let brought = match request(&services, &letter, now) {
        Ok(request) => match outbound::call(&services, request).await {
            Ok(answer) => Brought::Answer(answer),
            Err(failure) => Brought::Nothing(failure),
        },
        Err(error) => {
            let endpoint = letter.endpoint.id;
            tracing::error!(%error, %endpoint, "a webhook cannot be sent: does its secret open?");
            Brought::Unsendable
        }
    };
    Outcome {
        letter,
        brought,
        took: begun.elapsed().max(Duration::from_millis(1)),
    }
}

fn request(services: &Services, letter: &Letter, now: DateTime<Utc>) -> Result<Request> {
    let Letter {
        message, endpoint, ..
    } = letter;
    let secrets = Secrets::open(&services.keyring, &place(endpoint.id), &endpoint.secrets)?;
    let (id, timestamp) = (message.id.to_string(), now.timestamp());
    let signature = sign(secrets.in_force(now), &id, timestamp, &message.payload);
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("content-type", "application/json".to_owned()),
        ("webhook-id", id),
        ("webhook-timestamp", timestamp.to_string()),
        ("webhook-signature", signature),
    ] {
        let value = HeaderValue::from_str(&value).map_err(crate::Error::internal)?;
        headers.insert(HeaderName::from_static(name), value);
    }
    Ok(Request {
        method: Method::POST,
        url: Url::parse(&endpoint.url).map_err(crate::Error::internal)?,
        headers,
        body: message.payload.clone(),
    })
}
