//! A delta: what one write adds to the rollups, until it is folded into them.
//!
//! Writers only insert here, so that no two of them meet on a hot row; a read adds the open deltas
//! to the rollups. A delta with a model is of tokens, and its messages are those that have some of
//! that kind; one without a model is of messages, whether they cost tokens or not.

use sea_orm::entity::prelude::*;

use crate::conversation::token_consumption::{TokenTask, TokenType};
use crate::declare::{Check, Declaration, Declared, Index};
use crate::id::{ThreadId, TokenDeltaId, UserId};

/// What one write adds to the rollups.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "token_deltas")]
pub struct Model {
    /// The delta's id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: TokenDeltaId,
    /// Where the quarter of an hour begins.
    pub bucket_start: DateTimeUtc,
    /// Whose tokens they are.
    pub user_id: UserId,
    /// The thread they were spent in.
    pub thread_id: ThreadId,
    /// The model, cut at 255 characters.
    #[sea_orm(column_type = "String(StringLen::N(255))", nullable)]
    pub model: Option<String>,
    /// What the model was asked for.
    pub task: Option<TokenTask>,
    /// What the tokens were.
    #[sea_orm(column_name = "type")]
    pub kind: Option<TokenType>,
    /// How many tokens.
    pub count: i64,
    /// How many messages they are of.
    pub messages: i64,
    /// When the row was made.
    pub created_at: DateTimeUtc,
    /// When the row last changed.
    pub updated_at: DateTimeUtc,

    /// Whose tokens they are, when they are known here.
    #[sea_orm(belongs_to, from = "user_id", to = "id", skip_fk)]
    pub user: BelongsTo<crate::identity::user::Entity>,
    /// The thread they were spent in.
    #[sea_orm(belongs_to, from = "thread_id", to = "id", skip_fk)]
    pub thread: BelongsTo<crate::conversation::thread::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

impl Declared for Entity {
    const DECLARATION: Declaration = Declaration {
        indexes: &[Index::on(&["bucket_start", "id"])],
        checks: &[Check::new(
            "token_deltas_kind_check",
            "(model IS NULL) = (task IS NULL) AND (model IS NULL) = (type IS NULL)",
        )],
        ..Declaration::PLAIN
    };
}
