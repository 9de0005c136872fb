//! The inspiration report: what stage 1 of a run found.

use sea_orm::entity::prelude::*;

use crate::declare::{Declaration, Declared};
use crate::id::{InspirationReportId, RunId};
use crate::types::StringList;

/// The two inspirations of a run's first stage.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "inspiration_reports")]
pub struct Model {
    /// The report's id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: InspirationReportId,
    /// The run it belongs to; a run has one at most.
    #[sea_orm(unique)]
    pub run_id: RunId,
    /// The first inspiration's headline.
    #[sea_orm(column_type = "Text")]
    pub inspiration1_title: String,
    /// The first inspiration.
    #[sea_orm(column_type = "Text")]
    pub inspiration1_content: String,
    /// The first inspiration's key elements.
    #[sea_orm(column_type = "JsonBinary")]
    pub inspiration1_elements: StringList,
    /// The second inspiration's headline.
    #[sea_orm(column_type = "Text")]
    pub inspiration2_title: String,
    /// The second inspiration.
    #[sea_orm(column_type = "Text")]
    pub inspiration2_content: String,
    /// The second inspiration's key elements.
    #[sea_orm(column_type = "JsonBinary")]
    pub inspiration2_elements: StringList,
    /// When the row was made.
    pub created_at: DateTimeUtc,
    /// When the row last changed.
    pub updated_at: DateTimeUtc,

    /// The run it belongs to.
    #[sea_orm(belongs_to, from = "run_id", to = "id", on_delete = "Cascade")]
    pub run: BelongsTo<super::run::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

impl Declared for Entity {
    const DECLARATION: Declaration = Declaration::PLAIN;
}
