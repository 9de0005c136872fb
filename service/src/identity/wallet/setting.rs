//! What can be set of wallets.

use crate::configuration::{Bounds, Setting};

/// The chains of Ethereum and its like that a message may name.
pub const WALLET_CHAINS: Setting<Vec<i64>> = Setting {
    key: "auth.wallet_chains",
    description: "The chain ids (EIP-155) that the message of a wallet of Ethereum or its like may name.",
    default: || vec![1],
    bounds: Bounds::of(0, 100),
    sensitive: false,
    live: true,
};

/// The chains of Solana that a message may name.
pub const WALLET_SOLANA_CHAINS: Setting<Vec<String>> = Setting {
    key: "auth.wallet_solana_chains",
    description: "The chains that the message of a wallet of Solana may name, if it names one.",
    default: || vec!["mainnet".to_owned()],
    bounds: Bounds::of(0, 100),
    sensitive: false,
    live: true,
};
