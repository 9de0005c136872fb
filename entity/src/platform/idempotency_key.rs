//! An idempotency key: a request that may be sent twice and is done once.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::declare::{Declaration, Declared, Index};
use crate::id::IdempotencyKeyId;
use crate::types::Encrypted;

/// Where a keyed request stands.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "Enum", enum_name = "idempotency_state")]
#[serde(rename_all = "snake_case")]
pub enum IdempotencyState {
    /// It is being done.
    #[sea_orm(string_value = "in_flight")]
    InFlight,
    /// It is done.
    #[sea_orm(string_value = "done")]
    Done,
}

/// A request under a key of the caller's choice, kept so that a repetition gets the same answer.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "idempotency_keys")]
pub struct Model {
    /// The key's id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: IdempotencyKeyId,
    /// Who asks; for an anonymous caller a hash, so that two callers never share.
    #[sea_orm(column_type = "String(StringLen::N(255))")]
    pub actor: String,
    /// The method and the route's pattern.
    #[sea_orm(column_type = "String(StringLen::N(255))")]
    pub route: String,
    /// The caller's key.
    #[sea_orm(column_type = "String(StringLen::N(255))")]
    pub key: String,
    /// SHA-256 of the request, in hex: the same key with another body is refused.
    #[sea_orm(column_type = "String(StringLen::N(64))")]
    pub fingerprint: String,
    /// Where it stands.
    pub state: IdempotencyState,
    /// What it made, as `kind:id`: answers a repetition while there is no body.
    #[sea_orm(column_type = "String(StringLen::N(255))", nullable)]
    pub resource: Option<String>,
    /// The answer's status.
    pub status: Option<i32>,
    /// The answer's body.
    #[sea_orm(column_type = "Text", nullable)]
    pub body: Option<Encrypted>,
    /// When the key is forgotten.
    pub expires_at: DateTimeUtc,
    /// When the row was made.
    pub created_at: DateTimeUtc,
    /// When the row last changed.
    pub updated_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}

impl Declared for Entity {
    const DECLARATION: Declaration = Declaration {
        indexes: &[
            Index::unique(&["actor", "route", "key"]),
            Index::on(&["expires_at"]),
        ],
        secrets: &["body"],
        ..Declaration::PLAIN
    };
}
