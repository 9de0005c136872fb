//! An API key: a program that acts for its owner.

use sea_orm::entity::prelude::*;

use crate::declare::{Declaration, Declared, Index};
use crate::id::{ApiKeyId, UserId};
use crate::types::StringList;

/// A program that acts for its owner, within its scopes.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "api_keys")]
pub struct Model {
    /// The key's id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ApiKeyId,
    /// Whose key it is.
    pub user_id: UserId,
    /// What its owner calls it.
    #[sea_orm(column_type = "String(StringLen::N(255))")]
    pub name: String,
    /// The part of the key that may be shown: `ck_live_` and an id.
    #[sea_orm(column_type = "String(StringLen::N(64))", unique)]
    pub prefix: String,
    /// SHA-256 of the secret part, in hex.
    #[sea_orm(column_type = "String(StringLen::N(64))")]
    pub secret_hash: String,
    /// What it may do: `read`, `write`, `worker`, `webhook`, `admin:*`.
    #[sea_orm(column_type = "JsonBinary")]
    pub scopes: StringList,
    /// When it ends.
    pub expires_at: Option<DateTimeUtc>,
    /// When it was last used, to the minute.
    pub last_used_at: Option<DateTimeUtc>,
    /// When it was ended early.
    pub revoked_at: Option<DateTimeUtc>,
    /// The key that took its place when it was rotated.
    pub replaced_by: Option<ApiKeyId>,
    /// When the row was made.
    pub created_at: DateTimeUtc,
    /// When the row last changed.
    pub updated_at: DateTimeUtc,

    /// Whose key it is.
    #[sea_orm(belongs_to, from = "user_id", to = "id", on_delete = "Cascade")]
    pub user: BelongsTo<super::user::Entity>,
    /// The key that took its place.
    #[sea_orm(
        self_ref,
        relation_enum = "Replacement",
        from = "replaced_by",
        to = "id",
        on_delete = "SetNull"
    )]
    pub replacement: BelongsTo<Option<Entity>>,
}

impl ActiveModelBehavior for ActiveModel {}

impl Declared for Entity {
    const DECLARATION: Declaration = Declaration {
        indexes: &[Index::on(&["user_id"]), Index::on(&["replaced_by"])],
        secrets: &["secret_hash"],
        ..Declaration::PLAIN
    };
}
