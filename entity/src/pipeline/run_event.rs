//! What happened to a run, in order.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::declare::{Declaration, Declared, Index};
use crate::id::{RunEventId, RunId};

/// What can happen to a run.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "Enum", enum_name = "run_event_kind")]
#[serde(rename_all = "snake_case")]
pub enum RunEventKind {
    /// It was asked for.
    #[sea_orm(string_value = "created")]
    Created,
    /// A worker took it.
    #[sea_orm(string_value = "claimed")]
    Claimed,
    /// A stage came in.
    #[sea_orm(string_value = "stage")]
    Stage,
    /// The last stage came in.
    #[sea_orm(string_value = "completed")]
    Completed,
    /// A worker gave up on it.
    #[sea_orm(string_value = "failed")]
    Failed,
    /// Somebody put it back in the queue.
    #[sea_orm(string_value = "retried")]
    Retried,
    /// A worker's claim ran out and another took it.
    #[sea_orm(string_value = "reclaimed")]
    Reclaimed,
}

/// One event of a run.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "run_events")]
pub struct Model {
    /// The event's id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: RunEventId,
    /// The run it belongs to.
    pub run_id: RunId,
    /// Its place in the run's history, from 1, without gaps.
    pub seq: i64,
    /// What happened.
    pub kind: RunEventKind,
    /// The stage it is about.
    pub stage: Option<i32>,
    /// The worker it is about.
    #[sea_orm(column_type = "String(StringLen::N(255))", nullable)]
    pub worker: Option<String>,
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
        indexes: &[Index::unique(&["run_id", "seq"])],
        ..Declaration::PLAIN
    };
}
