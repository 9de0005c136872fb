//! An identity: one way in which somebody else vouches for a person.

use sea_orm::entity::prelude::*;

use crate::declare::{Declaration, Declared, Index};
use crate::id::{UserId, UserIdentityId};

/// A person as another system knows them: a Clerk or OIDC subject, or a wallet's address.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "user_identities")]
pub struct Model {
    /// The identity's id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: UserIdentityId,
    /// Who it is.
    pub user_id: UserId,
    /// Who vouches: `clerk`, an OIDC issuer, `wallet:evm` or `wallet:solana`.
    #[sea_orm(column_type = "String(StringLen::N(255))")]
    pub provider: String,
    /// What the provider calls the person: a subject or an address.
    #[sea_orm(column_type = "String(StringLen::N(255))")]
    pub subject: String,
    /// When the person last came in by it.
    pub last_used_at: Option<DateTimeUtc>,
    /// When the row was made.
    pub created_at: DateTimeUtc,
    /// When the row last changed.
    pub updated_at: DateTimeUtc,

    /// Who it is.
    #[sea_orm(belongs_to, from = "user_id", to = "id", on_delete = "Cascade")]
    pub user: BelongsTo<super::user::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

impl Declared for Entity {
    const DECLARATION: Declaration = Declaration {
        indexes: &[
            Index::unique(&["provider", "subject"]),
            Index::on(&["user_id"]),
        ],
        ..Declaration::PLAIN
    };
}
