//! A source: a system that tells us of events.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::declare::{Declaration, Declared};
use crate::id::WebhookSourceId;
use crate::types::Encrypted;

/// How a source signs what it sends.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "Enum", enum_name = "webhook_scheme")]
#[serde(rename_all = "snake_case")]
pub enum WebhookScheme {
    /// As Standard Webhooks say.
    #[sea_orm(string_value = "standard")]
    Standard,
    /// As GitHub does: an HMAC of the body alone.
    #[sea_orm(string_value = "github")]
    Github,
    /// As Stripe does: an HMAC of time and body.
    #[sea_orm(string_value = "stripe")]
    Stripe,
}

/// A system that tells us of events.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "webhook_sources")]
pub struct Model {
    /// The source's id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: WebhookSourceId,
    /// Its name in the address that it calls.
    #[sea_orm(column_type = "String(StringLen::N(255))", unique)]
    pub name: String,
    /// How it signs.
    pub scheme: WebhookScheme,
    /// The secrets it may sign with.
    #[sea_orm(column_type = "Text")]
    pub secrets: Encrypted,
    /// Whether it is listened to.
    #[sea_orm(default_value = true)]
    pub is_active: bool,
    /// Raised by every update.
    #[sea_orm(default_value = 1)]
    pub version: i64,
    /// When the row was made.
    pub created_at: DateTimeUtc,
    /// When the row last changed.
    pub updated_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}

impl Declared for Entity {
    const DECLARATION: Declaration = Declaration {
        secrets: &["secrets"],
        ..Declaration::PLAIN
    };
}
