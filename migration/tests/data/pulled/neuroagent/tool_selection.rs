//! The table `tool_selection`.

use sea_orm::entity::prelude::*;

/// A row of `tool_selection`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "tool_selection")]
pub struct Model {
    /// The column `id`.
    #[sea_orm(primary_key)]
    pub id: Uuid,
    /// The column `message_id`.
    pub message_id: Uuid,
    /// The column `tool_name`.
    pub tool_name: String,

    /// The row of `messages` that `message_id` names.
    #[sea_orm(
        belongs_to,
        from = "message_id",
        to = "message_id"
    )]
    pub message: BelongsTo<super::messages::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
