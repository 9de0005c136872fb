//! Deliveries: seen, and sent again.

use chrono::{DateTime, Utc};
use entity::id::{WebhookDeliveryId, WebhookEndpointId};
use entity::webhook::delivery::{Model, WebhookDeliveryState};
use entity::webhook::endpoint::{self, WebhookEndpointStatus};
use entity::webhook::{attempt, message};
use serde_json::json;

use super::error::Error;
use super::store::Which;
use super::{policy, store};
use crate::audit;
use crate::check::Check;
use crate::ctx::Ctx;
use crate::error::Result;
use crate::page::{Page, Request};
use crate::signal::Signal;
use crate::write::Write;

/// The most messages that an endpoint is told at once of those that it missed.
const MISSED: u64 = 10_000;

/// Which deliveries a list has.
#[derive(Clone, Copy, Debug, Default)]
pub struct DeliveryFilter {
    /// Only those that stand here.
    pub state: Option<WebhookDeliveryState>,
}

/// A delivery with what it carries.
#[derive(Clone, Debug)]
pub struct Told {
    /// The delivery.
    pub delivery: Model,
    /// The message.
    pub message: message::Model,
}

/// How many deliveries begin anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Replayed {
    /// How many.
    pub count: u64,
    /// Whether there are more: ask again.
    pub more: bool,
}

impl From<(Model, message::Model)> for Told {
    fn from((delivery, message): (Model, message::Model)) -> Self {
        Self { delivery, message }
    }
}

/// One page of what an endpoint is told, the newest first.
pub async fn deliveries(
    ctx: &Ctx,
    endpoint: WebhookEndpointId,
    filter: DeliveryFilter,
    page: Request,
) -> Result<Page<Told>> {
    let scope = policy::read(&ctx.actor)?;
    let reader = ctx.read()?;
    store::endpoint(&reader, scope, endpoint).await?;
    let page = store::deliveries(&reader, scope, endpoint, filter, page).await?;
    Ok(page.map(Told::from))
}

/// One delivery.
pub async fn delivery(ctx: &Ctx, id: WebhookDeliveryId) -> Result<Told> {
    let scope = policy::read(&ctx.actor)?;
    store::delivery(&ctx.read()?, scope, id)
        .await
        .map(Told::from)
}

/// One page of a delivery's tries, the oldest first.
pub async fn attempts(
    ctx: &Ctx,
    id: WebhookDeliveryId,
    page: Request,
) -> Result<Page<attempt::Model>> {
    let scope = policy::read(&ctx.actor)?;
    let reader = ctx.read()?;
    store::delivery(&reader, scope, id).await?;
    store::attempts(&reader, id, page).await
}

/// Send a delivery again, from the beginning of the schedule: the same id, the same bytes.
pub async fn replay(ctx: &Ctx, id: WebhookDeliveryId) -> Result<Model> {
    let scope = policy::replay(&ctx.actor)?;
    let tx = ctx.write().await?;
    let before = store::delivery_held(&tx, scope, id).await?;
    let endpoint = store::endpoint(&tx, scope, before.endpoint_id).await?;
    enabled(&endpoint)?;
    if before.state == WebhookDeliveryState::Pending {
        return Err(Error::DeliveryPending.into());
    }
    store::begin_anew(&tx, Which::One(id)).await?;
    note(&tx, "webhook_delivery.replay", &endpoint, id.to_string(), 1).await?;
    tx.signal(Signal::DeliveryMoved(id));
    tx.touched(format!("/webhook-deliveries/{id}"));
    let row = Model {
        state: WebhookDeliveryState::Pending,
        attempt: 0,
        next_at: Some(tx.now),
        updated_at: tx.now,
        ..before
    };
    tx.commit().await?;
    Ok(row)
}

/// Send again what failed at an endpoint since a moment.
pub async fn replay_failed(
    ctx: &Ctx,
    id: WebhookEndpointId,
    since: DateTime<Utc>,
) -> Result<Replayed> {
    let scope = policy::replay(&ctx.actor)?;
    kept(since)?;
    let tx = ctx.write().await?;
    let endpoint = store::endpoint(&tx, scope, id).await?;
    enabled(&endpoint)?;
    let which = Which::Failed {
        endpoint: id,
        since,
    };
    let count = store::begin_anew(&tx, which).await?;
    let action = "webhook_endpoint.replay_failed";
    note(&tx, action, &endpoint, id.to_string(), count).await?;
    tx.signal(Signal::DeliveriesQueued);
    tx.touched(format!("/webhook-endpoints/{id}"));
    tx.commit().await?;
    Ok(Replayed { count, more: false })
}

/// Tell an endpoint what happened since a moment and it was never told: it was disabled, or did not
/// ask for it then. What nobody asked for was not kept.
pub async fn replay_missing(
    ctx: &Ctx,
    id: WebhookEndpointId,
    since: DateTime<Utc>,
) -> Result<Replayed> {
    let scope = policy::replay(&ctx.actor)?;
    kept(since)?;
    let tx = ctx.write().await?;
    // Two who ask for the same must not both find it missing.
    let endpoint = store::endpoint_held(&tx, scope, id).await?;
    enabled(&endpoint)?;
    let missed = store::missing(&tx, &endpoint, since, MISSED).await?;
    let count = missed.len() as u64;
    let rows = missed.into_iter().map(|message| Model {
        id: tx.fresh(),
        message_id: message,
        endpoint_id: id,
        state: WebhookDeliveryState::Pending,
        attempt: 0,
        next_at: Some(tx.now),
        created_at: tx.now,
        updated_at: tx.now,
    });
    store::insert_deliveries(&tx, rows.collect()).await?;
    let action = "webhook_endpoint.replay_missing";
    note(&tx, action, &endpoint, id.to_string(), count).await?;
    tx.signal(Signal::DeliveriesQueued);
    tx.touched(format!("/webhook-endpoints/{id}"));
    tx.commit().await?;
    Ok(Replayed {
        count,
        more: count == MISSED,
    })
}

fn enabled(endpoint: &endpoint::Model) -> Result<()> {
    match endpoint.status {
        WebhookEndpointStatus::Enabled => Ok(()),
        WebhookEndpointStatus::Disabled => Err(Error::EndpointDisabled.into()),
    }
}

fn kept(since: DateTime<Utc>) -> Result<()> {
    let mut check = Check::default();
    check.time("/since", Some(since));
    Ok(check.done()?)
}

/// Tell the audit log when the endpoint is not the caller's own.
async fn note(
    tx: &Write,
    action: &'static str,
    endpoint: &endpoint::Model,
    id: String,
    count: u64,
) -> Result<()> {
    if endpoint.user_id.is_some() && tx.actor.user() == endpoint.user_id {
        return Ok(());
    }
    let (kind, _) = action.split_once('.').unwrap_or((action, ""));
    let resource_type = match kind {
        "webhook_delivery" => "webhook_delivery",
        _ => "webhook_endpoint",
    };
    let entry = audit::Entry {
        action,
        resource_type,
        resource_id: id,
        before: None,
        after: Some(json!({ "count": count })),
    };
    audit::record(tx, entry).await
}
