//! Feature flags: their definitions, as they are made, changed, put away and removed.
//!
//! A flag is named by its key and its environment, as a setting is; every write raises the revision,
//! leaves the flag as it was and as it is in the history, and is told to the house's endpoints.

mod check;
mod note;
mod store;

use chrono::{DateTime, Utc};
use entity::configuration::flag::{FlagKind, Model};
use entity::configuration::flag_history::{self, FlagAction};
use serde_json::{Map, Value, json};

use self::note::Written;
use super::error::Error;
use super::name::Name;
use super::{policy, store as settings};
use crate::check::Check;
use crate::ctx::Ctx;
use crate::error::{Common, Result};
use crate::expect::Expect;
use crate::page::{Page, Request};
use crate::secret::token;

/// The most flags that there are.
const MOST: u64 = 1_000;

/// What making a flag takes.
#[derive(Clone, Debug)]
pub struct NewFlag {
    /// Its name.
    pub name: Name,
    /// What it decides.
    pub description: Option<String>,
    /// What its variants are.
    pub kind: FlagKind,
    /// Its values, by name.
    pub variants: Map<String, Value>,
    /// The variant for everybody whom no rule names.
    pub default_variant: String,
    /// Whether it is evaluated at all.
    pub enabled: bool,
    /// Who answers for it.
    pub owner: Option<String>,
    /// When it should be gone.
    pub expires_at: Option<DateTime<Utc>>,
    /// Why, for the history.
    pub reason: Option<String>,
}

/// What of a flag changes; what is none stays. An inner none takes the value away.
#[derive(Clone, Debug, Default)]
pub struct FlagChange {
    /// What it decides.
    pub description: Option<Option<String>>,
    /// Its values, by name; all of them.
    pub variants: Option<Map<String, Value>>,
    /// The variant for everybody whom no rule names.
    pub default_variant: Option<String>,
    /// Whether it is evaluated at all.
    pub enabled: Option<bool>,
    /// Who answers for it.
    pub owner: Option<Option<String>>,
    /// When it should be gone.
    pub expires_at: Option<Option<DateTime<Utc>>>,
    /// Whether it is put away.
    pub archived: Option<bool>,
    /// Why, for the history.
    pub reason: Option<String>,
}

/// Which flags.
#[derive(Clone, Debug, Default)]
pub struct FlagFilter {
    /// Only those of this environment.
    pub environment: Option<String>,
    /// Only those that are put away, or are not.
    pub archived: Option<bool>,
}

/// Make a flag.
pub async fn create(ctx: &Ctx, new: NewFlag) -> Result<Model> {
    policy::write_flags(&ctx.actor)?;
    let tx = ctx.write().await?;
    let revision = settings::raise(&tx).await?;
    let last = store::last_version(&tx, &new.name).await?;
    let row = Model {
        id: tx.fresh(),
        key: new.name.key.clone(),
        environment: new.name.environment.clone(),
        description: new.description,
        kind: new.kind,
        variants: Value::Object(new.variants),
        default_variant: new.default_variant,
        enabled: new.enabled,
        rules: json!([]),
        salt: token(&*ctx.services.chance),
        owner: new.owner,
        expires_at: new.expires_at,
        archived_at: None,
        version: last.unwrap_or_default() + 1,
        created_at: tx.now,
        updated_at: tx.now,
    };
    let mut check = Check::default();
    new.name.check(&mut check, "/key");
    check::flag(&mut check, &row);
    check::reason(&mut check, new.reason.as_ref());
    check.done()?;
    if store::flag(&tx, &new.name).await?.is_some() {
        let key = new.name.key;
        return Err(Error::FlagExists { key }.into());
    }
    if store::count(&tx).await? >= MOST {
        return Err(Error::TooManyFlags { most: MOST }.into());
    }
    store::insert(&tx, row.clone()).await?;
    let written = Written {
        action: FlagAction::Create,
        before: None,
        after: Some(&row),
        revision,
        reason: new.reason,
    };
    written.note(&tx).await?;
    tx.made(format!(
        "/flags/{}?environment={}",
        row.key, row.environment
    ));
    tx.commit().await?;
    Ok(row)
}

/// Change a flag, put it away or fetch it back, where it stands at the version that is expected.
pub async fn update(ctx: &Ctx, name: &Name, change: FlagChange, expect: &Expect) -> Result<Model> {
    policy::write_flags(&ctx.actor)?;
    let tx = ctx.write().await?;
    let revision = settings::raise(&tx).await?;
    let before = expected(store::flag(&tx, name).await?, name, expect)?;
    let archived_at = match change.archived {
        Some(true) => before.archived_at.or(Some(tx.now)),
        Some(false) => None,
        None => before.archived_at,
    };
    let row = Model {
        description: change
            .description
            .unwrap_or_else(|| before.description.clone()),
        variants: change
            .variants
            .map_or_else(|| before.variants.clone(), Value::Object),
        default_variant: change
            .default_variant
            .unwrap_or_else(|| before.default_variant.clone()),
        enabled: change.enabled.unwrap_or(before.enabled),
        owner: change.owner.unwrap_or_else(|| before.owner.clone()),
        expires_at: change.expires_at.unwrap_or(before.expires_at),
        archived_at,
        version: before.version + 1,
        updated_at: tx.now,
        ..before.clone()
    };
    let mut check = Check::default();
    check::flag(&mut check, &row);
    check::reason(&mut check, change.reason.as_ref());
    check.done()?;
    store::update(&tx, &row).await?;
    let put_away = before.archived_at.is_none() && row.archived_at.is_some();
    let written = Written {
        action: if put_away {
            FlagAction::Archive
        } else {
            FlagAction::Update
        },
        before: Some(&before),
        after: Some(&row),
        revision,
        reason: change.reason,
    };
    written.note(&tx).await?;
    tx.commit().await?;
    Ok(row)
}

/// Remove a flag; its history stays.
pub async fn delete(ctx: &Ctx, name: &Name, reason: Option<String>, expect: &Expect) -> Result<()> {
    policy::write_flags(&ctx.actor)?;
    let mut check = Check::default();
    check::reason(&mut check, reason.as_ref());
    check.done()?;
    let tx = ctx.write().await?;
    let revision = settings::raise(&tx).await?;
    let before = expected(store::flag(&tx, name).await?, name, expect)?;
    store::delete(&tx, &before).await?;
    let written = Written {
        action: FlagAction::Delete,
        before: Some(&before),
        after: None,
        revision,
        reason,
    };
    written.note(&tx).await?;
    tx.commit().await
}

/// The flag, where it stands at the version that is expected.
fn expected(found: Option<Model>, name: &Name, expect: &Expect) -> Result<Model> {
    let row = found.ok_or_else(|| missing(name))?;
    if !expect.matters() {
        return Err(Common::VersionRequired.into());
    }
    expect.check(&row.version.to_string())?;
    Ok(row)
}

fn missing(name: &Name) -> Error {
    let key = name.key.clone();
    Error::NoFlag { key }
}

/// One flag. Its tag is its version.
pub async fn flag(ctx: &Ctx, name: &Name) -> Result<Model> {
    policy::read(&ctx.actor)?;
    let found = store::flag(&ctx.read()?, name).await?;
    found.ok_or_else(|| missing(name).into())
}

/// One page of the flags, by name.
pub async fn flags(ctx: &Ctx, filter: &FlagFilter, page: Request) -> Result<Page<Model>> {
    policy::read(&ctx.actor)?;
    store::flags(&ctx.read()?, filter, page).await
}

/// One page of the writes of a flag, the last first.
pub async fn history(ctx: &Ctx, name: &Name, page: Request) -> Result<Page<flag_history::Model>> {
    policy::read(&ctx.actor)?;
    let found = store::history(&ctx.read()?, name, page).await?;
    if found.items.is_empty() {
        // Nothing was written; or there is no such thing.
        flag(ctx, name).await?;
    }
    Ok(found)
}
