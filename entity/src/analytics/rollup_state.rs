//! How far the rollups are: one row, which whoever moves them holds.

use sea_orm::entity::prelude::*;

use crate::declare::{Declaration, Declared};
use crate::id::RollupStateId;

/// How far the rollups are.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "rollup_state")]
pub struct Model {
    /// The row's id: always [`Entity::ID`].
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: RollupStateId,
    /// When they were first proven against the rows that they sum up.
    pub built_at: Option<DateTimeUtc>,
    /// Up to when threads that others wrote were looked through.
    pub reconciled_to: Option<DateTimeUtc>,
    /// When the row was made.
    pub created_at: DateTimeUtc,
    /// When the row last changed.
    pub updated_at: DateTimeUtc,
    /// When those of runs, stages and active people were first proven, too.
    pub charts_built_at: Option<DateTimeUtc>,
    /// How far a rebuild came that was broken off.
    #[sea_orm(column_type = "Text", nullable)]
    pub resume_from: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}

impl Entity {
    /// The id of the only row. Who needs it first inserts it.
    pub const ID: RollupStateId = RollupStateId(Uuid::nil());
}

impl Declared for Entity {
    const DECLARATION: Declaration = Declaration::PLAIN;
}
