//! People's accounts at other services, which their agents use.
//!
//! An account is connected by OAuth 2: the authorisation code with PKCE, a state that is good once
//! and only for who began. What opens the account is sealed under the keyring and never leaves; it is
//! renewed by [`refresh`], one at a time. Providers are declared by a setting.

mod connect;
mod error;
mod policy;
mod provider;
mod refresh;
mod renew;
mod setting;
mod store;
mod token;

use entity::agent::integration::{IntegrationStatus, Model};
use entity::id::{IntegrationId, UserId};
use serde_json::json;

pub use connect::{Answered, Connected, Started, finish, start};
pub use error::Error;
pub use provider::{ClientAuthentication, Provider};
pub use refresh::{due, refresh};
pub use renew::Renew;
pub use setting::{PROVIDERS, RENEW_BEFORE};

use crate::audit;
use crate::ctx::Ctx;
use crate::error::Result;
use crate::page::{Page, Request};
use crate::write::Write;

/// Those of `providers` that the person has not connected, in their order.
pub(crate) async fn missing(tx: &Write, user: UserId, providers: &[&str]) -> Result<Vec<String>> {
    if providers.is_empty() {
        return Ok(Vec::new());
    }
    let connected = store::connected(tx, user, providers).await?;
    let lacks = |provider: &&&str| !connected.iter().any(|one| one == **provider);
    let missing = providers.iter().filter(lacks);
    Ok(missing.map(|provider| (*provider).to_owned()).collect())
}

/// One page of the integrations in the caller's sight, the newest first.
pub async fn integrations(ctx: &Ctx, user: Option<UserId>, page: Request) -> Result<Page<Model>> {
    let scope = policy::read(&ctx.actor)?;
    store::integrations(&ctx.read()?, scope, user, page).await
}

/// The providers that can be connected, by name.
pub fn providers(ctx: &Ctx) -> Result<Vec<Provider>> {
    policy::read(&ctx.actor)?;
    Ok(ctx.configuration().get(&PROVIDERS))
}

/// Disconnect the caller's account at `provider`: what opened it is forgotten. That an agent needed
/// it does not matter; the next one that needs it asks for it again.
pub async fn disconnect(ctx: &Ctx, provider: &str) -> Result<Model> {
    let user = policy::own(&ctx.actor)?;
    let tx = ctx.write().await?;
    let found = store::of_person(&tx, user, provider).await?;
    let Some(mut row) = found else {
        return Err(Error::NotFound {
            provider: provider.to_owned(),
        }
        .into());
    };
    if row.status == IntegrationStatus::Revoked {
        return Ok(row);
    }
    row.status = IntegrationStatus::Revoked;
    row.credentials = None;
    row.expires_at = None;
    row.version += 1;
    row.updated_at = tx.now;
    store::update(&tx, &row).await?;
    note(&tx, "integration.disconnect", &row).await?;
    tx.commit().await?;
    Ok(row)
}

/// Where the credentials of an integration are sealed for.
fn place(id: IntegrationId) -> String {
    format!("integrations/{id}/credentials")
}

/// Tell the audit log: accounts elsewhere are worth a line, also one's own.
async fn note(tx: &Write, action: &'static str, row: &Model) -> Result<()> {
    let entry = audit::Entry {
        action,
        resource_type: "integration",
        resource_id: row.id.to_string(),
        before: None,
        after: Some(json!({ "provider": row.provider, "status": row.status })),
    };
    audit::record(tx, entry).await
}
