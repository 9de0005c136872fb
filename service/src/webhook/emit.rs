//! Events become messages, in the transaction that they happen in.

use entity::id::WebhookEndpointId;
use entity::webhook::delivery::WebhookDeliveryState;
use entity::webhook::endpoint::WebhookEndpointStatus;
use entity::webhook::{delivery, message};

use super::event::Event;
use super::setting::SCHEDULE;
use super::store;
use crate::error::Result;
use crate::signal::Signal;
use crate::write::Write;

/// Tell whoever listens of `event`: one message, and a delivery for each endpoint that asked for it
/// and is not disabled; nothing where none asked. What only disabled ones asked for is kept, so that
/// they can be told once they are back. Part of the open write: what is rolled back is told to nobody.
pub(crate) async fn emit(tx: &Write, event: Event) -> Result<()> {
    let asked = store::listening(tx, event.user, event.kind.name()).await?;
    if asked.is_empty() {
        return Ok(());
    }
    let told = asked
        .iter()
        .filter(|(_, status)| *status == WebhookEndpointStatus::Enabled);
    let told: Vec<WebhookEndpointId> = told.map(|(id, _)| *id).collect();
    put(tx, &event, &told).await.map(drop)
}

/// Put `event` down for exactly these endpoints, which the caller holds.
pub(super) async fn put(
    tx: &Write,
    event: &Event,
    endpoints: &[WebhookEndpointId],
) -> Result<Vec<delivery::Model>> {
    let message = message::Model {
        id: tx.fresh(),
        user_id: event.user,
        event_type: event.kind.name().to_owned(),
        payload: event.bytes(tx.now)?,
        created_at: tx.now,
        updated_at: tx.now,
    };
    let schedule = tx.services().configuration.get(&SCHEDULE);
    let first = tx.now + schedule.first().copied().unwrap_or_default();
    let deliveries: Vec<delivery::Model> = endpoints
        .iter()
        .map(|endpoint| delivery::Model {
            id: tx.fresh(),
            message_id: message.id,
            endpoint_id: *endpoint,
            state: WebhookDeliveryState::Pending,
            attempt: 0,
            next_at: Some(first),
            created_at: tx.now,
            updated_at: tx.now,
        })
        .collect();
    store::insert_message(tx, message).await?;
    store::insert_deliveries(tx, deliveries.clone()).await?;
    for delivery in &deliveries {
        tx.signal(Signal::DeliveryMoved(delivery.id));
    }
    Ok(deliveries)
}
