//! A saved view: a list in the admin screens as somebody wants to see it again.

use sea_orm::entity::prelude::*;

use crate::declare::{Declaration, Declared, Index};
use crate::id::{SavedViewId, UserId};
use crate::types::StringList;

/// A list as somebody wants to see it again.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "saved_views")]
pub struct Model {
    /// The view's id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: SavedViewId,
    /// Who saved it.
    pub user_id: UserId,
    /// Its name.
    #[sea_orm(column_type = "String(StringLen::N(255))")]
    pub name: String,
    /// Whether the rest of the staff sees it too.
    #[sea_orm(default_value = false)]
    pub shared: bool,
    /// The table that it lists.
    #[sea_orm(column_type = "String(StringLen::N(255))")]
    pub resource: String,
    /// Which rows.
    #[sea_orm(column_type = "JsonBinary", default_value = "{}")]
    pub filter: Json,
    /// Which columns, in order.
    #[sea_orm(column_type = "JsonBinary", default_value = "[]")]
    pub columns: StringList,
    /// In which order the rows stand.
    #[sea_orm(column_type = "JsonBinary", default_value = "[]")]
    pub order: Json,
    /// The chart above the list.
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub chart: Option<Json>,
    /// Raised by every update.
    #[sea_orm(default_value = 1)]
    pub version: i64,
    /// When the row was made.
    pub created_at: DateTimeUtc,
    /// When the row last changed.
    pub updated_at: DateTimeUtc,

    /// Who saved it.
    #[sea_orm(belongs_to, from = "user_id", to = "id", on_delete = "Cascade")]
    pub user: BelongsTo<crate::identity::user::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

impl Declared for Entity {
    const DECLARATION: Declaration = Declaration {
        indexes: &[
            Index::on(&["user_id", "resource"]),
            Index::on(&["resource", "id"])
                .filter("shared")
                .named("saved_views_shared_idx"),
        ],
        ..Declaration::PLAIN
    };
}
