//! A thread: one conversation of one person.
//!
//! The table is shared with a running Python backend: names, types and column order are its. The
//! person may be unknown here, so there is no foreign key to `users`.

use sea_orm::entity::prelude::*;

use crate::declare::{Declaration, Declared, Index};
use crate::id::{ThreadId, UserId};

/// One conversation of one person.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "threads")]
pub struct Model {
    /// The thread's id.
    #[sea_orm(primary_key, auto_increment = false, column_name = "thread_id")]
    pub id: ThreadId,
    /// The virtual lab it was held in.
    pub vlab_id: Option<Uuid>,
    /// The project it was held in.
    pub project_id: Option<Uuid>,
    /// Its title.
    #[sea_orm(column_type = "String(StringLen::None)")]
    pub title: String,
    /// When it began.
    pub creation_date: DateTimeUtc,
    /// When it last moved.
    pub update_date: DateTimeUtc,
    /// Whose conversation it is; they may live elsewhere.
    pub user_id: UserId,

    /// Whose conversation it is, when they are known here.
    #[sea_orm(belongs_to, from = "user_id", to = "id", skip_fk)]
    pub user: BelongsTo<crate::identity::user::Entity>,
    /// What was said.
    #[sea_orm(has_many)]
    pub messages: HasMany<super::message::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

impl Declared for Entity {
    const DECLARATION: Declaration = Declaration {
        indexes: &[
            Index::on(&["user_id", "update_date", "thread_id"]).recommended(),
            Index::on(&["update_date", "thread_id"]).recommended(),
        ],
        ..Declaration::PLAIN
    };
}
