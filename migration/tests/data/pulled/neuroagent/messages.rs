//! The table `messages`.

use sea_orm::entity::prelude::*;

use super::enums::EntityValue;

/// A row of `messages`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "messages")]
pub struct Model {
    /// The column `message_id`.
    #[sea_orm(primary_key)]
    pub message_id: Uuid,
    /// The column `creation_date`.
    pub creation_date: DateTimeUtc,
    /// The column `content`.
    pub content: String,
    /// The column `thread_id`.
    pub thread_id: Uuid,
    /// The column `entity`.
    pub entity: EntityValue,
    /// The column `is_complete`.
    pub is_complete: bool,
    /// The column `search_vector`.
    #[sea_orm(column_type = "custom(\"tsvector\")", nullable)]
    pub search_vector: Option<String>,

    /// The row of `threads` that `thread_id` names.
    #[sea_orm(
        belongs_to,
        from = "thread_id",
        to = "thread_id"
    )]
    pub thread: BelongsTo<super::threads::Entity>,

    /// The rows of `complexity_estimation` that point here.
    #[sea_orm(has_many)]
    pub complexity_estimation: HasMany<super::complexity_estimation::Entity>,

    /// The rows of `token_consumption` that point here.
    #[sea_orm(has_many)]
    pub token_consumption: HasMany<super::token_consumption::Entity>,

    /// The rows of `tool_calls` that point here.
    #[sea_orm(has_many)]
    pub tool_calls: HasMany<super::tool_calls::Entity>,

    /// The rows of `tool_selection` that point here.
    #[sea_orm(has_many)]
    pub tool_selection: HasMany<super::tool_selection::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
