//! An upload: a file that somebody puts here, whole or in parts.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::declare::{Check, Declaration, Declared, Index};
use crate::id::{UploadId, UserId};

/// What a file is for.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "Enum", enum_name = "upload_kind")]
#[serde(rename_all = "snake_case")]
pub enum UploadKind {
    /// A picture of a person.
    #[sea_orm(string_value = "avatar")]
    Avatar,
    /// A document for the pipeline.
    #[sea_orm(string_value = "document")]
    Document,
}

/// Where an upload stands.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "Enum", enum_name = "upload_status")]
#[serde(rename_all = "snake_case")]
pub enum UploadStatus {
    /// Parts are still to come.
    #[sea_orm(string_value = "pending")]
    Pending,
    /// The whole file is stored and checked.
    #[sea_orm(string_value = "complete")]
    Complete,
    /// The content was not what it was said to be.
    #[sea_orm(string_value = "rejected")]
    Rejected,
}

/// A file that somebody puts here.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "uploads")]
pub struct Model {
    /// The upload's id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: UploadId,
    /// Whose file it is.
    pub user_id: UserId,
    /// What it is for.
    pub kind: UploadKind,
    /// What its owner calls it.
    #[sea_orm(column_type = "String(StringLen::N(255))")]
    pub file_name: String,
    /// The media type, as the content itself says.
    #[sea_orm(column_type = "String(StringLen::N(255))")]
    pub content_type: String,
    /// The whole size in bytes.
    pub size: i64,
    /// How many bytes are in.
    #[sea_orm(default_value = 0)]
    pub offset: i64,
    /// The stored parts, in order, until they are joined.
    #[sea_orm(column_type = "JsonBinary", default_value = "[]")]
    pub parts: Json,
    /// SHA-256 of the whole, in hex.
    #[sea_orm(column_type = "String(StringLen::N(64))", nullable)]
    pub sha256: Option<String>,
    /// Under which key the store has it; a random one.
    #[sea_orm(column_type = "String(StringLen::N(255))")]
    pub storage_key: String,
    /// Where it stands.
    pub status: UploadStatus,
    /// What the client said about it.
    #[sea_orm(column_type = "JsonBinary", default_value = "{}")]
    pub metadata: Json,
    /// When an unfinished upload is thrown away.
    pub expires_at: Option<DateTimeUtc>,
    /// What the writer of the current part must name.
    pub lock_token: Option<Uuid>,
    /// When that writer's hold ends.
    pub lock_until: Option<DateTimeUtc>,
    /// Raised by every update.
    #[sea_orm(default_value = 1)]
    pub version: i64,
    /// When the row was made.
    pub created_at: DateTimeUtc,
    /// When the row last changed.
    pub updated_at: DateTimeUtc,

    /// Whose file it is.
    #[sea_orm(belongs_to, from = "user_id", to = "id", on_delete = "Cascade")]
    pub user: BelongsTo<crate::identity::user::Entity>,
    /// The runs that read it.
    #[sea_orm(has_many)]
    pub runs: HasMany<crate::pipeline::run::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

impl Declared for Entity {
    const DECLARATION: Declaration = Declaration {
        indexes: &[
            Index::on(&["user_id", "created_at", "id"]),
            Index::on(&["status", "expires_at"]),
        ],
        checks: &[Check::new(
            "uploads_offset_check",
            "\"offset\" >= 0 AND \"offset\" <= size",
        )],
        secrets: &["storage_key", "lock_token"],
        ..Declaration::PLAIN
    };
}
