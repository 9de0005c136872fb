//! The table `threads`.

use sea_orm::entity::prelude::*;

/// A row of `threads`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "threads")]
pub struct Model {
    /// The column `thread_id`.
    #[sea_orm(primary_key)]
    pub thread_id: Uuid,
    /// The column `vlab_id`.
    pub vlab_id: Option<Uuid>,
    /// The column `project_id`.
    pub project_id: Option<Uuid>,
    /// The column `title`.
    pub title: String,
    /// The column `creation_date`.
    pub creation_date: DateTimeUtc,
    /// The column `update_date`.
    pub update_date: DateTimeUtc,
    /// The column `user_id`.
    pub user_id: Uuid,

    /// The rows of `messages` that point here.
    #[sea_orm(has_many)]
    pub messages: HasMany<super::messages::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
