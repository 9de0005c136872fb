//! A row that was removed, put back from the audit log: the row alone, without its children and its
//! secrets.

use serde_json::Value;

use super::{law, note, permit, row, values};
use crate::ctx::Ctx;
use crate::error::{Common, Result};
use crate::explore::catalog::Entity;
use crate::explore::error::Error as Refusal;
use crate::explore::run;

/// Put a removed row back as it last stood, under its own key; its version goes on from there.
///
/// Refused when the log has no removal of it, when it is there, and when it had a secret that it
/// cannot be without.
pub async fn restore(ctx: &Ctx, entity: &'static Entity, key: &str) -> Result<String> {
    let access = permit(ctx, entity)?;
    ctx.actor.need_admin()?;
    if !law::may_restore(entity) {
        return Err(Refusal::ReadOnly {
            what: entity.plural.clone(),
        }
        .into());
    }
    let key = row::canonical(entity, key)?;
    let tx = ctx.write().await?;
    let before = run::last_removal(&tx, tx.engine(), &entity.single, &key).await?;
    let Some(Value::Object(mut members)) = before else {
        return Err(Common::NotFound {
            what: "removed row",
        }
        .into());
    };
    if let Some(version) = members.get("version").and_then(Value::as_i64) {
        members.insert("version".to_owned(), (version + 1).into());
    }
    let mut values = values::of_row(entity, &members)?;
    law::before_insert(&tx, entity, &mut values).await?;
    let key = row::insert(&tx, &access, entity, &values).await?;
    let after = row::held(&tx, &access, entity, &key).await?;
    note(&tx, entity, "restore", &key, None, after.as_ref()).await?;
    law::follow(&tx, entity, &key, None, after.as_ref()).await?;
    tx.commit().await?;
    Ok(key)
}
