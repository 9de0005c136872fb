//! An execution: one run of an agent or of a workflow, done by an external worker.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::declare::{Check, Declaration, Declared, Index};
use crate::id::{ExecutionId, UserAgentId, UserId, WorkflowId};

/// Where an execution stands.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "Enum", enum_name = "execution_status")]
#[serde(rename_all = "snake_case")]
pub enum ExecutionStatus {
    /// Waits for a worker.
    #[sea_orm(string_value = "pending")]
    Pending,
    /// A worker holds it.
    #[sea_orm(string_value = "running")]
    Running,
    /// It is done.
    #[sea_orm(string_value = "completed")]
    Completed,
    /// A worker gave up on it.
    #[sea_orm(string_value = "failed")]
    Failed,
    /// It was called off.
    #[sea_orm(string_value = "cancelled")]
    Cancelled,
}

/// One run of an agent or of a workflow.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "agent_executions")]
pub struct Model {
    /// The execution's id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ExecutionId,
    /// The agent, unless it is a workflow's.
    pub agent_id: Option<UserAgentId>,
    /// The workflow, unless it is an agent's.
    pub workflow_id: Option<WorkflowId>,
    /// Whose execution it is.
    pub user_id: UserId,
    /// Where it stands.
    pub status: ExecutionStatus,
    /// What it was given.
    #[sea_orm(column_type = "JsonBinary", default_value = "{}")]
    pub input: Json,
    /// What came of it.
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub output: Option<Json>,
    /// Why it failed.
    #[sea_orm(column_type = "Text", nullable)]
    pub error_message: Option<String>,
    /// When a worker first claimed it.
    pub started_at: Option<DateTimeUtc>,
    /// When it ended.
    pub completed_at: Option<DateTimeUtc>,
    /// How long it took, in milliseconds.
    pub duration_ms: Option<i64>,
    /// The worker that holds it.
    #[sea_orm(column_type = "String(StringLen::N(255))", nullable)]
    pub claimed_by: Option<String>,
    /// What a holder must name with every word on the execution.
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

    /// The agent, unless it is a workflow's.
    #[sea_orm(belongs_to, from = "agent_id", to = "id", on_delete = "Cascade")]
    pub agent: BelongsTo<Option<super::user_agent::Entity>>,
    /// The workflow, unless it is an agent's.
    #[sea_orm(belongs_to, from = "workflow_id", to = "id", on_delete = "Cascade")]
    pub workflow: BelongsTo<Option<super::workflow::Entity>>,
    /// Whose execution it is.
    #[sea_orm(belongs_to, from = "user_id", to = "id", on_delete = "Cascade")]
    pub user: BelongsTo<crate::identity::user::Entity>,
    /// What happened, in order.
    #[sea_orm(has_many)]
    pub events: HasMany<super::execution_event::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

impl Declared for Entity {
    const DECLARATION: Declaration = Declaration {
        indexes: &[
            Index::on(&["agent_id", "created_at", "id"]),
            Index::on(&["workflow_id", "created_at", "id"]),
            Index::on(&["user_id", "created_at", "id"]),
            Index::on(&["status", "created_at", "id"]),
            Index::on(&["created_at", "id"]),
        ],
        checks: &[Check::new(
            "agent_executions_subject_check",
            "(agent_id IS NULL) <> (workflow_id IS NULL)",
        )],
        secrets: &["lease_token"],
        ..Declaration::PLAIN
    };
}
