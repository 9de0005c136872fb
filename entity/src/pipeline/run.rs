//! A run: one document on its way through the five stages.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::declare::{Check, Declaration, Declared, Index};
use crate::id::{RunId, UploadId, UserId};

/// Where a run stands. `PENDING` to `RUNNING` to `COMPLETED` or `FAILED`; a retry puts a failed one
/// back to `PENDING`.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "Enum", enum_name = "run_status")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum RunStatus {
    /// Waits for a worker.
    #[sea_orm(string_value = "PENDING")]
    Pending,
    /// A worker holds it.
    #[sea_orm(string_value = "RUNNING")]
    Running,
    /// All five stages are in.
    #[sea_orm(string_value = "COMPLETED")]
    Completed,
    /// A worker gave up on it.
    #[sea_orm(string_value = "FAILED")]
    Failed,
}

/// One document on its way through the pipeline.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "runs")]
pub struct Model {
    /// The run's id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: RunId,
    /// Whose run it is.
    pub user_id: UserId,
    /// The company's key, such as `lactalis-canada`.
    #[sea_orm(column_type = "String(StringLen::N(255))")]
    pub company_id: String,
    /// The company's name, as people write it.
    #[sea_orm(column_type = "String(StringLen::N(255))")]
    pub company_name: String,
    /// The document's file name.
    #[sea_orm(column_type = "String(StringLen::N(255))")]
    pub document_name: String,
    /// Where the document can be read.
    #[sea_orm(column_type = "Text")]
    pub document_url: String,
    /// The upload that holds the document, when it was uploaded here.
    pub document_upload_id: Option<UploadId>,
    /// Where the run stands.
    pub status: RunStatus,
    /// The last stage that is in, 0 to 5.
    #[sea_orm(default_value = 0)]
    pub current_stage: i32,
    /// Why the run failed.
    #[sea_orm(column_type = "Text", nullable)]
    pub error_message: Option<String>,
    /// When a worker first claimed it.
    pub started_at: Option<DateTimeUtc>,
    /// When it completed.
    pub completed_at: Option<DateTimeUtc>,
    /// The worker that holds it.
    #[sea_orm(column_type = "String(StringLen::N(255))", nullable)]
    pub claimed_by: Option<String>,
    /// What a holder must name with every word on the run.
    pub lease_token: Option<Uuid>,
    /// When the holder's claim ends, unless it is renewed.
    pub lease_until: Option<DateTimeUtc>,
    /// How many times it was claimed.
    #[sea_orm(default_value = 0)]
    pub attempt: i32,
    /// Raised by every update.
    #[sea_orm(default_value = 1)]
    pub version: i64,
    /// When the row was made.
    pub created_at: DateTimeUtc,
    /// When the row last changed.
    pub updated_at: DateTimeUtc,

    /// Whose run it is.
    #[sea_orm(belongs_to, from = "user_id", to = "id", on_delete = "Cascade")]
    pub user: BelongsTo<crate::identity::user::Entity>,
    /// The upload that holds the document.
    #[sea_orm(
        belongs_to,
        from = "document_upload_id",
        to = "id",
        on_delete = "SetNull"
    )]
    pub document_upload: BelongsTo<Option<crate::upload::upload::Entity>>,
    /// The cards of stage 5.
    #[sea_orm(has_many)]
    pub cards: HasMany<super::opportunity_card::Entity>,
    /// What happened, in order.
    #[sea_orm(has_many)]
    pub events: HasMany<super::run_event::Entity>,
    /// The outputs of the stages.
    #[sea_orm(has_many)]
    pub outputs: HasMany<super::stage_output::Entity>,
    /// The report of stage 1.
    #[sea_orm(has_one)]
    pub report: HasOne<super::inspiration_report::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

impl Declared for Entity {
    const DECLARATION: Declaration = Declaration {
        indexes: &[
            Index::on(&["user_id", "created_at", "id"]),
            Index::on(&["status", "created_at", "id"]),
            Index::on(&["company_id", "created_at", "id"]),
            Index::on(&["created_at", "id"]),
            Index::on(&["document_upload_id"]),
        ],
        checks: &[Check::new(
            "runs_current_stage_check",
            "current_stage BETWEEN 0 AND 5",
        )],
        secrets: &["lease_token"],
        ..Declaration::PLAIN
    };
}
