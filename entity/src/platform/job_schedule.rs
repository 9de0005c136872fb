//! A schedule: a job that is queued again and again.

use sea_orm::entity::prelude::*;

use crate::declare::{Declaration, Declared, Index};
use crate::id::JobScheduleId;

/// A job that is queued again and again.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "job_schedules")]
pub struct Model {
    /// The schedule's id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: JobScheduleId,
    /// Its name.
    #[sea_orm(column_type = "String(StringLen::N(255))", unique)]
    pub name: String,
    /// The job.
    #[sea_orm(column_type = "String(StringLen::N(255))")]
    pub kind: String,
    /// What the job is about.
    #[sea_orm(column_type = "JsonBinary", default_value = "{}")]
    pub payload: Json,
    /// The line in which the job waits.
    #[sea_orm(column_type = "String(StringLen::N(255))", default_value = "default")]
    pub queue: String,
    /// When: five or six fields.
    #[sea_orm(column_type = "String(StringLen::N(255))")]
    pub cron: String,
    /// By whose clock.
    #[sea_orm(column_type = "String(StringLen::N(255))", default_value = "UTC")]
    pub time_zone: String,
    /// Whether it is followed.
    #[sea_orm(default_value = true)]
    pub is_active: bool,
    /// When the job is queued next.
    pub next_run_at: Option<DateTimeUtc>,
    /// When it was last queued.
    pub last_run_at: Option<DateTimeUtc>,
    /// Raised by every update.
    #[sea_orm(default_value = 1)]
    pub version: i64,
    /// When the row was made.
    pub created_at: DateTimeUtc,
    /// When the row last changed.
    pub updated_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}

impl Declared for Entity {
    const DECLARATION: Declaration = Declaration {
        indexes: &[Index::on(&["is_active", "next_run_at", "id"])],
        ..Declaration::PLAIN
    };
}
