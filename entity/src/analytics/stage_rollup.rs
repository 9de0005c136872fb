//! How long stages took: count, sum and a histogram of each bucket and stage.

use sea_orm::entity::prelude::*;

use super::run_rollup::RollupGrain;
use crate::declare::{Declaration, Declared, Index};
use crate::id::StageRollupId;

/// How long one stage took, of the outputs of one bucket.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "stage_rollups")]
pub struct Model {
    /// The sum's id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: StageRollupId,
    /// How long the bucket is.
    pub grain: RollupGrain,
    /// Where it begins.
    pub bucket_start: DateTimeUtc,
    /// The stage.
    pub stage_number: i32,
    /// How many outputs say how long they took.
    #[sea_orm(default_value = 0)]
    pub count: i64,
    /// How long these took together, in milliseconds.
    #[sea_orm(default_value = 0)]
    pub total_ms: i64,
    /// How many took how long: cells that grow with what they hold, as `service::analytics` packs
    /// them.
    pub histogram: Vec<u8>,
    /// When the row was made.
    pub created_at: DateTimeUtc,
    /// When the row last changed.
    pub updated_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}

impl Declared for Entity {
    const DECLARATION: Declaration = Declaration {
        indexes: &[Index::unique(&["grain", "bucket_start", "stage_number"])],
        // Nobody reads it but the charts.
        secrets: &["histogram"],
        ..Declaration::PLAIN
    };
}
