//! The audit log: who wrote what outside their own rows, with what stood there before and after.

use entity::platform::audit_log::{ActiveModel, AuditActor, Entity};
use sea_orm::{EntityTrait, Set};

use crate::actor::Actor;
use crate::error::Result;
use crate::write::Write;

/// What was done to what.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The verb, as `domain.verb`.
    pub action: &'static str,
    /// The row's kind.
    pub resource_type: &'static str,
    /// The row's id.
    pub resource_id: String,
    /// What stood there; never a secret.
    pub before: Option<serde_json::Value>,
    /// What stands there now; never a secret.
    pub after: Option<serde_json::Value>,
}

/// Put `entry` into the log, in the open write.
pub(crate) async fn record(tx: &Write, entry: Entry) -> Result<()> {
    let kind = match tx.actor {
        Actor::Anonymous => AuditActor::Anonymous,
        Actor::User { .. } => AuditActor::User,
        Actor::ApiKey { .. } => AuditActor::ApiKey,
        Actor::System(_) => AuditActor::System,
    };
    let request_id = Some(tx.request.id.clone()).filter(|id| !id.is_empty());
    Entity::insert(ActiveModel {
        id: Set(tx.fresh()),
        actor_kind: Set(kind),
        actor_id: Set(tx.actor.signature().1),
        action: Set(entry.action.to_owned()),
        resource_type: Set(entry.resource_type.to_owned()),
        resource_id: Set(entry.resource_id),
        before: Set(entry.before),
        after: Set(entry.after),
        request_id: Set(request_id),
        address: Set(tx.request.address.map(|address| address.to_string())),
        created_at: Set(tx.now),
        updated_at: Set(tx.now),
    })
    .exec_without_returning(tx)
    .await?;
    Ok(())
}
