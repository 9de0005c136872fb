//! A challenge: a sign-in, a connection or a reset that has begun and waits for its answer.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::declare::{Declaration, Declared, Index};
use crate::id::{AuthChallengeId, UserId};
use crate::types::Encrypted;

/// What a challenge is for.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize,
)]
#[sea_orm(
    rs_type = "String",
    db_type = "Enum",
    enum_name = "auth_challenge_kind"
)]
#[serde(rename_all = "snake_case")]
pub enum AuthChallengeKind {
    /// A sign-in at an OIDC provider.
    #[sea_orm(string_value = "oidc")]
    Oidc,
    /// A sign-in with a wallet.
    #[sea_orm(string_value = "wallet")]
    Wallet,
    /// A new password.
    #[sea_orm(string_value = "reset")]
    Reset,
    /// The connection of an integration.
    #[sea_orm(string_value = "oauth")]
    Oauth,
}

/// Something begun that waits for its answer; good once, and not for long.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "auth_challenges")]
pub struct Model {
    /// The challenge's id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: AuthChallengeId,
    /// What it is for.
    pub kind: AuthChallengeKind,
    /// SHA-256 of the state, nonce or token that the answer must bring, in hex.
    #[sea_orm(column_type = "String(StringLen::N(64))", unique)]
    pub token_hash: String,
    /// Who began it, when that is known.
    pub user_id: Option<UserId>,
    /// The provider that is asked.
    #[sea_orm(column_type = "String(StringLen::N(255))", nullable)]
    pub provider: Option<String>,
    /// What we keep to check the answer: the PKCE verifier and the nonce.
    #[sea_orm(column_type = "Text", nullable)]
    pub secret: Option<Encrypted>,
    /// Where the browser goes afterwards.
    #[sea_orm(column_type = "Text", nullable)]
    pub redirect_to: Option<String>,
    /// When it ends.
    pub expires_at: DateTimeUtc,
    /// When it was answered; a second answer is refused.
    pub used_at: Option<DateTimeUtc>,
    /// When the row was made.
    pub created_at: DateTimeUtc,
    /// When the row last changed.
    pub updated_at: DateTimeUtc,

    /// Who began it, when that is known.
    #[sea_orm(belongs_to, from = "user_id", to = "id", on_delete = "Cascade")]
    pub user: BelongsTo<Option<super::user::Entity>>,
}

impl ActiveModelBehavior for ActiveModel {}

impl Declared for Entity {
    const DECLARATION: Declaration = Declaration {
        indexes: &[Index::on(&["user_id"]), Index::on(&["expires_at"])],
        secrets: &["token_hash", "secret"],
        ..Declaration::PLAIN
    };
}
