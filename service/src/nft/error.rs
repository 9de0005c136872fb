//! What the domain of NFTs refuses.

use entity::id::NftOwnershipId;

use crate::error::{Kind, Refusal, refusals};

refusals! {
    /// What the domain of NFTs refuses.
    pub enum Error {
        /// No such ownership, or not the caller's.
        NotFound(NftOwnershipId) => NotFound, "nft.not_found",
            "there is no NFT {0}",
            "Check the id. An NFT of somebody else answers the same.";
        /// The chain is not set up here.
        UnknownChain { chain: String } => Conflict, "nft.unknown_chain",
            "the chain {chain} is not set up here",
            "List the chains at GET /api/v1/nfts/chains. Operators declare them in `nfts.chains`.";
        /// The wallet is not one of the caller's.
        WalletNotLinked => Conflict, "nft.wallet_not_linked",
            "the wallet is not one of yours",
            "Link it first: sign a nonce of POST /api/v1/auth/wallet/nonce, and send it to POST /api/v1/me/identities/wallet.";
        /// Who holds it cannot be asked just now.
        Unanswered { chain: String, why: String } => Unavailable, "nft.unanswered",
            "the chain {chain} cannot be asked: {why}",
            "The job asks again by itself. Operators look at the address in `nfts.chains`, and at `outbound.allowed_networks`.";
    }
}

impl Refusal for Error {
    fn kind(&self) -> Kind {
        self.entry().1
    }

    fn code(&self) -> &'static str {
        self.entry().0
    }
}
