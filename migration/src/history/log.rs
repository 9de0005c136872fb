//! What was done to the history, one row each; nothing is ever taken out.

use std::collections::BTreeSet;

use sea_orm_migration::sea_orm;
use sea_orm_migration::sea_orm::QueryOrder;
use sea_orm_migration::sea_orm::entity::prelude::*;

use crate::adopt::has_table;
use crate::error::Error;
use crate::step::{STEPS, Step};

/// Done where somebody goes on from drift as it is.
pub(crate) const ACCEPTED: &str = "accept drift";

/// Something that was done.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "chancery_migration_log")]
pub(crate) struct Model {
    /// Its number: the time and a count, so that numbers sort by time.
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub(crate) id: String,
    /// To which step.
    #[sea_orm(column_type = "Text")]
    pub(crate) step: String,
    /// `up`, `down`, `failed`, `resolve applied`, `resolve rolled back`, `accept drift`, `adopt`, `with indexes`.
    #[sea_orm(column_type = "Text")]
    pub(crate) action: String,
    /// By whom.
    #[sea_orm(column_type = "Text")]
    pub(crate) actor: String,
    /// By which version of the program.
    #[sea_orm(column_type = "Text")]
    pub(crate) program: String,
    /// Why.
    #[sea_orm(column_type = "Text")]
    pub(crate) reason: Option<String>,
    /// When: RFC 3339, UTC.
    #[sea_orm(column_type = "Text")]
    pub(crate) at: String,
}

/// Entries stand for themselves.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// The steps that are applied as far as anybody noted, whatever the lists say.
pub(crate) async fn noted(db: &impl ConnectionTrait) -> Result<BTreeSet<String>, Error> {
    let mut applied = BTreeSet::new();
    if !has_table(db, None, "chancery_migration_log").await? {
        return Ok(applied);
    }
    for row in Entity::find().order_by_asc(Column::Id).all(db).await? {
        match row.action.as_str() {
            "up" | "resolve applied" => {
                applied.insert(row.step);
            }
            "down" | "resolve rolled back" => {
                // With a step go those that it stands for.
                let step = STEPS.iter().find(|step| step.name == row.step);
                for replaced in step.into_iter().flat_map(Step::replaces) {
                    applied.remove(replaced);
                }
                applied.remove(&row.step);
            }
            _ => {}
        }
    }
    Ok(applied)
}
