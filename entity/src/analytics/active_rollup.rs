//! How many people were active on a day, told apart by how long they had not been.
//!
//! Of a stretch of days, those are different people who were not active before within the stretch: on its
//! third day, those whose last day was three or more days before. So the sums of any stretch, however
//! long, are the number of different people in it, and nobody has to be told apart to count them.

use sea_orm::entity::prelude::*;

use crate::declare::{Declaration, Declared, Index};
use crate::id::ActiveRollupId;

/// The people who were active on a day, after as many days.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "active_rollups")]
pub struct Model {
    /// The sum's id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ActiveRollupId,
    /// The day, in UTC.
    pub day: Date,
    /// How many days before it they were last active; 0 for those who never were.
    pub gap: i32,
    /// How many people.
    #[sea_orm(default_value = 0)]
    pub people: i64,
    /// When the row was made.
    pub created_at: DateTimeUtc,
    /// When the row last changed.
    pub updated_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}

impl Declared for Entity {
    const DECLARATION: Declaration = Declaration {
        indexes: &[Index::unique(&["day", "gap"])],
        ..Declaration::PLAIN
    };
}
