//! An integration: a person's account at another service, which agents may use.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::declare::{Declaration, Declared, Index};
use crate::id::{IntegrationId, UserId};
use crate::types::{Encrypted, StringList};

/// Whether an integration works.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "Enum", enum_name = "integration_status")]
#[serde(rename_all = "snake_case")]
pub enum IntegrationStatus {
    /// It works.
    #[sea_orm(string_value = "connected")]
    Connected,
    /// Its credentials ran out.
    #[sea_orm(string_value = "expired")]
    Expired,
    /// Its owner took it back.
    #[sea_orm(string_value = "revoked")]
    Revoked,
    /// The provider refuses it.
    #[sea_orm(string_value = "error")]
    Error,
}

/// A person's account at another service.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "integrations")]
pub struct Model {
    /// The integration's id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: IntegrationId,
    /// Whose account it is.
    pub user_id: UserId,
    /// The service.
    #[sea_orm(column_type = "String(StringLen::N(255))")]
    pub provider: String,
    /// Whether it works.
    pub status: IntegrationStatus,
    /// What opens the account.
    #[sea_orm(column_type = "Text", nullable)]
    pub credentials: Option<Encrypted>,
    /// What the service lets us do.
    #[sea_orm(column_type = "JsonBinary", default_value = "[]")]
    pub scopes: StringList,
    /// What the service said about the account.
    #[sea_orm(column_type = "JsonBinary", default_value = "{}")]
    pub metadata: Json,
    /// When the credentials run out.
    pub expires_at: Option<DateTimeUtc>,
    /// Raised by every update.
    #[sea_orm(default_value = 1)]
    pub version: i64,
    /// When the row was made.
    pub created_at: DateTimeUtc,
    /// When the row last changed.
    pub updated_at: DateTimeUtc,

    /// Whose account it is.
    #[sea_orm(belongs_to, from = "user_id", to = "id", on_delete = "Cascade")]
    pub user: BelongsTo<crate::identity::user::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

impl Declared for Entity {
    const DECLARATION: Declaration = Declaration {
        indexes: &[Index::unique(&["user_id", "provider"])],
        secrets: &["credentials"],
        ..Declaration::PLAIN
    };
}
