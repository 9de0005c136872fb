//! An ownership: which wallet holds an NFT, and whether that was verified.
//!
//! An NFT may have several rows, one an account that held it; its owner is the latest verified one.

use sea_orm::entity::prelude::*;

use crate::declare::{Declaration, Declared, Index};
use crate::id::{NftOwnershipId, UserId};

/// A wallet that holds, or held, an NFT.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "nft_ownership")]
pub struct Model {
    /// The row's id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: NftOwnershipId,
    /// The NFT.
    #[sea_orm(column_type = "String(StringLen::N(255))")]
    pub nft_id: String,
    /// Whose wallet it is, when that is known.
    pub user_id: Option<UserId>,
    /// The wallet.
    #[sea_orm(column_type = "String(StringLen::N(255))")]
    pub wallet_address: String,
    /// The NFT's contract.
    #[sea_orm(column_type = "String(StringLen::N(255))")]
    pub contract_address: String,
    /// The NFT's number in its contract.
    #[sea_orm(column_type = "String(StringLen::N(255))")]
    pub token_id: String,
    /// Whether the chain says so.
    #[sea_orm(default_value = false)]
    pub verified: bool,
    /// When the chain was last asked.
    pub last_verified: Option<DateTimeUtc>,
    /// Raised by every update.
    #[sea_orm(default_value = 1)]
    pub version: i64,
    /// When the row was made.
    pub created_at: DateTimeUtc,
    /// When the row last changed.
    pub updated_at: DateTimeUtc,

    /// Whose wallet it is, when that is known.
    #[sea_orm(belongs_to, from = "user_id", to = "id", on_delete = "SetNull")]
    pub user: BelongsTo<Option<crate::identity::user::Entity>>,
}

impl ActiveModelBehavior for ActiveModel {}

impl Declared for Entity {
    const DECLARATION: Declaration = Declaration {
        indexes: &[
            Index::unique(&["nft_id", "wallet_address"]),
            Index::on(&["wallet_address"]),
            Index::on(&["user_id"]),
        ],
        ..Declaration::PLAIN
    };
}
