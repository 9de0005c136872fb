//! Every query of the feeds.

use chrono::{DateTime, Utc};
use entity::Scope;
use sea_orm::{ColumnTrait, ConnectionTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::Followed;
use crate::error::Result;

/// Those of the rows that are inside the scope, in the order of their last changes.
pub(super) async fn rows<E: Followed>(
    conn: &impl ConnectionTrait,
    scope: Scope,
    ids: &[Uuid],
) -> Result<Vec<E::Model>> {
    let select = E::within(scope).filter(E::key().is_in(ids.iter().copied()));
    let select = select.order_by_asc(E::changed()).order_by_asc(E::key());
    Ok(select.all(conn).await?)
}

/// The first rows that changed since a moment, in the order of their last changes.
pub(super) async fn since<E: Followed>(
    conn: &impl ConnectionTrait,
    scope: Scope,
    since: DateTime<Utc>,
    most: u64,
) -> Result<Vec<E::Model>> {
    let select = E::within(scope).filter(E::changed().gte(since));
    let select = select.order_by_asc(E::changed()).order_by_asc(E::key());
    Ok(select.limit(most).all(conn).await?)
}
