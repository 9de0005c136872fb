//! The table `complexity_estimation`.

use sea_orm::entity::prelude::*;

use super::enums::Reasoninglevels;

/// A row of `complexity_estimation`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "complexity_estimation")]
pub struct Model {
    /// The column `id`.
    #[sea_orm(primary_key)]
    pub id: Uuid,
    /// The column `complexity`.
    pub complexity: Option<i32>,
    /// The column `model`.
    pub model: String,
    /// The column `reasoning`.
    pub reasoning: Option<Reasoninglevels>,
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
