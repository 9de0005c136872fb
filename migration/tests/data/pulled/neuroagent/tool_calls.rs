//! The table `tool_calls`.

use sea_orm::entity::prelude::*;

/// A row of `tool_calls`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "tool_calls")]
pub struct Model {
    /// The column `tool_call_id`.
    #[sea_orm(primary_key)]
    pub tool_call_id: String,
    /// The column `name`.
    pub name: String,
    /// The column `arguments`.
    pub arguments: String,
    /// The column `validated`.
    pub validated: Option<bool>,
    /// The column `message_id`.
    pub message_id: Uuid,

    /// The row of `messages` that `message_id` names.
    #[sea_orm(
        belongs_to,
        from = "message_id",
        to = "message_id"
    )]
    pub message: BelongsTo<super::messages::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
