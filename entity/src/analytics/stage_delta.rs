//! What one write of stage outputs adds to their rollup, until it is folded into it. Triggers write it.
//! An output without a duration is not counted.

use sea_orm::entity::prelude::*;

use crate::declare::{Declaration, Declared, Index};
use crate::id::StageDeltaId;

/// What one write of stage outputs adds to their rollup.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "stage_deltas")]
pub struct Model {
    /// The delta's id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: StageDeltaId,
    /// Where the quarter of an hour begins in which the outputs were brought.
    pub bucket_start: DateTimeUtc,
    /// The stage.
    pub stage_number: i32,
    /// How long it took, in milliseconds.
    pub duration_ms: i64,
    /// How many more took so long; fewer, where it is negative.
    pub count: i64,
    /// When the row was made.
    pub created_at: DateTimeUtc,
    /// When the row last changed.
    pub updated_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}

impl Declared for Entity {
    const DECLARATION: Declaration = Declaration {
        indexes: &[Index::on(&["bucket_start", "id"])],
        objects: super::feed::STAGES,
        ..Declaration::PLAIN
    };
}
