//! A person with an account.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::declare::{Declaration, Declared, Index};
use crate::id::UserId;

/// What a person may do.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "Enum", enum_name = "user_role")]
#[serde(rename_all = "snake_case")]
pub enum UserRole {
    /// Their own rows.
    #[sea_orm(string_value = "user")]
    User,
    /// Reads all but secrets; steers runs, jobs and deliveries.
    #[sea_orm(string_value = "operator")]
    Operator,
    /// Everything.
    #[sea_orm(string_value = "admin")]
    Admin,
}

/// Whether an account may be used.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "Enum", enum_name = "user_status")]
#[serde(rename_all = "snake_case")]
pub enum UserStatus {
    /// It may.
    #[sea_orm(string_value = "active")]
    Active,
    /// It may not: its sessions and keys are dead.
    #[sea_orm(string_value = "suspended")]
    Suspended,
}

/// A person with an account.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "users")]
pub struct Model {
    /// The person's id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: UserId,
    /// The e-mail address as the person wrote it.
    #[sea_orm(column_type = "String(StringLen::N(255))", nullable)]
    pub email: Option<String>,
    /// The address normalised, so that two spellings are one person.
    #[sea_orm(column_type = "String(StringLen::N(255))", nullable, unique)]
    pub email_key: Option<String>,
    /// What to call them.
    #[sea_orm(column_type = "String(StringLen::N(255))", nullable)]
    pub name: Option<String>,
    /// The password's Argon2id hash, when they sign in with one.
    #[sea_orm(column_type = "String(StringLen::N(255))", nullable)]
    pub password_hash: Option<String>,
    /// What they may do.
    pub role: UserRole,
    /// Whether the account may be used.
    pub status: UserStatus,
    /// When they last signed in.
    pub last_login: Option<DateTimeUtc>,
    /// Raised by every update.
    #[sea_orm(default_value = 1)]
    pub version: i64,
    /// When the row was made.
    pub created_at: DateTimeUtc,
    /// When the row last changed.
    pub updated_at: DateTimeUtc,

    /// The ways in which others vouch for them.
    #[sea_orm(has_many)]
    pub identities: HasMany<super::user_identity::Entity>,
    /// How they show themselves.
    #[sea_orm(has_many)]
    pub profiles: HasMany<super::profile::Entity>,
    /// The browsers that they signed in with.
    #[sea_orm(has_many)]
    pub sessions: HasMany<super::session::Entity>,
    /// The programs that act for them.
    #[sea_orm(has_many)]
    pub api_keys: HasMany<super::api_key::Entity>,
    /// Their files.
    #[sea_orm(has_many)]
    pub uploads: HasMany<crate::upload::upload::Entity>,
    /// Their runs.
    #[sea_orm(has_many)]
    pub runs: HasMany<crate::pipeline::run::Entity>,
    /// Their cards.
    #[sea_orm(has_many)]
    pub cards: HasMany<crate::pipeline::opportunity_card::Entity>,
    /// Their conversations.
    #[sea_orm(has_many)]
    pub threads: HasMany<crate::conversation::thread::Entity>,
    /// Their agents.
    #[sea_orm(has_many)]
    pub agents: HasMany<crate::agent::user_agent::Entity>,
    /// Their workflows.
    #[sea_orm(has_many)]
    pub workflows: HasMany<crate::agent::workflow::Entity>,
    /// The executions of both.
    #[sea_orm(has_many)]
    pub executions: HasMany<crate::agent::execution::Entity>,
    /// Their accounts at other services.
    #[sea_orm(has_many)]
    pub integrations: HasMany<crate::agent::integration::Entity>,
    /// Their videos.
    #[sea_orm(has_many)]
    pub videos: HasMany<crate::media::video::Entity>,
    /// What they should hear of.
    #[sea_orm(has_many)]
    pub notifications: HasMany<crate::media::notification::Entity>,
    /// The NFTs in their wallets.
    #[sea_orm(has_many)]
    pub nfts: HasMany<crate::media::nft_ownership::Entity>,
    /// Where they want to be told of events.
    #[sea_orm(has_many)]
    pub webhook_endpoints: HasMany<crate::webhook::endpoint::Entity>,
    /// The lists they saved.
    #[sea_orm(has_many)]
    pub saved_views: HasMany<crate::platform::saved_view::Entity>,
    /// The reports they saved.
    #[sea_orm(has_many)]
    pub saved_reports: HasMany<crate::platform::saved_report::Entity>,
    /// What they did, day by day.
    #[sea_orm(has_many)]
    pub days: HasMany<crate::analytics::user_day_rollup::Entity>,
    /// What they did, month by month.
    #[sea_orm(has_many)]
    pub months: HasMany<crate::analytics::user_month_rollup::Entity>,
    /// The jobs done for them.
    #[sea_orm(has_many)]
    pub jobs: HasMany<crate::platform::job::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

impl Declared for Entity {
    const DECLARATION: Declaration = Declaration {
        indexes: &[Index::on(&["created_at", "id"])],
        secrets: &["password_hash", "email_key"],
        ..Declaration::PLAIN
    };
}
