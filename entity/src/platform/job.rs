//! A job: work that follows from a write, done at least once.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::declare::{Check, Declaration, Declared, Index};
use crate::id::{JobId, UserId};

/// Where a job stands.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "Enum", enum_name = "job_state")]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// It waits for its time and a worker; also after a try that failed.
    #[sea_orm(string_value = "queued")]
    Queued,
    /// A worker holds it.
    #[sea_orm(string_value = "running")]
    Running,
    /// It is done.
    #[sea_orm(string_value = "succeeded")]
    Succeeded,
    /// The last try failed; somebody has to look at it.
    #[sea_orm(string_value = "dead")]
    Dead,
    /// It was called off.
    #[sea_orm(string_value = "cancelled")]
    Cancelled,
}

/// Work that follows from a write: queued in the same transaction, done at least once.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "jobs")]
pub struct Model {
    /// The job's id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: JobId,
    /// What is to be done, such as `media.generate`.
    #[sea_orm(column_type = "String(StringLen::N(255))")]
    pub kind: String,
    /// The ids that it is about.
    #[sea_orm(column_type = "JsonBinary", default_value = "{}")]
    pub payload: Json,
    /// The line in which it waits.
    #[sea_orm(column_type = "String(StringLen::N(255))", default_value = "default")]
    pub queue: String,
    /// Where it stands.
    pub state: JobState,
    /// Its place in the line: lower goes first.
    #[sea_orm(default_value = 0)]
    pub priority: i32,
    /// Not before this moment.
    pub run_at: DateTimeUtc,
    /// How many times a worker took it.
    #[sea_orm(default_value = 0)]
    pub attempt: i32,
    /// How many times one may.
    #[sea_orm(default_value = 10)]
    pub max_attempts: i32,
    /// At most one open job has this key.
    #[sea_orm(column_type = "String(StringLen::N(255))", nullable)]
    pub unique_key: Option<String>,
    /// The person for whom it is done.
    pub owner_id: Option<UserId>,
    /// The worker that holds it.
    #[sea_orm(column_type = "String(StringLen::N(255))", nullable)]
    pub worker: Option<String>,
    /// When that worker's hold ends, unless it is renewed.
    pub lease_until: Option<DateTimeUtc>,
    /// Raised by every claim; a worker's writes must name it.
    #[sea_orm(default_value = 0)]
    pub fence: i64,
    /// How far it is, in percent.
    #[sea_orm(default_value = 0)]
    pub progress: i32,
    /// When somebody asked for it to stop.
    pub cancel_requested_at: Option<DateTimeUtc>,
    /// Why the last try failed.
    #[sea_orm(column_type = "Text", nullable)]
    pub last_error: Option<String>,
    /// When it ended.
    pub finished_at: Option<DateTimeUtc>,
    /// When the row was made.
    pub created_at: DateTimeUtc,
    /// When the row last changed.
    pub updated_at: DateTimeUtc,

    /// The person for whom it is done.
    #[sea_orm(belongs_to, from = "owner_id", to = "id", on_delete = "Cascade")]
    pub owner: BelongsTo<Option<crate::identity::user::Entity>>,
}

impl ActiveModelBehavior for ActiveModel {}

impl Declared for Entity {
    const DECLARATION: Declaration = Declaration {
        indexes: &[
            Index::unique(&["unique_key"]).filter("state IN ('queued', 'running')"),
            Index::on(&["priority", "run_at", "id"]).filter("state = 'queued'"),
            Index::on(&["owner_id", "priority", "run_at", "id"]).filter("state = 'queued'"),
            Index::on(&["lease_until"]).filter("state = 'running'"),
            Index::on(&["state", "created_at", "id"]),
            Index::on(&["owner_id", "created_at", "id"]),
        ],
        checks: &[Check::new(
            "jobs_progress_check",
            "progress BETWEEN 0 AND 100",
        )],
        ..Declaration::PLAIN
    };
}
