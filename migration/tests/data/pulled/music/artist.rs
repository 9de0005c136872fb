//! The table `Artist`.

use sea_orm::entity::prelude::*;

/// A row of `Artist`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "Artist")]
pub struct Model {
    /// The column `ArtistId`.
    #[sea_orm(primary_key, column_name = "ArtistId", column_type = "Integer")]
    pub artist_id: i64,
    /// The column `Name`.
    #[sea_orm(
        column_name = "Name",
        column_type = "custom(\"nvarchar(120)\")",
        nullable,
        extra = "COLLATE NOCASE"
    )]
    pub name: Option<String>,

    /// The rows of `Album` that point here.
    #[sea_orm(has_many)]
    pub album: HasMany<super::album::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
