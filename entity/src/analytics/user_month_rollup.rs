//! What a person did in a month: what tells who spent most over a long time.

use sea_orm::entity::prelude::*;

use crate::declare::{Declaration, Declared, Index};
use crate::id::{UserId, UserMonthRollupId};

/// What a person did in one month.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "user_month_rollups")]
pub struct Model {
    /// The sum's id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: UserMonthRollupId,
    /// The first day of the month, in UTC.
    pub month: Date,
    /// Who.
    pub user_id: UserId,
    /// How many messages they exchanged.
    #[sea_orm(default_value = 0)]
    pub messages: i64,
    /// How many tokens these cost.
    #[sea_orm(default_value = 0)]
    pub tokens: i64,
    /// When the row was made.
    pub created_at: DateTimeUtc,
    /// When the row last changed.
    pub updated_at: DateTimeUtc,

    /// Who, when they are known here.
    #[sea_orm(belongs_to, from = "user_id", to = "id", skip_fk)]
    pub user: BelongsTo<crate::identity::user::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

impl Declared for Entity {
    const DECLARATION: Declaration = Declaration {
        indexes: &[
            Index::unique(&["month", "user_id"]),
            Index::on(&["user_id", "month", "id"]),
        ],
        ..Declaration::PLAIN
    };
}
