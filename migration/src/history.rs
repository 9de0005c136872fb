//! What was applied: the standard `seaql_migrations` table, read without making it.

use sea_orm_migration::sea_orm::{EntityTrait, QueryOrder};
use sea_orm_migration::{IntoSchemaManagerConnection, SchemaManager, seaql_migrations};
use serde::Serialize;

use crate::error::Error;
use crate::step::STEPS;

/// Where a database stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Status {
    /// The steps that are applied, oldest first.
    pub applied: Vec<String>,
    /// The steps that are not, oldest first.
    pub pending: Vec<String>,
    /// Names in the history that no step here has.
    pub unknown: Vec<String>,
}

/// Where the database behind `db` stands. Reads only, and makes nothing.
pub async fn status<'c>(db: impl IntoSchemaManagerConnection<'c>) -> Result<Status, Error> {
    let recorded = recorded(&SchemaManager::new(db)).await?;
    let known = STEPS.iter().map(|step| step.name.to_owned());
    let (applied, pending) = known.partition(|name| recorded.contains(name));
    let is_step = |name: &String| STEPS.iter().any(|step| step.name == name);
    let unknown = recorded
        .iter()
        .filter(|name| !is_step(name))
        .cloned()
        .collect();
    Ok(Status {
        applied,
        pending,
        unknown,
    })
}

async fn recorded(manager: &SchemaManager<'_>) -> Result<Vec<String>, Error> {
    if !manager.has_table("seaql_migrations").await? {
        return Ok(Vec::new());
    }
    let rows = seaql_migrations::Entity::find()
        .order_by_asc(seaql_migrations::Column::Version)
        .all(manager.get_connection())
        .await?;
    Ok(rows.into_iter().map(|row| row.version).collect())
}
