//! An attempt: one try to deliver a message.

use sea_orm::entity::prelude::*;

use crate::declare::{Declaration, Declared, Index};
use crate::id::{WebhookAttemptId, WebhookDeliveryId};

/// One try to deliver a message.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "webhook_attempts")]
pub struct Model {
    /// The attempt's id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: WebhookAttemptId,
    /// The delivery.
    pub delivery_id: WebhookDeliveryId,
    /// Which try it was, from 1.
    pub number: i32,
    /// The answer's status; none when there was no answer.
    pub status: Option<i32>,
    /// How long it took, in milliseconds.
    pub duration_ms: i64,
    /// Why there was no answer, or why it did not count.
    #[sea_orm(column_type = "Text", nullable)]
    pub error: Option<String>,
    /// The answer's body, cut at 2 KiB.
    #[sea_orm(column_type = "Text", nullable)]
    pub answer: Option<String>,
    /// When the row was made.
    pub created_at: DateTimeUtc,
    /// When the row last changed.
    pub updated_at: DateTimeUtc,

    /// The delivery.
    #[sea_orm(belongs_to, from = "delivery_id", to = "id", on_delete = "Cascade")]
    pub delivery: BelongsTo<super::delivery::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

impl Declared for Entity {
    const DECLARATION: Declaration = Declaration {
        indexes: &[Index::on(&["delivery_id", "number"])],
        ..Declaration::PLAIN
    };
}
