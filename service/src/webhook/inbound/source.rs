//! Sources: the systems that tell us of events, as admins make them known.

use entity::id::WebhookSourceId;
use entity::webhook::source::{Model, WebhookScheme};
use serde_json::{Value, json};

use super::{open, place, store};
use crate::audit;
use crate::check::Check;
use crate::ctx::Ctx;
use crate::error::Result;
use crate::expect::Expect;
use crate::page::{Page, Request};
use crate::webhook::error::Error;
use crate::webhook::policy;
use crate::webhook::setting::ROTATION;
use crate::webhook::signature::{Secret, Secrets, is_standard};
use crate::write::Write;

/// The most characters of a name.
const NAME: usize = 64;
/// How many characters a secret that was brought along has.
const LEAST: usize = 16;
const MOST: usize = 255;

/// What making a source known takes.
#[derive(Clone)]
pub struct NewSource {
    /// Its name in the address that it calls.
    pub name: String,
    /// How it signs.
    pub scheme: WebhookScheme,
    /// What it signs with, where that is its own choice; else one is made.
    pub secret: Option<String>,
}

/// What of a source changes; what is none stays.
#[derive(Clone, Copy, Debug, Default)]
pub struct SourceChange {
    /// Whether it is listened to.
    pub is_active: Option<bool>,
}

/// A source with its secret, which is told this once; not where it was brought along.
#[derive(Debug)]
pub struct MadeSource {
    /// The source.
    pub row: Model,
    /// What it signs with.
    pub secret: Option<Secret>,
}

/// Make a source known.
pub async fn create_source(ctx: &Ctx, new: NewSource) -> Result<MadeSource> {
    policy::write_sources(&ctx.actor)?;
    let mut check = Check::default();
    check.text("/name", &new.name, true, NAME);
    let plain =
        |letter: u8| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == b'-';
    if !new.name.bytes().all(plain) {
        check.wrong("/name", "must have small letters, digits and hyphens only");
    }
    bring(&mut check, new.scheme, new.secret.as_deref());
    check.done()?;
    let (secret, told) = chosen(ctx, new.secret);

    let services = &ctx.services;
    let tx = ctx.write().await?;
    let id = tx.fresh();
    let secrets = Secrets::new(&secret);
    let row = Model {
        id,
        name: new.name,
        scheme: new.scheme,
        secrets: secrets.seal(&services.keyring, &*services.chance, &place(id))?,
        is_active: true,
        version: 1,
        created_at: tx.now,
        updated_at: tx.now,
    };
    store::insert_source(&tx, row.clone()).await?;
    note(&tx, "webhook_source.create", None, Some(&row)).await?;
    tx.made(format!("/webhook-sources/{id}"));
    tx.commit().await?;
    Ok(MadeSource { row, secret: told })
}

/// One page of the sources, the newest first.
pub async fn sources(ctx: &Ctx, page: Request) -> Result<Page<Model>> {
    policy::read_sources(&ctx.actor)?;
    store::sources(&ctx.read()?, page).await
}

/// One source. Its tag is its version.
pub async fn source(ctx: &Ctx, id: WebhookSourceId) -> Result<Model> {
    policy::read_sources(&ctx.actor)?;
    let found = store::source(&ctx.read()?, id).await?;
    found.ok_or_else(|| Error::SourceNotFound(id).into())
}

/// Change a source, if it stands at the version that is expected.
pub async fn update_source(
    ctx: &Ctx,
    id: WebhookSourceId,
    change: SourceChange,
    expect: &Expect,
) -> Result<Model> {
    policy::write_sources(&ctx.actor)?;
    let tx = ctx.write().await?;
    let before = store::source_held(&tx, id).await?;
    let before = before.ok_or(Error::SourceNotFound(id))?;
    expect.check(&before.version.to_string())?;
    let row = Model {
        is_active: change.is_active.unwrap_or(before.is_active),
        version: before.version + 1,
        updated_at: tx.now,
        ..before.clone()
    };
    store::update_source(&tx, &row).await?;
    note(&tx, "webhook_source.update", Some(&before), Some(&row)).await?;
    tx.commit().await?;
    Ok(row)
}

/// Give a source another secret, its own or a fresh one. The one before counts beside it for a while.
pub async fn rotate_source(
    ctx: &Ctx,
    id: WebhookSourceId,
    secret: Option<String>,
) -> Result<MadeSource> {
    policy::write_sources(&ctx.actor)?;
    let tx = ctx.write().await?;
    let before = store::source_held(&tx, id).await?;
    let before = before.ok_or(Error::SourceNotFound(id))?;
    let mut check = Check::default();
    bring(&mut check, before.scheme, secret.as_deref());
    check.done()?;
    let (secret, told) = chosen(ctx, secret);
    let services = &ctx.services;
    let until = tx.now + ctx.configuration().get(&ROTATION);
    let secrets = open(services, id, &before.secrets)?.rotated(&secret, until);
    let row = Model {
        secrets: secrets.seal(&services.keyring, &*services.chance, &place(id))?,
        version: before.version + 1,
        updated_at: tx.now,
        ..before.clone()
    };
    store::update_source(&tx, &row).await?;
    note(
        &tx,
        "webhook_source.rotate_secret",
        Some(&before),
        Some(&row),
    )
    .await?;
    tx.touched(format!("/webhook-sources/{id}"));
    tx.commit().await?;
    Ok(MadeSource { row, secret: told })
}

/// Listen to a source no more. Its events stay.
pub async fn delete_source(ctx: &Ctx, id: WebhookSourceId, expect: &Expect) -> Result<()> {
    policy::write_sources(&ctx.actor)?;
    let tx = ctx.write().await?;
    let row = store::source_held(&tx, id).await?;
    let row = row.ok_or(Error::SourceNotFound(id))?;
    expect.check(&row.version.to_string())?;
    store::delete_source(&tx, id).await?;
    note(&tx, "webhook_source.delete", Some(&row), None).await?;
    tx.commit().await
}

/// A secret that is brought along must be one of the scheme's.
fn bring(check: &mut Check, scheme: WebhookScheme, secret: Option<&str>) {
    let Some(secret) = secret else { return };
    let length = secret.chars().count();
    if scheme == WebhookScheme::Standard && !is_standard(secret) {
        check.wrong("/secret", "must be whsec_ and 24 to 64 bytes in base64");
    } else if !(LEAST..=MOST).contains(&length) {
        check.wrong("/secret", format!("must have {LEAST} to {MOST} characters"));
    }
}

/// The secret, and what is told of it.
fn chosen(ctx: &Ctx, brought: Option<String>) -> (Secret, Option<Secret>) {
    if let Some(secret) = brought {
        return (Secret(secret), None);
    }
    let secret = Secret::fresh(&*ctx.services.chance);
    (secret.clone(), Some(secret))
}

async fn note(
    tx: &Write,
    action: &'static str,
    before: Option<&Model>,
    after: Option<&Model>,
) -> Result<()> {
    let Some(row) = after.or(before) else {
        return Ok(());
    };
    let told = |row: &Model| -> Value {
        json!({
            "name": row.name, "scheme": row.scheme, "is_active": row.is_active,
            "version": row.version,
        })
    };
    let entry = audit::Entry {
        action,
        resource_type: "webhook_source",
        resource_id: row.id.to_string(),
        before: before.map(told),
        after: after.map(told),
    };
    audit::record(tx, entry).await
}
