//! A saved report: groups, figures and a chart that somebody wants to see again.

use sea_orm::entity::prelude::*;

use crate::declare::{Declaration, Declared, Index};
use crate::id::{SavedReportId, UserId};

/// Groups, figures and a chart that somebody wants to see again.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "saved_reports")]
pub struct Model {
    /// The report's id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: SavedReportId,
    /// Who saved it.
    pub user_id: UserId,
    /// Its name.
    #[sea_orm(column_type = "String(StringLen::N(255))")]
    pub name: String,
    /// Whether the rest of the staff sees it too.
    #[sea_orm(default_value = false)]
    pub shared: bool,
    /// The table that it sums up.
    #[sea_orm(column_type = "String(StringLen::N(255))")]
    pub resource: String,
    /// Which rows.
    #[sea_orm(column_type = "JsonBinary", default_value = "{}")]
    pub filter: Json,
    /// What is grouped and what is counted.
    #[sea_orm(column_type = "JsonBinary", default_value = "[]")]
    pub columns: Json,
    /// In which order the groups stand.
    #[sea_orm(column_type = "JsonBinary", default_value = "[]")]
    pub order: Json,
    /// How it is drawn.
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
                .named("saved_reports_shared_idx"),
        ],
        ..Declaration::PLAIN
    };
}
