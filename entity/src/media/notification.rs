//! A notification: something that a person should hear of.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::declare::{Declaration, Declared, Index};
use crate::id::{NotificationId, UserId};

/// What a notification is about.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "Enum", enum_name = "notification_type")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum NotificationType {
    /// A video can be watched.
    #[sea_orm(string_value = "VIDEO_COMPLETED")]
    VideoCompleted,
    /// A video was not made.
    #[sea_orm(string_value = "VIDEO_FAILED")]
    VideoFailed,
    /// The house has something to say.
    #[sea_orm(string_value = "SYSTEM_ANNOUNCEMENT")]
    SystemAnnouncement,
    /// An NFT's owner was confirmed.
    #[sea_orm(string_value = "NFT_VERIFIED")]
    NftVerified,
    /// The person's profile changed.
    #[sea_orm(string_value = "PROFILE_UPDATE")]
    ProfileUpdate,
    /// A mission is done.
    #[sea_orm(string_value = "MISSION_COMPLETED")]
    MissionCompleted,
}

/// Something that a person should hear of.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "notifications")]
pub struct Model {
    /// The notification's id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: NotificationId,
    /// Who should hear of it.
    pub user_id: UserId,
    /// What it is about.
    #[sea_orm(column_name = "type")]
    pub kind: NotificationType,
    /// The headline.
    #[sea_orm(column_type = "Text")]
    pub title: String,
    /// What there is to say.
    #[sea_orm(column_type = "Text")]
    pub message: String,
    /// What a screen needs to lead on.
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub data: Option<Json>,
    /// Whether the person has seen it.
    #[sea_orm(default_value = false)]
    pub is_read: bool,
    /// When the row was made.
    pub created_at: DateTimeUtc,
    /// When the row last changed.
    pub updated_at: DateTimeUtc,

    /// Who should hear of it.
    #[sea_orm(belongs_to, from = "user_id", to = "id", on_delete = "Cascade")]
    pub user: BelongsTo<crate::identity::user::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

impl Declared for Entity {
    const DECLARATION: Declaration = Declaration {
        indexes: &[
            Index::on(&["user_id", "created_at", "id"]),
            Index::on(&["created_at", "id"]),
            Index::on(&["user_id"])
                .filter("NOT is_read")
                .named("notifications_unread_idx"),
        ],
        ..Declaration::PLAIN
    };
}
