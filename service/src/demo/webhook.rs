//! Webhooks: who is told of runs, how each delivery went, and what others told us.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD as BASE64;
use chrono::{DateTime, TimeDelta, Utc};
use entity::pipeline::run::{self, RunStatus};
use entity::webhook::delivery::{self, WebhookDeliveryState as State};
use entity::webhook::endpoint::{self, WebhookEndpointStatus};
use entity::webhook::{attempt, message};
use serde_json::json;

use super::dice::Dice;
use super::inbound;
use super::people::{People, Person};
use super::pipeline::Ended;
use super::rows::Rows;
use crate::chance::bytes;
use crate::error::Result;

/// When a delivery is tried again, in seconds after the try before.
const LATER: [i64; 9] = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];

/// Between which days ago the warehouse answered nothing.
const OUTAGE: (i64, i64) = (26, 21);

/// All that went out.
#[derive(Default)]
struct Book {
    messages: Vec<message::Model>,
    deliveries: Vec<delivery::Model>,
    attempts: Vec<attempt::Model>,
}

/// Write the chapter.
pub(super) async fn write(rows: &mut Rows<'_>, people: &People, ended: &[Ended]) -> Result<()> {
    let dice = Dice::of("webhooks");
    let endpoints = endpoints(rows, &dice, people);
    let mut book = Book::default();
    for Ended { run, .. } in ended {
        let concerned = |endpoint: &&endpoint::Model| {
            let told = endpoint.created_at < run.updated_at;
            told && endpoint.user_id.is_none_or(|user| user == run.user_id)
        };
        let concerned: Vec<_> = endpoints.iter().filter(concerned).collect();
        let event = match run.status {
            RunStatus::Failed => "run.failed",
            _ => "run.completed",
        };
        book.tell(rows, &dice, &concerned, event, run);
    }
    rows.put(endpoint::Entity, endpoints).await?;
    rows.put(message::Entity, book.messages).await?;
    rows.put(delivery::Entity, book.deliveries).await?;
    rows.put(attempt::Entity, book.attempts).await?;
    inbound::write(rows).await
}

/// One of the house, one of Ann's that fails of late, one of Bob's that is given up. Their hosts cannot exist.
fn endpoints(rows: &Rows<'_>, dice: &Dice, people: &People) -> Vec<endpoint::Model> {
    let row = |owner: Option<Person>, url: &str, what: &str, days: i64| {
        let made = rows.days_ago(days);
        let id = dice.id(made);
        // Real secrets, which nobody has seen: the system's chance, not the dice's.
        let secrets =
            json!({ "current": format!("whsec_{}", BASE64.encode(bytes::<32>(rows.chance()))) });
        endpoint::Model {
            id,
            user_id: owner.map(|person| person.id),
            url: url.to_owned(),
            description: Some(what.to_owned()),
            event_types: ["run.completed", "run.failed"].into_iter().collect(),
            secrets: rows.seal(
                &format!("webhook_endpoints/{id}/secrets"),
                secrets.to_string().as_bytes(),
            ),
            status: WebhookEndpointStatus::Enabled,
            failing_since: None,
            disabled_reason: None,
            version: 1,
            created_at: made,
            updated_at: made,
        }
    };
    let (ann, bob) = (people.users[0], people.users[1]);
    let mut given_up = row(
        Some(bob),
        "https://old.bob.test/hooks",
        "The old server",
        70,
    );
    given_up.status = WebhookEndpointStatus::Disabled;
    given_up.failing_since = Some(rows.days_ago(45));
    given_up.disabled_reason = Some("nothing but failures for five days".to_owned());
    given_up.version = 2;
    given_up.updated_at = rows.days_ago(40);
    let mut board = row(Some(ann), "https://ann.test/hooks/runs", "My board", 55);
    board.failing_since = Some(rows.days_ago(2));
    board.version = 2;
    board.updated_at = rows.days_ago(2);
    vec![
        row(
            None,
            "https://hooks.warehouse.test/chancery",
            "The warehouse",
            82,
        ),
        board,
        given_up,
    ]
}

impl Book {
    fn tell(
        &mut self,
        rows: &Rows<'_>,
        dice: &Dice,
        endpoints: &[&endpoint::Model],
        event: &str,
        run: &run::Model,
    ) {
        // Nobody listens, or not any more: no message.
        let heard = |endpoint: &&&endpoint::Model| {
            endpoint.status == WebhookEndpointStatus::Enabled
                || run.updated_at < endpoint.updated_at
        };
        let listening: Vec<_> = endpoints.iter().filter(heard).collect();
        if listening.is_empty() {
            return;
        }
        let at = run.updated_at;
        let payload = json!({
            "type": event, "timestamp": at,
            "data": { "id": run.id, "company_name": run.company_name, "status": run.status },
        });
        let message = message::Model {
            id: dice.id(at),
            user_id: Some(run.user_id),
            event_type: event.to_owned(),
            payload: payload.to_string().into_bytes(),
            created_at: at,
            updated_at: at,
        };
        for endpoint in listening {
            self.deliver(rows, dice, endpoint, &message);
        }
        self.messages.push(message);
    }

    fn deliver(
        &mut self,
        rows: &Rows<'_>,
        dice: &Dice,
        endpoint: &endpoint::Model,
        message: &message::Model,
    ) {
        let outage = rows.days_ago(OUTAGE.0)..rows.days_ago(OUTAGE.1);
        let is_down = |at: DateTime<Utc>| {
            endpoint.failing_since.is_some_and(|since| at >= since)
                || endpoint.user_id.is_none() && outage.contains(&at)
        };
        let disabled = endpoint.status == WebhookEndpointStatus::Disabled;
        let mut row = delivery::Model {
            id: dice.id(message.created_at),
            message_id: message.id,
            endpoint_id: endpoint.id,
            state: State::Failed,
            attempt: 0,
            next_at: None,
            created_at: message.created_at,
            updated_at: message.created_at,
        };
        let mut next = Some(message.created_at + dice.seconds(0, 2));
        let mut later = LATER.iter();
        while let Some(at) = next {
            if disabled && at >= endpoint.updated_at {
                break;
            }
            if at > rows.now {
                row.state = State::Pending;
                row.next_at = Some(at);
                break;
            }
            let good = !is_down(at) && dice.percent(92);
            row.attempt += 1;
            row.updated_at = at;
            self.attempts.push(one_try(dice, &row, at, good));
            if good {
                row.state = State::Delivered;
                break;
            }
            next = later.next().map(|wait| at + TimeDelta::seconds(*wait));
        }
        self.deliveries.push(row);
    }
}

fn one_try(dice: &Dice, row: &delivery::Model, at: DateTime<Utc>, good: bool) -> attempt::Model {
    let (status, error, answer) = match dice.number::<u32>(0, 3) {
        _ if good => (Some(200), None, Some("{\"ok\":true}")),
        0 => (None, Some("no answer within 15 seconds"), None),
        1 => (None, Some("the connection was refused"), None),
        2 => (
            Some(503),
            Some("the answer was 503"),
            Some("busy, come back later"),
        ),
        _ => (
            Some(500),
            Some("the answer was 500"),
            Some("<h1>Internal Server Error</h1>"),
        ),
    };
    attempt::Model {
        id: dice.id(at),
        delivery_id: row.id,
        number: row.attempt,
        status,
        duration_ms: if status.is_none() {
            15_000
        } else {
            dice.number(30, 900)
        },
        error: error.map(str::to_owned),
        answer: answer.map(str::to_owned),
        created_at: at,
        updated_at: at,
    }
}
