//! The table `Album`.

use sea_orm::entity::prelude::*;

/// A row of `Album`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "Album")]
pub struct Model {
    /// The column `AlbumId`.
    #[sea_orm(primary_key, column_name = "AlbumId", column_type = "Integer")]
    pub album_id: i64,
    /// The column `Title`.
    #[sea_orm(column_name = "Title", column_type = "custom(\"nvarchar(160)\")")]
    pub title: String,
    /// The column `ArtistId`.
    #[sea_orm(column_name = "ArtistId", column_type = "Integer")]
    pub artist_id: i64,

    /// The row of `Artist` that `ArtistId` names.
    #[sea_orm(
        belongs_to,
        from = "artist_id",
        to = "artist_id",
        on_update = "Cascade"
    )]
    pub artist: BelongsTo<super::artist::Entity>,

    /// The rows of `track` that point here.
    #[sea_orm(has_many)]
    pub track: HasMany<super::track::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
