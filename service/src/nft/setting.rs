//! What can be set of NFTs.

use std::time::Duration;

use super::chain::NftChain;
use crate::configuration::{Bounds, Setting};

/// The chains that are asked who holds what.
pub const CHAINS: Setting<Vec<NftChain>> = Setting {
    key: "nfts.chains",
    description: "The chains that are asked who holds an NFT: a list of objects with `name`, `url` (a \
                  JSON-RPC endpoint; for Solana one with the Digital Asset Standard's `getAsset`), \
                  `standards` (`erc721` and `erc1155`, or `solana`) and perhaps `authorization`, the \
                  value of that header",
    default: Vec::new,
    bounds: Bounds::of(0, 100),
    sensitive: true,
    live: true,
};

/// After what time a verified ownership is verified anew.
pub const RECHECK_AFTER: Setting<Duration> = Setting {
    key: "nfts.recheck_after",
    description: "After what time a verified ownership is asked for anew, in seconds",
    default: || Duration::from_hours(24),
    bounds: Bounds::of(60, 365 * 86_400),
    sensitive: false,
    live: true,
};

/// How many are asked for anew at once.
pub const RECHECKS_AT_ONCE: Setting<i64> = Setting {
    key: "nfts.rechecks_at_once",
    description: "How many verified ownerships are asked for anew every ten minutes, at most",
    default: || 500,
    bounds: Bounds::of(1, 10_000),
    sensitive: false,
    live: true,
};
