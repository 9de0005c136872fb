//! A chain that is asked who holds what, as the operator declares it.

use std::fmt;

use entity::media::nft_ownership::NftStandard;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use url::Url;

use crate::configuration::SettingValue;
use crate::identity::Chain;

/// A chain that is asked who holds what.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NftChain {
    /// What callers call it: `a-z`, `0-9` and `-`.
    pub name: String,
    /// Its JSON-RPC endpoint; many have a key in it.
    pub url: Url,
    /// How it tells who holds an NFT; the first where a caller does not say.
    pub standards: Vec<NftStandard>,
    /// What proves who we are, where the endpoint wants to know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorization: Option<String>,
}

impl fmt::Debug for NftChain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NftChain")
            .field("name", &self.name)
            .field("standards", &self.standards)
            .finish_non_exhaustive()
    }
}

/// The kind of wallets that hold NFTs of a standard.
pub(super) const fn wallets(standard: NftStandard) -> Chain {
    match standard {
        NftStandard::Erc721 | NftStandard::Erc1155 => Chain::Evm,
        NftStandard::Solana => Chain::Solana,
    }
}

impl SettingValue for NftChain {
    const WHAT: &'static str = "a chain";

    fn from_json(json: &Value) -> Option<Self> {
        let chain = Self::deserialize(json).ok()?;
        let named = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let first = wallets(*chain.standards.first()?);
        let good = (1..=64).contains(&chain.name.len())
            && chain.name.bytes().all(named)
            && matches!(chain.url.scheme(), "http" | "https")
            && chain.url.has_host()
            && chain.standards.iter().all(|one| wallets(*one) == first)
            && chain
                .authorization
                .as_ref()
                .is_none_or(|text| text.bytes().all(|byte| (32..127).contains(&byte)));
        good.then_some(chain)
    }

    fn to_json(&self) -> Value {
        json!(self)
    }

    fn schema() -> Value {
        json!({
            "type": "object",
            "additionalProperties": false,
            "required": ["name", "url", "standards"],
            "properties": {
                "name": { "type": "string", "pattern": "^[a-z0-9-]{1,64}$" },
                "url": { "type": "string", "format": "uri" },
                "standards": {
                    "type": "array",
                    "minItems": 1,
                    "items": { "enum": ["erc721", "erc1155", "solana"] },
                },
                "authorization": { "type": "string" },
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_is_read_whole_or_not_at_all_and_shows_no_key() {
        let good = json!({
            "name": "ethereum", "url": "https://rpc.example.com/v2/hidden",
            "standards": ["erc721", "erc1155"], "authorization": "Bearer hidden",
        });
        let chain = NftChain::from_json(&good).unwrap();
        assert!(!format!("{chain:?}").contains("hidden"));
        assert_eq!(chain.to_json(), good);
        for (member, value) in [
            ("name", json!("Main Net")),
            ("name", json!("")),
            ("url", json!("/rpc")),
            ("url", json!("ftp://example.com/")),
            ("standards", json!([])),
            ("standards", json!(["erc721", "solana"])),
            ("standards", json!(["erc20"])),
            ("authorization", json!("a\r\nb")),
            ("other", json!(1)),
        ] {
            let mut bad = good.clone();
            bad[member] = value;
            assert!(NftChain::from_json(&bad).is_none(), "{bad}");
        }
    }
}
