//! What others told us: sources, and their events.

use chrono::TimeDelta;
use entity::webhook::inbound_event::{self, InboundEventState as State};
use entity::webhook::source::{self, WebhookScheme};
use serde_json::json;

use super::dice::Dice;
use super::rows::Rows;
use crate::error::Result;
use crate::secret::{fingerprint, token};

const EVENTS: usize = 160;

const SOURCES: [(&str, WebhookScheme, &[&str]); 3] = [
    (
        "video-generator",
        WebhookScheme::Standard,
        &["video.completed", "video.failed"],
    ),
    (
        "code-host",
        WebhookScheme::Github,
        &["push", "pull_request"],
    ),
    (
        "payments",
        WebhookScheme::Stripe,
        &["invoice.paid", "customer.updated"],
    ),
];

/// Write the sources and their events.
pub(super) async fn write(rows: &mut Rows<'_>) -> Result<()> {
    let dice = Dice::of("inbound");
    let made = rows.days_ago(86);
    let sources = SOURCES.map(|(name, scheme, _)| {
        let id = dice.id(made);
        // A real secret, which nobody has seen: the system's chance, not the dice's.
        let secrets = json!({ "current": token(rows.chance()) }).to_string();
        source::Model {
            id,
            name: name.to_owned(),
            scheme,
            secrets: rows.seal(&format!("webhook_sources/{id}/secrets"), secrets.as_bytes()),
            is_active: name != "payments",
            version: 1,
            created_at: made,
            updated_at: made,
        }
    });
    let moments = dice.moments(rows.now, EVENTS, TimeDelta::minutes(3));
    let events = moments.into_iter().zip((1..=EVENTS).rev()).map(|(at, left)| {
        let (source, scheme, kinds) = *dice.favour(&SOURCES);
        let kind = dice.word(kinds);
        let name = dice.hex::<10>();
        let body = json!({ "type": kind, "id": format!("evt_{name}"), "timestamp": at });
        let body = body.to_string().into_bytes();
        let (state, error) = match dice.number::<u32>(0, 19) {
            // The last two wait to be handled.
            _ if left <= 2 => (State::Received, None),
            0 => (State::Failed, Some("there is no video with this provider's id")),
            1..=3 => (State::Ignored, None),
            _ => (State::Processed, None),
        };
        let handled = (state != State::Received).then(|| at + dice.seconds(1, 9));
        inbound_event::Model {
            id: dice.id(at),
            source: source.to_owned(),
            // A scheme that signs no id is told apart by its bodies.
            external_id: match scheme {
                WebhookScheme::Github => fingerprint(&body),
                _ => format!("evt_{name}"),
            },
            headers: json!({ "content-type": "application/json", "user-agent": format!("{source}/1.4") }),
            body,
            state,
            error: error.map(str::to_owned),
            processed_at: handled,
            created_at: at,
            updated_at: handled.unwrap_or(at),
        }
    });
    let events = events.collect();
    rows.put(source::Entity, sources.into()).await?;
    rows.put(inbound_event::Entity, events).await
}
