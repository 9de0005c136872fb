//! The table `token_consumption`.

use sea_orm::entity::prelude::*;

use super::enums::Task;
use super::enums::Tokentype;

/// A row of `token_consumption`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "token_consumption")]
pub struct Model {
    /// The column `id`.
    #[sea_orm(primary_key)]
    pub id: Uuid,
    /// The column `message_id`.
    pub message_id: Uuid,
    /// The column `type`.
    pub r#type: Tokentype,
    /// The column `task`.
    pub task: Task,
    /// The column `count`.
    pub count: i32,
    /// The column `model`.
    pub model: String,

    /// The row of `messages` that `message_id` names.
    #[sea_orm(
        belongs_to,
        from = "message_id",
        to = "message_id"
    )]
    pub message: BelongsTo<super::messages::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
