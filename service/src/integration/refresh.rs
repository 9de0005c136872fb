//! Renewing what opens an account before it runs out.
//!
//! Some providers take a refresh token once only, so two renewals at once would lose the account.
//! Whoever renews first notes, sealed with the tokens, that it is at it; who comes meanwhile leaves
//! it alone. A note outlives its writer by a minute at most.

use chrono::{DateTime, TimeDelta, Utc};
use entity::agent::integration::{IntegrationStatus, Model};
use entity::id::IntegrationId;
use entity::types::Encrypted;
use tracing::error;

use super::connect::known;
use super::error::Error;
use super::token::{self, Credentials, Tokens};
use super::{note, place, policy, store};
use crate::ctx::Ctx;
use crate::error::{Error as Any, Result};
use crate::write::Write;

/// As long as a renewal may take.
const UNDER_WAY: TimeDelta = TimeDelta::seconds(60);

/// The accounts, at most `most`, whose tokens run out within `margin`: the first to do so first.
pub async fn due(ctx: &Ctx, margin: TimeDelta, most: u64) -> Result<Vec<IntegrationId>> {
    policy::renew(&ctx.actor)?;
    store::due(&ctx.read()?, ctx.now() + margin, most).await
}

/// Renew what opens the account. One that the provider does not renew any more is `expired`, and its
/// owner connects it anew; where the provider cannot be reached it stays as it is.
pub async fn refresh(ctx: &Ctx, id: IntegrationId) -> Result<Model> {
    policy::renew(&ctx.actor)?;
    let asked = ctx.now();
    let tx = ctx.write().await?;
    let mut row = store::held(&tx, id).await?;
    let (IntegrationStatus::Connected, Some(sealed)) = (&row.status, &row.credentials) else {
        return Err(Error::NotRenewable.into());
    };
    let mut old = match open(ctx, id, sealed) {
        Ok(old) => old,
        // Its key was lost: only its owner can connect the account anew.
        Err(failure) => {
            error!(integration.id = %id, %failure, "what opens an account cannot be read");
            row.status = IntegrationStatus::Error;
            put(&tx, &mut row, "integration.unreadable").await?;
            tx.commit().await?;
            return Err(Error::NotRenewable.into());
        }
    };
    let Some(token) = old.refresh_token.clone() else {
        row.status = IntegrationStatus::Expired;
        put(&tx, &mut row, "integration.expire").await?;
        tx.commit().await?;
        return Err(Error::NotRenewable.into());
    };
    let under_way = old.renewing_until.is_some_and(|until| until > tx.now);
    let just_now = old.renewed_at.is_some_and(|renewed| renewed >= asked);
    if under_way || just_now {
        return Ok(row);
    }
    let provider = known(ctx, &row.provider)?;
    old.renewing_until = Some(tx.now + UNDER_WAY);
    row.credentials = Some(seal(ctx, id, &old)?);
    row.version += 1;
    row.updated_at = tx.now;
    store::update(&tx, &row).await?;
    let version = row.version;
    tx.commit().await?;

    let grant = [("grant_type", "refresh_token"), ("refresh_token", &token)];
    let answer = token::ask(ctx, &provider, &grant).await;
    let tx = ctx.write().await?;
    let mut row = store::held(&tx, id).await?;
    if row.version != version {
        // Connected anew or disconnected meanwhile: that stands.
        return Ok(row);
    }
    let refusal = match answer {
        Ok(tokens) => {
            renewed(ctx, &mut row, tokens, token, tx.now)?;
            None
        }
        Err(refusal) => {
            if refusal.code() == "integration.refused" {
                row.status = IntegrationStatus::Expired;
            }
            old.renewing_until = None;
            row.credentials = Some(seal(ctx, id, &old)?);
            Some(refusal)
        }
    };
    put(&tx, &mut row, "integration.refresh").await?;
    tx.commit().await?;
    refusal.map_or(Ok(row), Err)
}

fn renewed(
    ctx: &Ctx,
    row: &mut Model,
    tokens: Tokens,
    old: String,
    now: DateTime<Utc>,
) -> Result<()> {
    let mut credentials = tokens.credentials;
    // A provider that gives no new one means the old one to go on.
    credentials.refresh_token = credentials.refresh_token.or(Some(old));
    credentials.renewed_at = Some(now);
    row.credentials = Some(seal(ctx, row.id, &credentials)?);
    row.expires_at = tokens.lasts.map(|lasts| now + lasts);
    if let Some(scopes) = tokens.scopes {
        row.scopes = scopes.into();
    }
    Ok(())
}

async fn put(tx: &Write, row: &mut Model, action: &'static str) -> Result<()> {
    row.version += 1;
    row.updated_at = tx.now;
    store::update(tx, row).await?;
    note(tx, action, row).await
}

fn open(ctx: &Ctx, id: IntegrationId, sealed: &Encrypted) -> Result<Credentials> {
    let plain = ctx.services.keyring.open(&place(id), sealed);
    serde_json::from_slice(&plain.map_err(Any::internal)?).map_err(Any::internal)
}

/// Seal what opens the account.
pub(super) fn seal(ctx: &Ctx, id: IntegrationId, plain: &Credentials) -> Result<Encrypted> {
    let plain = serde_json::to_vec(plain).map_err(Any::internal)?;
    let services = &ctx.services;
    Ok(services.keyring.seal(&*services.chance, &place(id), &plain))
}
