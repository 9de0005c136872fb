//! Runs by when they were created and where they stand: what the funnel is drawn from.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::declare::{Declaration, Declared, Index};
use crate::id::RunRollupId;
use crate::pipeline::run::RunStatus;

/// How long the buckets of a rollup are. They begin by the clocks of UTC.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    EnumIter,
    DeriveActiveEnum,
    Serialize,
    Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "Enum", enum_name = "rollup_grain")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum RollupGrain {
    /// A quarter of an hour.
    #[sea_orm(string_value = "QUARTER")]
    Quarter,
    /// An hour.
    #[sea_orm(string_value = "HOUR")]
    Hour,
    /// A day.
    #[sea_orm(string_value = "DAY")]
    Day,
    /// A month.
    #[sea_orm(string_value = "MONTH")]
    Month,
}

/// The runs of one bucket that stand at one place.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "run_rollups")]
pub struct Model {
    /// The sum's id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: RunRollupId,
    /// How long the bucket is.
    pub grain: RollupGrain,
    /// Where it begins.
    pub bucket_start: DateTimeUtc,
    /// Where the runs stand.
    pub status: RunStatus,
    /// The last stage that they have brought.
    pub current_stage: i32,
    /// How many they are.
    #[sea_orm(default_value = 0)]
    pub count: i64,
    /// When the row was made.
    pub created_at: DateTimeUtc,
    /// When the row last changed.
    pub updated_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}

impl Declared for Entity {
    const DECLARATION: Declaration = Declaration {
        indexes: &[Index::unique(&[
            "grain",
            "bucket_start",
            "status",
            "current_stage",
        ])],
        ..Declaration::PLAIN
    };
}
