//! A ramp: a rollout that grows by itself, step by step, and turns back when a guardrail is hit.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::declare::{Declaration, Declared, Index};
use crate::id::{FlagId, FlagRampId};

/// Where a ramp stands.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "Enum", enum_name = "flag_ramp_state")]
#[serde(rename_all = "snake_case")]
pub enum RampState {
    /// It grows.
    #[sea_orm(string_value = "running")]
    Running,
    /// Somebody holds it.
    #[sea_orm(string_value = "paused")]
    Paused,
    /// The last step is reached.
    #[sea_orm(string_value = "completed")]
    Completed,
    /// A guardrail was hit, or somebody turned it back.
    #[sea_orm(string_value = "rolled_back")]
    RolledBack,
}

/// A rollout that grows by itself.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "flag_ramps")]
pub struct Model {
    /// The ramp's id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: FlagRampId,
    /// The flag it moves.
    pub flag_id: FlagId,
    /// The percentages and how long each holds.
    #[sea_orm(column_type = "JsonBinary", default_value = "[]")]
    pub steps: Json,
    /// The step it stands on.
    #[sea_orm(default_value = 0)]
    pub current_step: i32,
    /// Where it stands.
    pub state: RampState,
    /// What must stay true, or it turns back.
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub guardrail: Option<Json>,
    /// What the flag said before.
    #[sea_orm(column_type = "JsonBinary", default_value = "{}")]
    pub baseline: Json,
    /// When the next step is taken.
    pub next_step_at: Option<DateTimeUtc>,
    /// Why it turned back.
    #[sea_orm(column_type = "Text", nullable)]
    pub reason: Option<String>,
    /// Raised by every update.
    #[sea_orm(default_value = 1)]
    pub version: i64,
    /// When the row was made.
    pub created_at: DateTimeUtc,
    /// When the row last changed.
    pub updated_at: DateTimeUtc,

    /// The flag it moves.
    #[sea_orm(belongs_to, from = "flag_id", to = "id", on_delete = "Cascade")]
    pub flag: BelongsTo<super::flag::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

impl Declared for Entity {
    const DECLARATION: Declaration = Declaration {
        indexes: &[
            Index::on(&["flag_id"]),
            Index::on(&["state", "next_step_at", "id"]),
        ],
        ..Declaration::PLAIN
    };
}
