//! A video: made by an external generator for the holder of an NFT.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::declare::{Declaration, Declared, Index};
use crate::id::{UserId, VideoId};

/// Where a video stands.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "Enum", enum_name = "video_status")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum VideoStatus {
    /// Waits for the generator.
    #[sea_orm(string_value = "PENDING")]
    Pending,
    /// The generator has it.
    #[sea_orm(string_value = "PROCESSING")]
    Processing,
    /// It can be watched.
    #[sea_orm(string_value = "COMPLETED")]
    Completed,
    /// The generator gave up on it.
    #[sea_orm(string_value = "FAILED")]
    Failed,
}

/// A video made for the holder of an NFT.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "videos")]
pub struct Model {
    /// The video's id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: VideoId,
    /// Whose video it is.
    pub user_id: UserId,
    /// The NFT it was made for.
    #[sea_orm(column_type = "String(StringLen::N(255))")]
    pub nft_id: String,
    /// The name under which it was asked for; the caller's, or the job's id.
    #[sea_orm(column_type = "String(StringLen::N(255))", unique)]
    pub job_id: String,
    /// Where it stands.
    pub status: VideoStatus,
    /// Its title.
    #[sea_orm(column_type = "Text", nullable)]
    pub title: Option<String>,
    /// What it shows.
    #[sea_orm(column_type = "Text", nullable)]
    pub description: Option<String>,
    /// Where it can be watched.
    #[sea_orm(column_type = "Text", nullable)]
    pub video_url: Option<String>,
    /// Its picture.
    #[sea_orm(column_type = "Text", nullable)]
    pub thumbnail_url: Option<String>,
    /// Why it failed.
    #[sea_orm(column_type = "Text", nullable)]
    pub error_message: Option<String>,
    /// The generator.
    #[sea_orm(column_type = "String(StringLen::N(255))", nullable)]
    pub provider: Option<String>,
    /// What the generator calls it.
    #[sea_orm(column_type = "String(StringLen::N(255))", nullable)]
    pub provider_job_id: Option<String>,
    /// When it completed.
    pub completed_at: Option<DateTimeUtc>,
    /// Whether everybody may watch it once it is complete.
    #[sea_orm(default_value = false)]
    pub is_public: bool,
    /// What it was made from, and what the generator said.
    #[sea_orm(column_type = "JsonBinary", default_value = "{}")]
    pub metadata: Json,
    /// Raised by every update.
    #[sea_orm(default_value = 1)]
    pub version: i64,
    /// When the row was made.
    pub created_at: DateTimeUtc,
    /// When the row last changed.
    pub updated_at: DateTimeUtc,
    /// When the generator took it on.
    pub submitted_at: Option<DateTimeUtc>,

    /// Whose video it is.
    #[sea_orm(belongs_to, from = "user_id", to = "id", on_delete = "Cascade")]
    pub user: BelongsTo<crate::identity::user::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

impl Declared for Entity {
    const DECLARATION: Declaration = Declaration {
        indexes: &[
            Index::unique(&["provider", "provider_job_id"]),
            Index::on(&["user_id", "created_at", "id"]),
            Index::on(&["status", "created_at", "id"]),
            Index::on(&["completed_at", "id"]),
            Index::on(&["nft_id"]),
            Index::on(&["created_at", "id"])
                .filter("is_public AND status = 'COMPLETED'")
                .named("videos_public_idx"),
        ],
        ..Declaration::PLAIN
    };
}
