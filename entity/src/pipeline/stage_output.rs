//! The output of one stage of a run.

use sea_orm::entity::prelude::*;

use crate::declare::{Check, Declaration, Declared, Index};
use crate::id::{RunId, StageOutputId};

/// What a worker handed in for one stage.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "stage_outputs")]
pub struct Model {
    /// The output's id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: StageOutputId,
    /// The run it belongs to.
    pub run_id: RunId,
    /// The stage, 1 to 5.
    pub stage_number: i32,
    /// The whole text.
    #[sea_orm(column_type = "Text")]
    pub markdown_output: String,
    /// The text's structured part.
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub json_output: Option<Json>,
    /// The claim under which it came in.
    pub attempt: i32,
    /// SHA-256 of what was handed in, in hex: tells a repetition from a contradiction.
    #[sea_orm(column_type = "String(StringLen::N(64))")]
    pub content_hash: String,
    /// When the worker began with the stage, by its own account.
    pub started_at: Option<DateTimeUtc>,
    /// How long the stage took, in milliseconds, by the worker's own account.
    pub duration_ms: Option<i64>,
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
    const DECLARATION: Declaration = Declaration {
        indexes: &[
            Index::unique(&["run_id", "stage_number"]),
            Index::on(&["created_at", "stage_number", "duration_ms", "id"]),
        ],
        checks: &[Check::new(
            "stage_outputs_stage_number_check",
            "stage_number BETWEEN 1 AND 5",
        )],
        ..Declaration::PLAIN
    };
}
