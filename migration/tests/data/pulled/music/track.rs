//! The table `track`.

use sea_orm::entity::prelude::*;

/// A row of `track`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "track")]
pub struct Model {
    /// The column `id`.
    #[sea_orm(primary_key, column_type = "Integer")]
    pub id: i64,
    /// The column `album_id`.
    #[sea_orm(column_type = "Integer", nullable)]
    pub album_id: Option<i64>,
    /// The column `title`.
    #[sea_orm(column_type = "Text", extra = "CHECK (length(title) > 0)")]
    pub title: String,
    /// The column `milliseconds`.
    #[sea_orm(
        column_type = "Integer",
        default_value = 0,
        extra = "CHECK (unit_price >= 0 AND milliseconds >= 0)"
    )]
    pub milliseconds: i64,
    /// The column `seconds`.
    #[sea_orm(
        column_type = "custom(\"real\")",
        nullable,
        extra = "GENERATED ALWAYS AS (milliseconds / 1000.0) VIRTUAL"
    )]
    pub seconds: Option<f64>,
    /// The column `unit_price`.
    #[sea_orm(column_type = "custom(\"numeric(10,2)\")", default_expr = "Expr::cust(\"0.99\")")]
    pub unit_price: f64,
    /// The column `type`.
    #[sea_orm(column_type = "Text", default_expr = "Expr::cust(\"'song'\")")]
    pub r#type: String,

    /// The row of `Album` that `album_id` names.
    #[sea_orm(
        belongs_to,
        from = "album_id",
        to = "album_id"
    )]
    pub album: BelongsTo<Option<super::album::Entity>>,

    /// The rows of `playlist_track` that point here.
    #[sea_orm(has_many)]
    pub playlist_track: HasMany<super::playlist_track::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
