//! Settings are set and unset.

use entity::configuration::setting::Model;
use entity::configuration::setting_history::{self, SettingAction};
use entity::types::Encrypted;
use serde_json::{Value, json};
use tracing::warn;

use super::error::Error;
use super::name::{EVERYWHERE, Name};
use super::setting::Described;
use super::stored::{load, place, place_of};
use super::view::{Shown, Sight};
use super::{Given, declared, policy, store};
use crate::audit;
use crate::check::Check;
use crate::ctx::Ctx;
use crate::error::{Common, Result};
use crate::expect::Expect;
use crate::signal::Signal;
use crate::webhook::{self, Event};
use crate::write::Write;

/// The most bytes of a value, as JSON.
const VALUE: usize = 64 * 1024;
/// The most characters of a description or a reason.
pub(super) const TEXT: usize = 1_000;
/// The most settings that there are: the process remembers them all.
const MOST: u64 = 1_000;

/// What setting a setting takes.
#[derive(Clone)]
pub struct NewValue {
    /// The value.
    pub value: Value,
    /// What the setting does, where the program does not know; none leaves it as it is.
    pub description: Option<String>,
    /// Whether it holds; none leaves it as it is, and a new one holds.
    pub is_active: Option<bool>,
    /// Whether the value is a secret; none leaves it as it is, and for a new one asks the program.
    pub is_sensitive: Option<bool>,
    /// Why, for the history.
    pub reason: Option<String>,
}

/// Set a setting in one environment or in all, where it stands at the version that is expected; one
/// that nobody has set stands at 0, one that was unset at its last version.
///
/// # Errors
/// Refused where the process's environment decides; where a secret would become readable; where the
/// value is none that the setting can have.
pub async fn set(ctx: &Ctx, name: Name, new: NewValue, expect: &Expect) -> Result<Shown> {
    let declared = declared(&name.key);
    may_write(ctx, &name, declared, expect)?;
    let mut check = Check::default();
    name.check(&mut check, "/key");
    check.small_json("/value", &new.value, VALUE);
    check.maybe("/description", new.description.as_ref(), TEXT);
    check.maybe("/reason", new.reason.as_ref(), TEXT);
    check.done()?;

    let tx = ctx.write().await?;
    let revision = store::raise(&tx).await?;
    let mut rows = store::settings(&tx, Some(std::slice::from_ref(&name.key))).await?;
    let there = rows
        .iter()
        .position(|row| row.environment == name.environment);
    // What a key's value is, and whether it is a secret, is the same in every environment.
    let alike = there
        .or((!rows.is_empty()).then_some(0))
        .map(|at| rows[at].clone());
    let before = there.map(|at| rows.swap_remove(at));
    let version = stands_at(&tx, &name, before.as_ref(), expect).await?;
    let row = changed(
        &tx,
        &name,
        &new,
        (before.as_ref(), alike.as_ref()),
        version + 1,
    )?;
    policy::write(&ctx.actor, &name.key, row.is_sensitive)?;
    if before.is_some() {
        store::update(&tx, &row).await?;
    } else {
        if store::count(&tx).await? >= MOST {
            return Err(Error::TooManySettings { most: MOST }.into());
        }
        store::insert(&tx, row.clone()).await?;
    }
    let written = Written {
        before: before.as_ref(),
        after: Some(&row),
        version: row.version,
        revision,
        reason: new.reason,
    };
    written.note(&tx, Some(&new.value)).await?;
    tx.commit().await?;
    heed(ctx).await;

    let rows = store::settings(&ctx.read()?, Some(std::slice::from_ref(&name.key))).await?;
    let mut shown = Sight::of(ctx, &rows).show(name, row.version);
    // As this write left it, whatever came after.
    shown.version = row.version;
    shown.row = Some(Model {
        ciphertext: None,
        ..row
    });
    Ok(shown)
}

/// Unset a setting in one environment or in all: what is said elsewhere holds again. Its history
/// stays.
pub async fn delete(ctx: &Ctx, name: &Name, reason: Option<String>, expect: &Expect) -> Result<()> {
    may_write(ctx, name, declared(&name.key), expect)?;
    let mut check = Check::default();
    check.maybe("/reason", reason.as_ref(), TEXT);
    check.done()?;
    let tx = ctx.write().await?;
    let revision = store::raise(&tx).await?;
    let before = store::setting(&tx, name).await?;
    let before = before.ok_or_else(|| Error::NoSetting {
        key: name.key.clone(),
    })?;
    expect.check_version(before.version)?;
    policy::write(&ctx.actor, &name.key, before.is_sensitive)?;
    store::delete(&tx, &before).await?;
    let written = Written {
        before: Some(&before),
        after: None,
        version: before.version + 1,
        revision,
        reason,
    };
    written.note(&tx, None).await?;
    tx.commit().await?;
    heed(ctx).await;
    Ok(())
}

/// Refuse who may not, who does not say what they have read, and what would have no effect.
fn may_write(
    ctx: &Ctx,
    name: &Name,
    declared: Option<&dyn Described>,
    expect: &Expect,
) -> Result<()> {
    let secret = declared.is_some_and(Described::sensitive);
    policy::write(&ctx.actor, &name.key, secret)?;
    if !expect.matters() {
        return Err(Common::VersionRequired.into());
    }
    let environment = name.environment.as_str();
    let ours = [EVERYWHERE, ctx.settings().environment.name()].contains(&environment);
    let configuration = ctx.configuration();
    if ours && configuration.given.in_environment(&name.key).is_some() {
        let variable = Given::variable(&name.key);
        return Err(Error::OverriddenByEnvironment { variable }.into());
    }
    Ok(())
}

/// The version that the setting stands at, which must be one that is expected.
async fn stands_at(tx: &Write, name: &Name, row: Option<&Model>, expect: &Expect) -> Result<i64> {
    let version = match row {
        Some(row) => row.version,
        None => store::last_version(tx, name).await?.unwrap_or_default(),
    };
    expect.check_version(version)?;
    Ok(version)
}

/// The row as it will stand.
fn changed(
    tx: &Write,
    name: &Name,
    new: &NewValue,
    (before, alike): (Option<&Model>, Option<&Model>),
    version: i64,
) -> Result<Model> {
    let declared = declared(&name.key);
    let sensitive = match (declared, alike) {
        (Some(declared), _) => declared.sensitive(),
        (None, Some(alike)) => alike.is_sensitive,
        (None, None) => new.is_sensitive.unwrap_or(false),
    };
    let mut check = Check::default();
    if new.is_sensitive.is_some_and(|asked| asked != sensitive) {
        check.wrong("/is_sensitive", "cannot be another than it is");
    }
    let schema = schema(declared, alike, &new.value, &mut check);
    check.done()?;

    let mut row = Model {
        id: before.map_or_else(|| tx.fresh(), |row| row.id),
        key: name.key.clone(),
        environment: name.environment.clone(),
        value: Some(new.value.clone()),
        ciphertext: None,
        key_id: None,
        value_schema: schema,
        description: new
            .description
            .clone()
            .or_else(|| before.and_then(|row| row.description.clone())),
        is_active: new
            .is_active
            .unwrap_or_else(|| before.is_none_or(|row| row.is_active)),
        is_sensitive: sensitive,
        created_by: before.map_or_else(|| tx.actor.user(), |row| row.created_by),
        version,
        created_at: before.map_or(tx.now, |row| row.created_at),
        updated_at: tx.now,
    };
    if sensitive {
        row.value = None;
        row.ciphertext = Some(seal(tx, &place_of(&row), &new.value));
        row.key_id = Some(tx.services().keyring.current().to_owned());
    }
    Ok(row)
}

/// What the value must look like. The program says so of a setting that it knows; any other is of the
/// type that its first value has.
fn schema(
    declared: Option<&dyn Described>,
    alike: Option<&Model>,
    value: &Value,
    check: &mut Check,
) -> Option<Value> {
    if let Some(declared) = declared {
        if let Err(what) = declared.check(value) {
            check.wrong("/value", what);
        }
        return None;
    }
    let schema = alike.and_then(|row| row.value_schema.clone()).or_else(|| {
        let first = alike.and_then(|row| row.value.as_ref()).unwrap_or(value);
        Some(json!({ "type": type_of(first) }))
    });
    let wanted = schema.as_ref().and_then(|schema| schema["type"].as_str());
    if let Some(wanted) = wanted.filter(|wanted| *wanted != type_of(value)) {
        check.wrong("/value", format!("must be of the type `{wanted}`"));
    }
    schema
}

/// The type of `value`, as JSON Schema names it.
fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn seal(tx: &Write, place: &str, value: &Value) -> Encrypted {
    let services = tx.services();
    let plain = value.to_string();
    services
        .keyring
        .seal(&*services.chance, place, plain.as_bytes())
}

/// Let this process feel its own write before it answers; the others hear of it.
async fn heed(ctx: &Ctx) {
    if let Err(error) = load(&ctx.services).await {
        warn!(%error, "a setting was written, and is read later");
    }
}

/// A write of a setting.
struct Written<'a> {
    before: Option<&'a Model>,
    after: Option<&'a Model>,
    version: i64,
    revision: i64,
    reason: Option<String>,
}

impl Written<'_> {
    fn action(&self) -> SettingAction {
        match (self.before, self.after) {
            (_, None) => SettingAction::Delete,
            (None, _) => SettingAction::Create,
            _ => SettingAction::Update,
        }
    }

    /// Keep what was done, and tell of it; `value` is what stands there now.
    async fn note(self, tx: &Write, value: Option<&Value>) -> Result<()> {
        let Some(row) = self.after.or(self.before) else {
            return Ok(());
        };
        let entry = self.entry(tx, row, value);
        let event = Event::setting(&entry, row.is_sensitive);
        store::put_history(tx, entry).await?;
        webhook::emit(tx, event).await?;
        tx.signal(Signal::SettingChanged(row.id));
        let told = |row: &Model| {
            json!({
                "key": row.key, "environment": row.environment, "value": row.value,
                "description": row.description, "is_active": row.is_active,
                "is_sensitive": row.is_sensitive, "version": row.version,
            })
        };
        let entry = audit::Entry {
            action: match self.action() {
                SettingAction::Create => "setting.create",
                SettingAction::Delete => "setting.delete",
                SettingAction::Update | SettingAction::Rollback => "setting.update",
            },
            resource_type: "setting",
            resource_id: row.id.to_string(),
            before: self.before.map(told),
            after: self.after.map(told),
        };
        audit::record(tx, entry).await
    }

    /// The entry in the history. A secret is sealed for the entry: it opens nowhere else.
    fn entry(&self, tx: &Write, row: &Model, value: Option<&Value>) -> setting_history::Model {
        let id = tx.fresh();
        let named = (row.environment.as_str(), row.key.as_str());
        let kept = |what: &str, value: &Value| {
            let table = format!("configuration_history/{what}");
            seal(tx, &place(&table, id, named, self.version), value)
        };
        let keyring = &tx.services().keyring;
        let old = self.before.map(|row| super::stored::value(row, keyring));
        let (mut old_ciphertext, mut new_ciphertext) = (None, None);
        if row.is_sensitive {
            // What does not open any more cannot be kept either.
            let old = old.and_then(std::result::Result::ok);
            old_ciphertext = old.map(|old| kept("old", &old));
            new_ciphertext = value.map(|value| kept("new", value));
        }
        setting_history::Model {
            id,
            key: row.key.clone(),
            environment: row.environment.clone(),
            version: self.version,
            revision: self.revision,
            action: self.action(),
            old_value: self.before.and_then(|row| row.value.clone()),
            new_value: self.after.and_then(|row| row.value.clone()),
            old_ciphertext,
            new_ciphertext,
            changed_by: tx.actor.user(),
            reason: self.reason.clone(),
            request_id: Some(tx.request.id.clone()).filter(|id| !id.is_empty()),
            created_at: tx.now,
            updated_at: tx.now,
        }
    }
}
