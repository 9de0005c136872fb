//! The history of settings: every write of each, without gaps.
//!
//! There is no foreign key to the setting: a key that was deleted and made again goes on with the
//! same history.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::declare::{Declaration, Declared, Index};
use crate::id::{SettingHistoryId, UserId};
use crate::types::Encrypted;

/// What was done to a setting.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "Enum", enum_name = "setting_action")]
#[serde(rename_all = "snake_case")]
pub enum SettingAction {
    /// It was made.
    #[sea_orm(string_value = "create")]
    Create,
    /// It was changed.
    #[sea_orm(string_value = "update")]
    Update,
    /// It was deleted.
    #[sea_orm(string_value = "delete")]
    Delete,
    /// It was put back to what it had been.
    #[sea_orm(string_value = "rollback")]
    Rollback,
}

/// One write of a setting.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "configuration_history")]
pub struct Model {
    /// The entry's id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: SettingHistoryId,
    /// The setting's name.
    #[sea_orm(column_type = "String(StringLen::N(255))")]
    pub key: String,
    /// Where it holds.
    #[sea_orm(column_type = "String(StringLen::N(255))")]
    pub environment: String,
    /// The setting's version after the write.
    pub version: i64,
    /// The moment, as `configuration_revision` counts it.
    pub revision: i64,
    /// What was done.
    pub action: SettingAction,
    /// The value before, unless it is sensitive.
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub old_value: Option<Json>,
    /// The value after, unless it is sensitive.
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub new_value: Option<Json>,
    /// The value before, of a sensitive one.
    #[sea_orm(column_type = "Text", nullable)]
    pub old_ciphertext: Option<Encrypted>,
    /// The value after, of a sensitive one.
    #[sea_orm(column_type = "Text", nullable)]
    pub new_ciphertext: Option<Encrypted>,
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
        secrets: &["old_ciphertext", "new_ciphertext"],
        ..Declaration::PLAIN
    };
}
