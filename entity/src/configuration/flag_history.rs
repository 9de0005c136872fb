//! The history of flags: every write of each, without gaps.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::declare::{Declaration, Declared, Index};
use crate::id::{FlagHistoryId, UserId};

/// What was done to a flag.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "Enum", enum_name = "flag_action")]
#[serde(rename_all = "snake_case")]
pub enum FlagAction {
    /// It was made.
    #[sea_orm(string_value = "create")]
    Create,
    /// It was changed.
    #[sea_orm(string_value = "update")]
    Update,
    /// It was put away.
    #[sea_orm(string_value = "archive")]
    Archive,
    /// It was deleted.
    #[sea_orm(string_value = "delete")]
    Delete,
    /// It was put back to what it had been.
    #[sea_orm(string_value = "rollback")]
    Rollback,
}

/// One write of a flag.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "feature_flag_history")]
pub struct Model {
    /// The entry's id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: FlagHistoryId,
    /// The flag's name.
    #[sea_orm(column_type = "String(StringLen::N(255))")]
    pub key: String,
    /// Where it holds.
    #[sea_orm(column_type = "String(StringLen::N(255))")]
    pub environment: String,
    /// The flag's version after the write.
    pub version: i64,
    /// The moment, as `configuration_revision` counts it.
    pub revision: i64,
    /// What was done.
    pub action: FlagAction,
    /// The flag before.
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub before: Option<Json>,
    /// The flag after.
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub after: Option<Json>,
    /// Who did it; the id stays when the person is gone.
    pub changed_by: Option<UserId>,
    /// Why.
    #[sea_orm(column_type = "Text", nullable)]
    pub reason: Option<String>,
    /// The request that asked for it.
    #[sea_orm(column_type = "String(StringLen::N(255))", nullable)]
    pub request_id: Option<String>,
    /// When the row was made.
    pub created_at: DateTimeUtc,
    /// When the row last changed.
    pub updated_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}

impl Declared for Entity {
    const DECLARATION: Declaration = Declaration {
        indexes: &[
            Index::unique(&["key", "environment", "version"]),
            Index::on(&["created_at", "id"]),
        ],
        ..Declaration::PLAIN
    };
}
