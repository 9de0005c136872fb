//! Tokens by the quarter of an hour and by person.

use sea_orm::entity::prelude::*;

use crate::conversation::token_consumption::{TokenTask, TokenType};
use crate::declare::{Declaration, Declared, Index};
use crate::id::{TokenUserRollupId, UserId};

/// The tokens of one person, model, task and type within a quarter of an hour.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "token_user_rollups")]
pub struct Model {
    /// The sum's id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: TokenUserRollupId,
    /// Where the quarter of an hour begins.
    pub bucket_start: DateTimeUtc,
    /// Whose tokens they are.
    pub user_id: UserId,
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

    /// Whose tokens they are, when they are known here.
    #[sea_orm(belongs_to, from = "user_id", to = "id", skip_fk)]
    pub user: BelongsTo<crate::identity::user::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

impl Declared for Entity {
    const DECLARATION: Declaration = Declaration {
        indexes: &[
            Index::unique(&["bucket_start", "user_id", "model", "task", "type"]),
            Index::on(&["user_id", "bucket_start", "id"]),
        ],
        ..Declaration::PLAIN
    };
}
