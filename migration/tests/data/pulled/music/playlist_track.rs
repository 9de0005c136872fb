//! The table `playlist_track`.

use sea_orm::entity::prelude::*;

/// A row of `playlist_track`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "playlist_track")]
pub struct Model {
    /// The column `playlist_id`.
    #[sea_orm(primary_key, auto_increment = false, column_type = "Integer")]
    pub playlist_id: i64,
    /// The column `track_id`.
    #[sea_orm(primary_key, auto_increment = false, column_type = "Integer")]
    pub track_id: i64,
    /// The column `position`.
    #[sea_orm(column_type = "Integer")]
    pub position: i64,

    /// The row of `track` that `track_id` names.
    #[sea_orm(
        belongs_to,
        from = "track_id",
        to = "id",
        on_delete = "Cascade"
    )]
    pub track: BelongsTo<super::track::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
