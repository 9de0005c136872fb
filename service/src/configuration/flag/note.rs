//! A write of a flag is kept, and told.

use entity::configuration::flag::Model;
use entity::configuration::flag_history::{self, FlagAction};
use serde_json::{Value, json};

use super::store;
use crate::audit;
use crate::error::Result;
use crate::webhook::{self, Event};
use crate::write::Write;

/// A write of a flag.
pub(super) struct Written<'a> {
    pub(super) action: FlagAction,
    pub(super) before: Option<&'a Model>,
    pub(super) after: Option<&'a Model>,
    pub(super) revision: i64,
    pub(super) reason: Option<String>,
}

impl Written<'_> {
    /// Keep what was done, and tell of it.
    pub(super) async fn note(self, tx: &Write) -> Result<()> {
        let Some(row) = self.after.or(self.before) else {
            return Ok(());
        };
        let entry = flag_history::Model {
            id: tx.fresh(),
            key: row.key.clone(),
            environment: row.environment.clone(),
            // A flag that is gone was gone one version later.
            version: row.version + i64::from(self.after.is_none()),
            revision: self.revision,
            action: self.action,
            before: self.before.map(told),
            after: self.after.map(told),
            changed_by: tx.actor.user(),
            reason: self.reason,
            request_id: Some(tx.request.id.clone()).filter(|id| !id.is_empty()),
            created_at: tx.now,
            updated_at: tx.now,
        };
        let event = Event::flag(&entry, row);
        store::put_history(tx, entry).await?;
        webhook::emit(tx, event).await?;
        let entry = audit::Entry {
            action: match self.action {
                FlagAction::Create => "flag.create",
                FlagAction::Archive => "flag.archive",
                FlagAction::Delete => "flag.delete",
                FlagAction::Update | FlagAction::Rollback => "flag.update",
            },
            resource_type: "flag",
            resource_id: row.id.to_string(),
            before: self.before.map(told),
            after: self.after.map(told),
        };
        audit::record(tx, entry).await
    }
}

/// All that a flag is, so that it can be put back.
fn told(row: &Model) -> Value {
    json!({
        "description": row.description, "kind": row.kind, "variants": row.variants,
        "default_variant": row.default_variant, "enabled": row.enabled, "rules": row.rules,
        "salt": row.salt, "owner": row.owner, "expires_at": row.expires_at,
        "archived_at": row.archived_at, "version": row.version,
    })
}
