//! A message: an event, with the very bytes that every endpoint is sent.

use sea_orm::entity::prelude::*;

use crate::declare::{Declaration, Declared, Index};
use crate::id::{UserId, WebhookMessageId};

/// An event, with the bytes that every endpoint is sent at every try.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "webhook_messages")]
pub struct Model {
    /// The message's id; the `webhook-id` of its deliveries.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: WebhookMessageId,
    /// Whose event it is; their endpoints and the house's hear of it.
    pub user_id: Option<UserId>,
    /// What happened, such as `run.completed`.
    #[sea_orm(column_type = "String(StringLen::N(255))")]
    pub event_type: String,
    /// The body that is signed and sent.
    pub payload: Vec<u8>,
    /// When the row was made.
    pub created_at: DateTimeUtc,
    /// When the row last changed.
    pub updated_at: DateTimeUtc,

    /// Whose event it is.
    #[sea_orm(belongs_to, from = "user_id", to = "id", on_delete = "Cascade")]
    pub user: BelongsTo<Option<crate::identity::user::Entity>>,
    /// Who was told.
    #[sea_orm(has_many)]
    pub deliveries: HasMany<super::delivery::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

impl Declared for Entity {
    const DECLARATION: Declaration = Declaration {
        indexes: &[Index::on(&["user_id"]), Index::on(&["created_at", "id"])],
        ..Declaration::PLAIN
    };
}
