//! Endpoints: changed, tried, removed; and their secrets, made anew.

use entity::id::WebhookEndpointId;
use entity::webhook::delivery;
use entity::webhook::endpoint::{Model, WebhookEndpointStatus};

use super::emit::put;
use super::endpoint::{Made, check, note, place, reachable};
use super::error::Error;
use super::event::Event;
use super::setting::ROTATION;
use super::signature::{Secret, Secrets};
use super::{policy, store};
use crate::ctx::Ctx;
use crate::error::Result;
use crate::expect::Expect;

/// What of an endpoint changes; what is none stays.
#[derive(Clone, Debug, Default)]
pub struct EndpointChange {
    /// Another address.
    pub url: Option<String>,
    /// Another description, or none.
    pub description: Option<Option<String>>,
    /// Other events.
    pub event_types: Option<Vec<String>>,
    /// Whether it is told. To enable it forgets its failures.
    pub status: Option<WebhookEndpointStatus>,
}

/// Change an endpoint, if it stands at the version that is expected.
pub async fn update(
    ctx: &Ctx,
    id: WebhookEndpointId,
    change: EndpointChange,
    expect: &Expect,
) -> Result<Model> {
    let scope = policy::write(&ctx.actor)?;
    let description = change.description.as_ref().and_then(Option::as_deref);
    check(
        change.url.as_deref(),
        description,
        change.event_types.as_deref(),
    )?;
    // A stranger does not have us look addresses up.
    store::endpoint(&ctx.read()?, scope, id).await?;
    if let Some(url) = &change.url {
        reachable(ctx, url).await?;
    }

    let tx = ctx.write().await?;
    let before = store::endpoint_held(&tx, scope, id).await?;
    expect.check_version(before.version)?;
    let mut row = Model {
        url: change.url.unwrap_or_else(|| before.url.clone()),
        description: change
            .description
            .unwrap_or_else(|| before.description.clone()),
        event_types: change
            .event_types
            .map_or_else(|| before.event_types.clone(), Into::into),
        version: before.version + 1,
        updated_at: tx.now,
        ..before.clone()
    };
    match change.status {
        Some(WebhookEndpointStatus::Enabled) => {
            row.status = WebhookEndpointStatus::Enabled;
            row.failing_since = None;
            row.disabled_reason = None;
        }
        Some(WebhookEndpointStatus::Disabled)
            if before.status != WebhookEndpointStatus::Disabled =>
        {
            row.status = WebhookEndpointStatus::Disabled;
            row.disabled_reason = Some("disabled by hand".to_owned());
        }
        Some(WebhookEndpointStatus::Disabled) | None => {}
    }
    store::update_endpoint(&tx, &row).await?;
    note(&tx, "webhook_endpoint.update", Some(&before), Some(&row)).await?;
    tx.touched(format!("/webhook-endpoints/{id}"));
    tx.commit().await?;
    Ok(row)
}

/// Remove an endpoint, with all that it was told and will not be told any more.
pub async fn delete(ctx: &Ctx, id: WebhookEndpointId, expect: &Expect) -> Result<()> {
    let scope = policy::write(&ctx.actor)?;
    let tx = ctx.write().await?;
    let row = store::endpoint_held(&tx, scope, id).await?;
    expect.check_version(row.version)?;
    store::delete_endpoint(&tx, id).await?;
    note(&tx, "webhook_endpoint.delete", Some(&row), None).await?;
    tx.commit().await
}

/// Give an endpoint a new secret. The one before counts beside it for a while.
pub async fn rotate(ctx: &Ctx, id: WebhookEndpointId) -> Result<Made> {
    let scope = policy::write(&ctx.actor)?;
    let services = &ctx.services;
    let secret = Secret::fresh(&*services.chance);
    let tx = ctx.write().await?;
    let before = store::endpoint_held(&tx, scope, id).await?;
    let secrets = Secrets::open(&services.keyring, &place(id), &before.secrets)?;
    let until = tx.now + ctx.configuration().get(&ROTATION);
    let secrets = secrets.rotated(&secret, until);
    let row = Model {
        secrets: secrets.seal(&services.keyring, &*services.chance, &place(id))?,
        version: before.version + 1,
        updated_at: tx.now,
        ..before.clone()
    };
    store::update_endpoint(&tx, &row).await?;
    note(
        &tx,
        "webhook_endpoint.rotate_secret",
        Some(&before),
        Some(&row),
    )
    .await?;
    tx.touched(format!("/webhook-endpoints/{id}"));
    tx.commit().await?;
    Ok(Made { row, secret })
}

/// Send an endpoint an event that says nothing, whatever it asked for.
pub async fn test(ctx: &Ctx, id: WebhookEndpointId) -> Result<delivery::Model> {
    let scope = policy::write(&ctx.actor)?;
    let endpoint = store::endpoint(&ctx.read()?, scope, id).await?;
    reachable(ctx, &endpoint.url).await?;

    let tx = ctx.write().await?;
    let endpoint = store::endpoint_held(&tx, scope, id).await?;
    if endpoint.status != WebhookEndpointStatus::Enabled {
        return Err(Error::EndpointDisabled.into());
    }
    let mut made = put(&tx, &Event::test(&endpoint), &[id]).await?;
    note(
        &tx,
        "webhook_endpoint.test",
        Some(&endpoint),
        Some(&endpoint),
    )
    .await?;
    let delivery = made.pop().ok_or(Error::EndpointNotFound(id))?;
    tx.made(format!("/webhook-deliveries/{}", delivery.id));
    tx.commit().await?;
    Ok(delivery)
}
