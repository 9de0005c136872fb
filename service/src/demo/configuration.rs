//! Settings with their history, and the revision that settings and flags share.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use entity::configuration::setting_history::{self, SettingAction};
use entity::configuration::{revision, setting};
use entity::id::SettingHistoryId;
use entity::types::Encrypted;
use serde_json::{Value, json};

use super::audit::Log;
use super::dice::Dice;
use super::people::People;
use super::rows::Rows;
use super::setting::{Story, stories};
use super::{DAYS, flag};
use crate::configuration;
use crate::error::Result;

/// What counts the writes of settings and flags.
#[derive(Debug, Default)]
pub(super) struct Revision(i64);

impl Revision {
    pub(super) fn next(&mut self) -> i64 {
        self.0 += 1;
        self.0
    }
}

/// Write settings and flags.
pub(super) async fn write(rows: &mut Rows<'_>, people: &People, log: &mut Log) -> Result<()> {
    let dice = Dice::of("configuration");
    let mut revision = Revision::default();
    let mut settings = Settings {
        rows,
        dice: &dice,
        people,
        log,
        now: Vec::new(),
        history: Vec::new(),
        secrets: BTreeMap::new(),
    };
    let mut changes: Vec<_> = stories()
        .into_iter()
        .flat_map(|story| {
            let Story {
                key,
                environment,
                description,
                sensitive,
                values,
            } = story;
            values.into_iter().map(move |(days, value, reason)| Change {
                key,
                environment,
                description,
                sensitive,
                days,
                value,
                reason,
            })
        })
        .collect();
    changes.sort_by_key(|change| std::cmp::Reverse(change.days));
    for change in changes {
        settings.set(change, revision.next());
    }
    let (all, history) = (settings.now, settings.history);
    rows.put(setting::Entity, all).await?;
    rows.put(setting_history::Entity, history).await?;
    flag::write(rows, &dice, people, log, &mut revision).await?;
    let counted = revision::Model {
        id: revision::Entity::ID,
        revision: revision.0,
        created_at: rows.days_ago(DAYS),
        updated_at: rows.days_ago(1),
    };
    rows.put(revision::Entity, vec![counted]).await
}

/// One write of a setting.
struct Change {
    key: &'static str,
    environment: &'static str,
    description: &'static str,
    sensitive: bool,
    days: i64,
    value: Value,
    reason: &'static str,
}

/// The settings as they stand, with how they came to.
struct Settings<'a, 'b> {
    rows: &'a Rows<'b>,
    dice: &'a Dice,
    people: &'a People,
    log: &'a mut Log,
    now: Vec<setting::Model>,
    history: Vec<setting_history::Model>,
    /// The values that are secrets, as they stand.
    secrets: BTreeMap<(&'static str, &'static str), Value>,
}

impl Settings<'_, '_> {
    fn set(&mut self, change: Change, revision: i64) {
        let by = if change.sensitive {
            self.people.admin
        } else {
            self.people.operator
        };
        let at: DateTime<Utc> =
            self.rows.days_ago(change.days) + TimeDelta::seconds(self.dice.number(0, 3_000));
        let place = self
            .now
            .iter()
            .position(|row| row.key == change.key && row.environment == change.environment);
        let before = place.map(|place| self.now[place].clone());
        let version = before.as_ref().map_or(1, |row| row.version + 1);
        let id = before
            .as_ref()
            .map_or_else(|| self.dice.id(at), |row| row.id);
        let entry: SettingHistoryId = self.dice.id(at);
        let named = (change.environment, change.key);
        let seal = |table: &str, id: uuid::Uuid, value: &Value| {
            let place = configuration::place(table, id, named, version);
            self.rows.seal(&place, value.to_string().as_bytes())
        };
        let sealed = |table: &str, id: uuid::Uuid, value: &Value| -> Option<Encrypted> {
            change.sensitive.then(|| seal(table, id, value))
        };
        let ciphertext = sealed("configuration_settings", id.0, &change.value);
        let last = self
            .secrets
            .insert((change.key, change.environment), change.value.clone());
        let old_ciphertext =
            last.and_then(|last| sealed("configuration_history/old", entry.0, &last));
        let new_ciphertext = sealed("configuration_history/new", entry.0, &change.value);
        let value = Some(change.value).filter(|_| !change.sensitive);
        let row = setting::Model {
            id,
            key: change.key.to_owned(),
            environment: change.environment.to_owned(),
            value: value.clone(),
            // `v1.<key id>.…`, as `secret` writes it.
            key_id: ciphertext
                .as_ref()
                .and_then(|text| text.0.split('.').nth(1).map(str::to_owned)),
            ciphertext,
            value_schema: None,
            description: Some(change.description.to_owned()),
            is_active: true,
            is_sensitive: change.sensitive,
            created_by: Some(
                before
                    .as_ref()
                    .map_or(by.id, |row| row.created_by.unwrap_or(by.id)),
            ),
            version,
            created_at: before.as_ref().map_or(at, |row| row.created_at),
            updated_at: at,
        };
        let action = if before.is_some() {
            SettingAction::Update
        } else {
            SettingAction::Create
        };
        let old_value = before.as_ref().and_then(|row| row.value.clone());
        self.log.note(
            at,
            Some(by),
            if before.is_some() {
                "setting.update"
            } else {
                "setting.create"
            },
            ("setting", id.to_string()),
            (
                before
                    .as_ref()
                    .map(|row| json!({ "version": row.version, "value": row.value })),
                Some(json!({ "version": version, "value": value })),
            ),
        );
        self.history.push(setting_history::Model {
            id: entry,
            key: change.key.to_owned(),
            environment: change.environment.to_owned(),
            version,
            revision,
            action,
            old_value,
            new_value: value,
            old_ciphertext,
            new_ciphertext,
            changed_by: Some(by.id),
            reason: Some(change.reason.to_owned()).filter(|reason| !reason.is_empty()),
            request_id: Some(self.dice.uuid().to_string()),
            created_at: at,
            updated_at: at,
        });
        match place {
            Some(place) => self.now[place] = row,
            None => self.now.push(row),
        }
    }
}
