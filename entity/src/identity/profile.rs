//! A profile: how a person shows themselves.

use sea_orm::entity::prelude::*;

use crate::declare::{Declaration, Declared, Index};
use crate::id::{ProfileId, UserId};

/// What a person shows of themselves, and what they prefer.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "profiles")]
pub struct Model {
    /// The profile's id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ProfileId,
    /// Whose profile it is.
    pub user_id: UserId,
    /// The name that nobody else has.
    #[sea_orm(column_type = "String(StringLen::N(255))", unique)]
    pub username: String,
    /// A few words about themselves.
    #[sea_orm(column_type = "Text", nullable)]
    pub bio: Option<String>,
    /// The picture: an address, or the id of an upload.
    #[sea_orm(column_type = "Text", nullable)]
    pub avatar: Option<String>,
    /// Addresses elsewhere, by name.
    #[sea_orm(column_type = "JsonBinary", default_value = "{}")]
    pub social_links: Json,
    /// What the person prefers, by key.
    #[sea_orm(column_type = "JsonBinary", default_value = "{}")]
    pub preferences: Json,
    /// Raised by every update.
    #[sea_orm(default_value = 1)]
    pub version: i64,
    /// When the row was made.
    pub created_at: DateTimeUtc,
    /// When the row last changed.
    pub updated_at: DateTimeUtc,

    /// Whose profile it is.
    #[sea_orm(belongs_to, from = "user_id", to = "id", on_delete = "Cascade")]
    pub user: BelongsTo<super::user::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

impl Declared for Entity {
    const DECLARATION: Declaration = Declaration {
        indexes: &[Index::on(&["user_id"])],
        ..Declaration::PLAIN
    };
}
