//! What was spent on a day, or which runs were created on it, packed: a chart reads one row a day, and not one
//! for each of its sums. A pack is what the sums of its day say; it goes as soon as one of them moves.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::declare::{Declaration, Declared, Index};
use crate::id::DayPackId;

/// What a pack is of.
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
#[sea_orm(rs_type = "String", db_type = "Enum", enum_name = "pack_subject")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PackSubject {
    /// Tokens, by model, task and type.
    #[sea_orm(string_value = "TOKENS")]
    Tokens,
    /// Runs, by where they stand.
    #[sea_orm(string_value = "RUNS")]
    Runs,
}

/// The sums of one day that is over.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "day_packs")]
pub struct Model {
    /// The pack's id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: DayPackId,
    /// What it is of.
    pub subject: PackSubject,
    /// The day, in UTC.
    pub day: Date,
    /// The sums of the whole day, as `service::analytics` packs them.
    pub totals: Vec<u8>,
    /// The sums of its hours.
    pub hours: Vec<u8>,
    /// The sums of its quarters of an hour.
    pub quarters: Vec<u8>,
    /// When the row was made.
    pub created_at: DateTimeUtc,
    /// When the row last changed.
    pub updated_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}

impl Declared for Entity {
    const DECLARATION: Declaration = Declaration {
        indexes: &[Index::unique(&["subject", "day"])],
        // Nobody reads them but the charts.
        secrets: &["totals", "hours", "quarters"],
        ..Declaration::PLAIN
    };
}
