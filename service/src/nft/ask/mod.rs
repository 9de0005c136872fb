//! Asking a chain who holds an NFT, by JSON-RPC.
//!
//! What comes is believed only where it is exactly what the question asks for: the right id, one of
//! result and error, the right width. Whatever else comes is no answer, and the question is put again.

mod evm;
mod rpc;
mod solana;

use entity::media::nft_ownership::{Model, NftStandard};

use super::chain::{NftChain, wallets};
use crate::check::Check;
use crate::ctx::Services;
use crate::identity::Chain;

/// What a chain says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Finding {
    /// The wallet holds it.
    Holds,
    /// Somebody else does.
    Elsewhere,
    /// There is no such NFT.
    Nowhere,
}

/// An NFT as its chain knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    /// Its contract; of Solana its collection, else the asset itself.
    pub(super) contract: String,
    /// Its number in decimal digits; of Solana the asset.
    pub(super) id: String,
    kind: Chain,
}

impl Token {
    /// The NFT that a person names, or what is wrong with its name.
    pub(super) fn read(
        check: &mut Check,
        standard: NftStandard,
        contract: Option<&str>,
        id: &str,
    ) -> Option<Self> {
        let kind = wallets(standard);
        let read = |text: &str| kind.read(text);
        let id = match kind {
            Chain::Evm => evm::number(id).map(|_| evm::plain(id).to_owned()),
            Chain::Solana => read(id),
        };
        if id.is_none() {
            let wrong = match kind {
                Chain::Evm => "must be a number of at most 256 bits, in decimal digits",
                Chain::Solana => "must be the address of an asset",
            };
            check.wrong("/token_id", wrong);
        }
        let contract = match (contract, kind) {
            (Some(contract), _) => read(contract),
            (None, Chain::Solana) => id.clone(),
            (None, Chain::Evm) => None,
        };
        if contract.is_none() && id.is_some() {
            check.wrong("/contract_address", "must be an address of the chain's");
        }
        Some(Self {
            contract: contract?,
            id: id?,
            kind,
        })
    }

    /// What we call it.
    pub(super) fn name(&self, chain: &str) -> String {
        let Self { contract, id, kind } = self;
        match kind {
            Chain::Evm => format!("{chain}:{contract}:{id}"),
            Chain::Solana => format!("{chain}:{id}"),
        }
    }
}

/// Whether the row's wallet holds the row's NFT, or why that cannot be told.
pub(super) async fn holds(
    services: &Services,
    chain: &NftChain,
    standard: NftStandard,
    row: &Model,
    id: &str,
) -> Result<Finding, String> {
    let (method, params) = match standard {
        NftStandard::Erc721 | NftStandard::Erc1155 => evm::question(standard, row)?,
        NftStandard::Solana => solana::question(row),
    };
    let answer = rpc::ask(services, chain, id, method, params).await?;
    match standard {
        NftStandard::Erc721 => evm::owner(answer, &row.wallet_address),
        NftStandard::Erc1155 => evm::balance(answer),
        NftStandard::Solana => solana::owner(answer, row),
    }
}
