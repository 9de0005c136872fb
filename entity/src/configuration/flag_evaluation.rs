//! Evaluations of flags, counted by the hour.

use sea_orm::entity::prelude::*;

use crate::declare::{Declaration, Declared, Index};
use crate::id::FlagEvaluationId;

/// How often a flag answered with a variant within an hour.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "flag_evaluations")]
pub struct Model {
    /// The count's id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: FlagEvaluationId,
    /// The flag's name.
    #[sea_orm(column_type = "String(StringLen::N(255))")]
    pub flag: String,
    /// Where it was asked.
    #[sea_orm(column_type = "String(StringLen::N(255))")]
    pub environment: String,
    /// The answer.
    #[sea_orm(column_type = "String(StringLen::N(255))")]
    pub variant: String,
    /// Where the hour begins.
    pub hour: DateTimeUtc,
    /// How often.
    #[sea_orm(default_value = 0)]
    pub count: i64,
    /// When the row was made.
    pub created_at: DateTimeUtc,
    /// When the row last changed.
    pub updated_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}

impl Declared for Entity {
    const DECLARATION: Declaration = Declaration {
        indexes: &[
            Index::unique(&["flag", "environment", "variant", "hour"]),
            Index::on(&["hour", "id"]),
        ],
        ..Declaration::PLAIN
    };
}
