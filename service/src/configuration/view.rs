//! Settings as the staff sees them: what holds, who says so, and what that overrides.

use std::collections::{BTreeMap, BTreeSet};

use entity::configuration::setting::Model;
use entity::configuration::setting_history;
use serde_json::Value;

use super::error::Error;
use super::name::Name;
use super::setting::Described;
use super::stored::Stored;
use super::{DECLARED, Layer, declared, policy, store};
use crate::ctx::Ctx;
use crate::error::Result;
use crate::page::{Order, Page, Request, Total, open_text, seal_bytes};

/// A setting as the staff sees it.
#[derive(Clone, Debug)]
pub struct Shown {
    /// Its name: its key, and the environment whose row is meant.
    pub name: Name,
    /// The row of that environment; its value is gone where it is a secret.
    pub row: Option<Model>,
    /// What a change of that row must name: its version; where there is none, the last that there
    /// was, or 0.
    pub version: i64,
    /// What is said of it in the process's own environment, what counts first; without the values
    /// where they are secrets.
    pub layers: Vec<Layer>,
    /// How the program declares it, where it knows it.
    pub declared: Option<&'static dyn Described>,
    /// Whether its value is a secret.
    pub sensitive: bool,
}

/// One write of a setting, without values that are secrets.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The entry.
    pub row: setting_history::Model,
    /// Whether its values are secrets.
    pub sensitive: bool,
}

/// One setting, with the row of `name`'s environment.
pub async fn setting(ctx: &Ctx, name: Name) -> Result<Shown> {
    policy::read(&ctx.actor)?;
    let conn = ctx.read()?;
    let rows = store::settings(&conn, Some(std::slice::from_ref(&name.key))).await?;
    let last = store::last_version(&conn, &name).await?;
    let shown = Sight::of(ctx, &rows).show(name, last.unwrap_or_default());
    let known = shown.declared.is_some() || !rows.is_empty() || last.is_some();
    if known {
        Ok(shown)
    } else {
        let key = shown.name.key;
        Err(Error::NoSetting { key }.into())
    }
}

/// One page of the settings that the program knows or that somebody has set, by name, each with the
/// row of `environment`.
pub async fn settings(ctx: &Ctx, environment: &str, page: Request) -> Result<Page<Shown>> {
    policy::read(&ctx.actor)?;
    let limit = page.limit()?;
    let list = format!("settings of {environment}");
    let after = page.after.as_deref();
    let after = after
        .map(|cursor| open_text(&list, Order::Oldest, cursor))
        .transpose()?;
    let conn = ctx.read()?;
    let mut keys: BTreeSet<String> = store::keys(&conn).await?.into_iter().collect();
    keys.extend(DECLARED.iter().map(|setting| setting.key().to_owned()));
    let total = page.count.map(|_| Total {
        count: keys.len() as u64,
        exact: true,
    });
    let more = usize::try_from(limit).unwrap_or(usize::MAX);
    let keys: Vec<String> = keys
        .into_iter()
        .filter(|key| after.as_ref().is_none_or(|after| key > after))
        .take(more.saturating_add(1))
        .collect();
    let rows = store::settings(&conn, Some(&keys)).await?;
    let sight = Sight::of(ctx, &rows);
    let shown = keys.into_iter().map(|key| {
        let environment = environment.to_owned();
        sight.show(Name { key, environment }, 0)
    });
    Ok(Page::cut(shown.collect(), limit, total, |last: &Shown| {
        seal_bytes(&list, Order::Oldest, last.name.key.as_bytes())
    }))
}

/// One page of the writes of a setting, the last first.
pub async fn history(ctx: &Ctx, name: &Name, page: Request) -> Result<Page<Entry>> {
    policy::read(&ctx.actor)?;
    let found = store::history(&ctx.read()?, name, page).await?;
    if found.items.is_empty() {
        // Nothing was written; or there is no such thing.
        setting(ctx, name.clone()).await?;
    }
    Ok(found.map(|mut row| {
        let old = row.old_ciphertext.take();
        let new = row.new_ciphertext.take();
        Entry {
            sensitive: old.is_some() || new.is_some(),
            row,
        }
    }))
}

/// Rows, seen from the process's environment.
pub(super) struct Sight<'a> {
    ctx: &'a Ctx,
    rows: BTreeMap<(&'a str, &'a str), &'a Model>,
    stored: Stored,
}

impl<'a> Sight<'a> {
    pub(super) fn of(ctx: &'a Ctx, rows: &'a [Model]) -> Self {
        let services = &ctx.services;
        let environment = services.settings.environment.name();
        Self {
            ctx,
            rows: rows
                .iter()
                .map(|row| ((row.key.as_str(), row.environment.as_str()), row))
                .collect(),
            stored: Stored::of(rows, environment, &services.keyring),
        }
    }

    /// The setting `name`; `last` is the version that it had last, if its row is gone.
    pub(super) fn show(&self, name: Name, last: i64) -> Shown {
        let row = self.rows.get(&(&*name.key, &*name.environment)).copied();
        let declared = declared(&name.key);
        let mut named = self.rows.range((&*name.key, "")..);
        let secret = named
            .by_ref()
            .take_while(|((key, _), _)| *key == name.key)
            .any(|(_, row)| row.is_sensitive);
        let sensitive = secret || declared.is_some_and(Described::sensitive);
        let mut layers = self
            .ctx
            .configuration()
            .layers_with(&name.key, &self.stored);
        let mut row = row.cloned();
        if let Some(row) = &mut row {
            row.ciphertext = None;
        }
        if sensitive {
            for layer in &mut layers {
                layer.value = Value::Null;
            }
        }
        Shown {
            version: row.as_ref().map_or(last, |row| row.version),
            name,
            row,
            layers,
            declared,
            sensitive,
        }
    }
}
