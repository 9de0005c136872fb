//! An ownership: which wallet holds an NFT, and whether that was verified.
//!
//! An NFT may have several rows, one an account that held it; its owner is the latest verified one.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::declare::{Declaration, Declared, Index};
use crate::id::{NftOwnershipId, UserId};

/// How an NFT's holder is told by its chain.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "Enum", enum_name = "nft_standard")]
#[serde(rename_all = "snake_case")]
pub enum NftStandard {
    /// One holder: `ownerOf`.
    #[sea_orm(string_value = "erc721")]
    Erc721,
    /// Any number of holders: `balanceOf`.
    #[sea_orm(string_value = "erc1155")]
    Erc1155,
    /// One holder: an asset of Solana.
    #[sea_orm(string_value = "solana")]
    Solana,
}

/// Why an ownership is not verified.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "Enum", enum_name = "nft_problem")]
#[serde(rename_all = "snake_case")]
pub enum NftProblem {
    /// The chain names another holder.
    #[sea_orm(string_value = "not_owner")]
    NotOwner,
    /// The chain knows no such NFT.
    #[sea_orm(string_value = "no_such_token")]
    NoSuchToken,
    /// The chain could not be asked.
    #[sea_orm(string_value = "unanswered")]
    Unanswered,
}

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
    /// When the chain last said so.
    pub last_verified: Option<DateTimeUtc>,
    /// Raised by every update.
    #[sea_orm(default_value = 1)]
    pub version: i64,
    /// When the row was made.
    pub created_at: DateTimeUtc,
    /// When the row last changed.
    pub updated_at: DateTimeUtc,
    /// The chain, by its name in the settings; none where it was never asked.
    #[sea_orm(column_type = "String(StringLen::N(64))", nullable)]
    pub chain: Option<String>,
    /// How the chain tells the holder.
    pub standard: Option<NftStandard>,
    /// When the chain was last asked, whatever it said; none while that is under way for the first
    /// time.
    pub checked_at: Option<DateTimeUtc>,
    /// What the chain said instead.
    pub problem: Option<NftProblem>,

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
            Index::on(&["user_id", "created_at", "id"]),
            Index::on(&["checked_at", "id"])
                .filter("verified")
                .named("nft_ownership_verified_idx"),
        ],
        ..Declaration::PLAIN
    };
}
