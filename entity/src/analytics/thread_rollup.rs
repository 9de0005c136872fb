//! What a thread holds: its messages and its tokens, counted.

use sea_orm::entity::prelude::*;

use crate::declare::{Declaration, Declared};
use crate::id::{ThreadId, ThreadRollupId};

/// What a thread holds.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "thread_rollups")]
pub struct Model {
    /// The sum's id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ThreadRollupId,
    /// The thread.
    #[sea_orm(unique)]
    pub thread_id: ThreadId,
    /// How many messages.
    #[sea_orm(default_value = 0)]
    pub messages: i64,
    /// How many tokens these cost.
    #[sea_orm(default_value = 0)]
    pub tokens: i64,
    /// When the row was made.
    pub created_at: DateTimeUtc,
    /// When the row last changed.
    pub updated_at: DateTimeUtc,

    /// The thread.
    #[sea_orm(belongs_to, from = "thread_id", to = "id", skip_fk)]
    pub thread: BelongsTo<crate::conversation::thread::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

impl Declared for Entity {
    const DECLARATION: Declaration = Declaration::PLAIN;
}
