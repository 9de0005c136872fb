//! A delivery: one message on its way to one endpoint.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::declare::{Declaration, Declared, Index};
use crate::id::{WebhookDeliveryId, WebhookEndpointId, WebhookMessageId};

/// Where a delivery stands.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize,
)]
#[sea_orm(
    rs_type = "String",
    db_type = "Enum",
    enum_name = "webhook_delivery_state"
)]
#[serde(rename_all = "snake_case")]
pub enum WebhookDeliveryState {
    /// It is tried, or will be tried again.
    #[sea_orm(string_value = "pending")]
    Pending,
    /// The endpoint took it.
    #[sea_orm(string_value = "delivered")]
    Delivered,
    /// The last try failed, or the endpoint is disabled.
    #[sea_orm(string_value = "failed")]
    Failed,
}

/// One message on its way to one endpoint.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "webhook_deliveries")]
pub struct Model {
    /// The delivery's id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: WebhookDeliveryId,
    /// The message.
    pub message_id: WebhookMessageId,
    /// The endpoint.
    pub endpoint_id: WebhookEndpointId,
    /// Where it stands.
    pub state: WebhookDeliveryState,
    /// How often it was tried since it was queued last.
    #[sea_orm(default_value = 0)]
    pub attempt: i32,
    /// When it is tried next.
    pub next_at: Option<DateTimeUtc>,
    /// When the row was made.
    pub created_at: DateTimeUtc,
    /// When the row last changed.
    pub updated_at: DateTimeUtc,

    /// The message.
    #[sea_orm(belongs_to, from = "message_id", to = "id", on_delete = "Cascade")]
    pub message: BelongsTo<super::message::Entity>,
    /// The endpoint.
    #[sea_orm(belongs_to, from = "endpoint_id", to = "id", on_delete = "Cascade")]
    pub endpoint: BelongsTo<super::endpoint::Entity>,
    /// The tries.
    #[sea_orm(has_many)]
    pub attempts: HasMany<super::attempt::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

impl Declared for Entity {
    const DECLARATION: Declaration = Declaration {
        indexes: &[
            Index::unique(&["message_id", "endpoint_id"]),
            Index::on(&["next_at"]).filter("state = 'pending'"),
            Index::on(&["endpoint_id", "created_at", "id"]),
            Index::on(&["state", "created_at", "id"]),
        ],
        ..Declaration::PLAIN
    };
}
