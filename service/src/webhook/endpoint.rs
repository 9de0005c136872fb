//! Endpoints: made, and seen.

use entity::id::{UserId, WebhookEndpointId};
use entity::webhook::endpoint::{Model, WebhookEndpointStatus};
use serde_json::{Value, json};
use url::Url;

use super::error::Error;
use super::event::EventType;
use super::setting::MOST_ENDPOINTS;
use super::signature::{Secret, Secrets};
use super::{policy, store};
use crate::audit;
use crate::check::Check;
use crate::ctx::Ctx;
use crate::error::{Common, Result};
use crate::outbound;
use crate::page::{Page, Request};
use crate::write::Write;

/// The most characters of a description.
const DESCRIPTION: usize = 1_000;
/// The longest address, in characters.
const ADDRESS: usize = 2_048;
/// The most types of events that are named.
const TYPES: usize = 100;

/// What making an endpoint takes.
#[derive(Clone, Debug)]
pub struct NewEndpoint {
    /// The address.
    pub url: String,
    /// What it is for.
    pub description: Option<String>,
    /// The events that it is told of.
    pub event_types: Vec<String>,
    /// Whether it is the house's, and hears of everything. Only an admin makes one.
    pub for_everyone: bool,
}

/// An endpoint with its secret, which is told this once.
#[derive(Debug)]
pub struct Made {
    /// The endpoint.
    pub row: Model,
    /// What its messages are signed with.
    pub secret: Secret,
}

/// Where an endpoint's secrets are sealed for.
pub(super) fn place(id: WebhookEndpointId) -> String {
    format!("webhook_endpoints/{id}/secrets")
}

/// What an endpoint says of itself must hold.
pub(super) fn check(
    url: Option<&str>,
    description: Option<&str>,
    event_types: Option<&[String]>,
) -> Result<()> {
    let mut check = Check::default();
    if let Some(url) = url {
        check.text("/url", url, true, ADDRESS);
        if Url::parse(url).is_err() {
            check.wrong("/url", "is not an absolute URL");
        }
    }
    if let Some(description) = description {
        check.text("/description", description, false, DESCRIPTION);
    }
    if let Some(types) = event_types {
        if types.is_empty() || types.len() > TYPES {
            check.wrong(
                "/event_types",
                format!("must name 1 to {TYPES} types of events"),
            );
        }
        for (at, name) in types.iter().enumerate().take(TYPES) {
            if EventType::named(name).is_none() {
                check.wrong(format!("/event_types/{at}"), "is not a type of event");
            }
        }
    }
    Ok(check.done()?)
}

/// Refuse an address that would not be called.
pub(super) async fn reachable(ctx: &Ctx, url: &str) -> Result<()> {
    let url = Url::parse(url).map_err(|_| Common::invalid("/url", "is not an absolute URL"))?;
    let checked = outbound::check(&ctx.services, &url).await;
    checked.map_err(|blocked| Common::invalid("/url", blocked.to_string()).into())
}

/// Make an endpoint of the caller's own, or of the house's.
pub async fn create(ctx: &Ctx, new: NewEndpoint) -> Result<Made> {
    policy::write(&ctx.actor)?;
    let user = if new.for_everyone {
        ctx.actor.need_admin()?;
        None
    } else {
        Some(ctx.actor.person()?)
    };
    let description = new.description.as_deref();
    check(Some(&new.url), description, Some(&new.event_types))?;
    // Before the write: it asks the network.
    reachable(ctx, &new.url).await?;

    let services = &ctx.services;
    let secret = Secret::fresh(&*services.chance);
    let tx = ctx.write().await?;
    limit(&tx, user).await?;
    let id = tx.fresh();
    let secrets = Secrets::new(&secret);
    let row = Model {
        id,
        user_id: user,
        url: new.url,
        description: new.description,
        event_types: new.event_types.into(),
        secrets: secrets.seal(&services.keyring, &*services.chance, &place(id))?,
        status: WebhookEndpointStatus::Enabled,
        failing_since: None,
        disabled_reason: None,
        version: 1,
        created_at: tx.now,
        updated_at: tx.now,
    };
    store::insert_endpoint(&tx, row.clone()).await?;
    note(&tx, "webhook_endpoint.create", None, Some(&row)).await?;
    tx.made(format!("/webhook-endpoints/{id}"));
    tx.commit().await?;
    Ok(Made { row, secret })
}

/// Refuse one more than there may be.
async fn limit(tx: &Write, user: Option<UserId>) -> Result<()> {
    if let Some(user) = user {
        store::hold_person(tx, user).await?;
    }
    let most = tx.services().configuration.get(&MOST_ENDPOINTS);
    let there = store::count_endpoints(tx, user).await?;
    if i64::try_from(there).is_ok_and(|there| there < most) {
        Ok(())
    } else {
        Err(Error::TooManyEndpoints { most }.into())
    }
}

/// Which endpoints.
#[derive(Clone, Debug, Default)]
pub struct EndpointFilter {
    /// Only those that are told, or are not.
    pub status: Option<WebhookEndpointStatus>,
    /// Only this person's; it counts for those who see others' rows.
    pub user: Option<UserId>,
}

/// One page of the endpoints in the caller's sight, the newest first.
pub async fn endpoints(ctx: &Ctx, filter: EndpointFilter, page: Request) -> Result<Page<Model>> {
    let scope = policy::read(&ctx.actor)?;
    store::endpoints(&ctx.read()?, scope, &filter, page).await
}

/// What an endpoint's `If-Match` names: its version. When it was last heard of stands beside, so that
/// a reader's tag moves when it begins to fail, or does no more.
pub fn tag(endpoint: &Model) -> String {
    let heard = endpoint.updated_at.timestamp_micros();
    format!("{}.{heard}", endpoint.version)
}

/// One endpoint.
pub async fn endpoint(ctx: &Ctx, id: WebhookEndpointId) -> Result<Model> {
    let scope = policy::read(&ctx.actor)?;
    store::endpoint(&ctx.read()?, scope, id).await
}

/// Tell the audit log when the endpoint is not the caller's own.
pub(super) async fn note(
    tx: &Write,
    action: &'static str,
    before: Option<&Model>,
    after: Option<&Model>,
) -> Result<()> {
    let Some(row) = after.or(before) else {
        return Ok(());
    };
    if row.user_id.is_some() && tx.actor.user() == row.user_id {
        return Ok(());
    }
    let told = |row: &Model| -> Value {
        json!({
            "user_id": row.user_id, "url": row.url, "description": row.description,
            "event_types": row.event_types, "status": row.status,
            "disabled_reason": row.disabled_reason, "version": row.version,
        })
    };
    let entry = audit::Entry {
        action,
        resource_type: "webhook_endpoint",
        resource_id: row.id.to_string(),
        before: before.map(told),
        after: after.map(told),
    };
    audit::record(tx, entry).await
}
