//! A setting: a value that operators change while the program runs.

use sea_orm::entity::prelude::*;

use crate::declare::{Check, Declaration, Declared, Index};
use crate::id::{SettingId, UserId};
use crate::types::Encrypted;

/// A value that operators change while the program runs.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "configuration_settings")]
pub struct Model {
    /// The setting's id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: SettingId,
    /// Its name, such as `features.max_agents_per_user`.
    #[sea_orm(column_type = "String(StringLen::N(255))")]
    pub key: String,
    /// Where it holds: an environment, or `all`.
    #[sea_orm(column_type = "String(StringLen::N(255))", default_value = "all")]
    pub environment: String,
    /// The value, unless it is sensitive.
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub value: Option<Json>,
    /// The value of a sensitive one.
    #[sea_orm(column_type = "Text", nullable)]
    pub ciphertext: Option<Encrypted>,
    /// The key that encrypted it.
    #[sea_orm(column_type = "String(StringLen::N(255))", nullable)]
    pub key_id: Option<String>,
    /// What a value must look like.
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub value_schema: Option<Json>,
    /// What it does.
    #[sea_orm(column_type = "Text", nullable)]
    pub description: Option<String>,
    /// Whether it holds; an inactive one is as if it were not there.
    #[sea_orm(default_value = true)]
    pub is_active: bool,
    /// Whether its value is never shown.
    #[sea_orm(default_value = false)]
    pub is_sensitive: bool,
    /// Who made it.
    pub created_by: Option<UserId>,
    /// Raised by every update.
    #[sea_orm(default_value = 1)]
    pub version: i64,
    /// When the row was made.
    pub created_at: DateTimeUtc,
    /// When the row last changed.
    pub updated_at: DateTimeUtc,

    /// Who made it.
    #[sea_orm(belongs_to, from = "created_by", to = "id", on_delete = "SetNull")]
    pub creator: BelongsTo<Option<crate::identity::user::Entity>>,
}

impl ActiveModelBehavior for ActiveModel {}

impl Declared for Entity {
    const DECLARATION: Declaration = Declaration {
        indexes: &[
            Index::unique(&["key", "environment"]),
            Index::on(&["created_by"]),
        ],
        checks: &[Check::new(
            "configuration_settings_value_check",
            "(value IS NULL) <> (ciphertext IS NULL)",
        )],
        secrets: &["ciphertext"],
        ..Declaration::PLAIN
    };
}
