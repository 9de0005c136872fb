//! An endpoint: where somebody wants to be told of events.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::declare::{Declaration, Declared, Index};
use crate::id::{UserId, WebhookEndpointId};
use crate::types::{Encrypted, StringList};

/// Whether an endpoint is told.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize,
)]
#[sea_orm(
    rs_type = "String",
    db_type = "Enum",
    enum_name = "webhook_endpoint_status"
)]
#[serde(rename_all = "snake_case")]
pub enum WebhookEndpointStatus {
    /// It is.
    #[sea_orm(string_value = "enabled")]
    Enabled,
    /// It is not, by its owner's wish or because it only failed.
    #[sea_orm(string_value = "disabled")]
    Disabled,
}

/// Where somebody wants to be told of events.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "webhook_endpoints")]
pub struct Model {
    /// The endpoint's id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: WebhookEndpointId,
    /// Whose endpoint it is; nobody's is the house's and hears of everything.
    pub user_id: Option<UserId>,
    /// The address.
    #[sea_orm(column_type = "Text")]
    pub url: String,
    /// What it is for.
    #[sea_orm(column_type = "Text", nullable)]
    pub description: Option<String>,
    /// The events it is told of.
    #[sea_orm(column_type = "JsonBinary", default_value = "[]")]
    pub event_types: StringList,
    /// The signing secrets: the present one and, for a day after a rotation, the last.
    #[sea_orm(column_type = "Text")]
    pub secrets: Encrypted,
    /// Whether it is told.
    pub status: WebhookEndpointStatus,
    /// Since when it has done nothing but fail.
    pub failing_since: Option<DateTimeUtc>,
    /// Why it is told no more.
    #[sea_orm(column_type = "Text", nullable)]
    pub disabled_reason: Option<String>,
    /// Raised by every update.
    #[sea_orm(default_value = 1)]
    pub version: i64,
    /// When the row was made.
    pub created_at: DateTimeUtc,
    /// When the row last changed.
    pub updated_at: DateTimeUtc,

    /// Whose endpoint it is.
    #[sea_orm(belongs_to, from = "user_id", to = "id", on_delete = "Cascade")]
    pub user: BelongsTo<Option<crate::identity::user::Entity>>,
    /// What it was told.
    #[sea_orm(has_many)]
    pub deliveries: HasMany<super::delivery::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

impl Declared for Entity {
    const DECLARATION: Declaration = Declaration {
        indexes: &[
            Index::on(&["user_id", "created_at", "id"]),
            Index::on(&["status", "id"]),
        ],
        secrets: &["secrets"],
        ..Declaration::PLAIN
    };
}
