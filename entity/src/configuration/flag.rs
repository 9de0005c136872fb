//! A feature flag: a question that the program answers differently for different people.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::declare::{Declaration, Declared, Index};
use crate::id::FlagId;

/// What a flag's variants are.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "Enum", enum_name = "flag_kind")]
#[serde(rename_all = "snake_case")]
pub enum FlagKind {
    /// True or false.
    #[sea_orm(string_value = "boolean")]
    Boolean,
    /// Texts.
    #[sea_orm(string_value = "string")]
    String,
    /// Numbers.
    #[sea_orm(string_value = "number")]
    Number,
    /// JSON objects.
    #[sea_orm(string_value = "object")]
    Object,
}

/// A question that is answered differently for different people.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "feature_flags")]
pub struct Model {
    /// The flag's id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: FlagId,
    /// Its name.
    #[sea_orm(column_type = "String(StringLen::N(255))")]
    pub key: String,
    /// Where it holds: an environment, or `all`.
    #[sea_orm(column_type = "String(StringLen::N(255))", default_value = "all")]
    pub environment: String,
    /// What it decides.
    #[sea_orm(column_type = "Text", nullable)]
    pub description: Option<String>,
    /// What its variants are.
    pub kind: FlagKind,
    /// Its values, by name.
    #[sea_orm(column_type = "JsonBinary", default_value = "{}")]
    pub variants: Json,
    /// The variant for everybody whom no rule names.
    #[sea_orm(column_type = "String(StringLen::N(255))")]
    pub default_variant: String,
    /// Whether it is evaluated at all; the kill switch.
    #[sea_orm(default_value = false)]
    pub enabled: bool,
    /// Prerequisites, targets, conditions and percentages, in order.
    #[sea_orm(column_type = "JsonBinary", default_value = "[]")]
    pub rules: Json,
    /// What its buckets are drawn with.
    #[sea_orm(column_type = "String(StringLen::N(255))")]
    pub salt: String,
    /// Who answers for it.
    #[sea_orm(column_type = "String(StringLen::N(255))", nullable)]
    pub owner: Option<String>,
    /// When it should be gone.
    pub expires_at: Option<DateTimeUtc>,
    /// When it was put away.
    pub archived_at: Option<DateTimeUtc>,
    /// Raised by every update.
    #[sea_orm(default_value = 1)]
    pub version: i64,
    /// When the row was made.
    pub created_at: DateTimeUtc,
    /// When the row last changed.
    pub updated_at: DateTimeUtc,

    /// Its ramps.
    #[sea_orm(has_many)]
    pub ramps: HasMany<super::flag_ramp::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

impl Declared for Entity {
    const DECLARATION: Declaration = Declaration {
        indexes: &[Index::unique(&["key", "environment"])],
        ..Declaration::PLAIN
    };
}
