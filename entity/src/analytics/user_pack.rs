//! What people spent on a day or in a month that is over, packed: who spent most over a long time is told by
//! a few of these. A pack is what the days or months of people say; it goes as soon as one of them moves.

use sea_orm::entity::prelude::*;

use super::run_rollup::RollupGrain;
use crate::declare::{Declaration, Declared, Index};
use crate::id::UserPackId;

/// What people spent on a day or in a month that is over.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "user_packs")]
pub struct Model {
    /// The pack's id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: UserPackId,
    /// How long the bucket is: a day or a month.
    pub grain: RollupGrain,
    /// Its first day, in UTC.
    pub start: Date,
    /// How many people it has.
    pub people: i64,
    /// Who spent how many tokens, in the order of their ids, as `service::analytics` packs it.
    pub packed: Vec<u8>,
    /// When the row was made.
    pub created_at: DateTimeUtc,
    /// When the row last changed.
    pub updated_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}

impl Declared for Entity {
    const DECLARATION: Declaration = Declaration {
        indexes: &[Index::unique(&["grain", "start"])],
        // Nobody reads it but the charts.
        secrets: &["packed"],
        ..Declaration::PLAIN
    };
}
