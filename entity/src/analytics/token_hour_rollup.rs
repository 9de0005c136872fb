//! Tokens by the hour: what charts are drawn from whose days are not those of UTC.

use sea_orm::entity::prelude::*;

use crate::conversation::token_consumption::{TokenTask, TokenType};
use crate::declare::{Declaration, Declared, Index};
use crate::id::TokenHourRollupId;

/// The tokens of one model, task and type within an hour.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "token_hour_rollups")]
pub struct Model {
    /// The sum's id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: TokenHourRollupId,
    /// Where the hour begins.
    pub bucket_start: DateTimeUtc,
    /// The model, cut at 255 characters.
    #[sea_orm(column_type = "String(StringLen::N(255))")]
    pub model: String,
    /// What the model was asked for.
    pub task: TokenTask,
    /// What the tokens were.
    #[sea_orm(column_name = "type")]
    pub kind: TokenType,
    /// How many tokens.
    #[sea_orm(default_value = 0)]
    pub count: i64,
    /// How many messages they are of.
    #[sea_orm(default_value = 0)]
    pub messages: i64,
    /// When the row was made.
    pub created_at: DateTimeUtc,
    /// When the row last changed.
    pub updated_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}

impl Declared for Entity {
    const DECLARATION: Declaration = Declaration {
        indexes: &[Index::unique(&["bucket_start", "model", "task", "type"])],
        ..Declaration::PLAIN
    };
}
