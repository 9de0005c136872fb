//! An inbound event: what a source told us, kept before it is handled.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::declare::{Declaration, Declared, Index};
use crate::id::InboundEventId;

/// Where an event stands.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize,
)]
#[sea_orm(
    rs_type = "String",
    db_type = "Enum",
    enum_name = "inbound_event_state"
)]
#[serde(rename_all = "snake_case")]
pub enum InboundEventState {
    /// It waits to be handled.
    #[sea_orm(string_value = "received")]
    Received,
    /// It is handled.
    #[sea_orm(string_value = "processed")]
    Processed,
    /// It is of no concern to us.
    #[sea_orm(string_value = "ignored")]
    Ignored,
    /// It could not be handled.
    #[sea_orm(string_value = "failed")]
    Failed,
}

/// What a source told us.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "inbound_events")]
pub struct Model {
    /// The event's id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: InboundEventId,
    /// The source's name; it stays when the source is gone.
    #[sea_orm(column_type = "String(StringLen::N(255))")]
    pub source: String,
    /// The source's id of it, or the body's SHA-256 where the scheme has none.
    #[sea_orm(column_type = "String(StringLen::N(255))")]
    pub external_id: String,
    /// The headers that matter.
    #[sea_orm(column_type = "JsonBinary", default_value = "{}")]
    pub headers: Json,
    /// The bytes that were signed.
    pub body: Vec<u8>,
    /// Where it stands.
    pub state: InboundEventState,
    /// Why it could not be handled.
    #[sea_orm(column_type = "Text", nullable)]
    pub error: Option<String>,
    /// When it was handled.
    pub processed_at: Option<DateTimeUtc>,
    /// When the row was made.
    pub created_at: DateTimeUtc,
    /// When the row last changed.
    pub updated_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}

impl Declared for Entity {
    const DECLARATION: Declaration = Declaration {
        indexes: &[
            Index::unique(&["source", "external_id"]),
            Index::on(&["state", "created_at", "id"]),
            Index::on(&["source", "created_at", "id"]),
        ],
        ..Declaration::PLAIN
    };
}
