//! What one write of runs adds to their rollup, until it is folded into it. Triggers write it, so that
//! nobody who writes runs can forget to.

use sea_orm::entity::prelude::*;

use crate::declare::{Declaration, Declared, Index};
use crate::id::RunDeltaId;
use crate::pipeline::run::RunStatus;

/// What one write of runs adds to their rollup.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "run_deltas")]
pub struct Model {
    /// The delta's id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: RunDeltaId,
    /// Where the quarter of an hour begins in which the runs were created.
    pub bucket_start: DateTimeUtc,
    /// Where they stand, or stood.
    pub status: RunStatus,
    /// The last stage that they have brought, or had.
    pub current_stage: i32,
    /// How many more; fewer, where it is negative.
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
        objects: super::feed::RUNS,
        ..Declaration::PLAIN
    };
}
