//! A segment: people whom several flags name together.

use sea_orm::entity::prelude::*;

use crate::declare::{Declaration, Declared, Index};
use crate::id::SegmentId;
use crate::types::StringList;

/// People whom several flags name together.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "segments")]
pub struct Model {
    /// The segment's id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: SegmentId,
    /// Its name in rules.
    #[sea_orm(column_type = "String(StringLen::N(255))")]
    pub key: String,
    /// Where it holds: an environment, or `all`.
    #[sea_orm(column_type = "String(StringLen::N(255))", default_value = "all")]
    pub environment: String,
    /// Who they are.
    #[sea_orm(column_type = "Text", nullable)]
    pub description: Option<String>,
    /// Targeting keys that are in it whatever the rules say.
    #[sea_orm(column_type = "JsonBinary", default_value = "[]")]
    pub included: StringList,
    /// Targeting keys that are not in it whatever the rules say.
    #[sea_orm(column_type = "JsonBinary", default_value = "[]")]
    pub excluded: StringList,
    /// The conditions under which anybody else is in it.
    #[sea_orm(column_type = "JsonBinary", default_value = "[]")]
    pub rules: Json,
    /// Raised by every update.
    #[sea_orm(default_value = 1)]
    pub version: i64,
    /// When the row was made.
    pub created_at: DateTimeUtc,
    /// When the row last changed.
    pub updated_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}

impl Declared for Entity {
    const DECLARATION: Declaration = Declaration {
        indexes: &[Index::unique(&["key", "environment"])],
        ..Declaration::PLAIN
    };
}
