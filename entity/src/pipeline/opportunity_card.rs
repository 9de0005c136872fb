//! A card: one of the five opportunities that stage 5 of a run brings.

use sea_orm::entity::prelude::*;

use crate::declare::{Check, Declaration, Declared, Index};
use crate::id::{OpportunityCardId, RunId, UserId};

/// One of a run's opportunities.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "opportunity_cards")]
pub struct Model {
    /// The card's id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: OpportunityCardId,
    /// The run that brought it.
    pub run_id: RunId,
    /// Whose card it is: the run's owner.
    pub user_id: UserId,
    /// Its place in the run, 1 to 5.
    pub number: i32,
    /// The headline.
    #[sea_orm(column_type = "Text")]
    pub title: String,
    /// One line below the headline.
    #[sea_orm(column_type = "Text")]
    pub tagline: String,
    /// What is wrong today.
    #[sea_orm(column_type = "Text")]
    pub problem: String,
    /// What would mend it.
    #[sea_orm(column_type = "Text")]
    pub solution: String,
    /// Why the moment is right.
    #[sea_orm(column_type = "Text")]
    pub why_now: String,
    /// Whom it is for.
    #[sea_orm(column_type = "Text")]
    pub target_segment: String,
    /// What can be done at once.
    #[sea_orm(column_type = "Text")]
    pub quick_win: String,
    /// Whether its owner marked it.
    #[sea_orm(default_value = false)]
    pub starred: bool,
    /// Raised by every update.
    #[sea_orm(default_value = 1)]
    pub version: i64,
    /// When the row was made.
    pub created_at: DateTimeUtc,
    /// When the row last changed.
    pub updated_at: DateTimeUtc,

    /// The run that brought it.
    #[sea_orm(belongs_to, from = "run_id", to = "id", on_delete = "Cascade")]
    pub run: BelongsTo<super::run::Entity>,
    /// Whose card it is.
    #[sea_orm(belongs_to, from = "user_id", to = "id", on_delete = "Cascade")]
    pub user: BelongsTo<crate::identity::user::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

impl Declared for Entity {
    const DECLARATION: Declaration = Declaration {
        indexes: &[
            Index::on(&["user_id", "starred", "created_at", "id"]),
            Index::on(&["user_id", "created_at", "id"]),
            Index::unique(&["run_id", "number"]),
        ],
        checks: &[Check::new(
            "opportunity_cards_number_check",
            "number BETWEEN 1 AND 5",
        )],
        ..Declaration::PLAIN
    };
}
