//! The kinds of wallets: how their addresses are written, and what a signature proves.

use ed25519_dalek::VerifyingKey as SolanaKey;
use k256::ecdsa::{RecoveryId, Signature, VerifyingKey};
use sha3::{Digest, Keccak256};

/// A kind of wallets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chain {
    /// Ethereum and its like: secp256k1, EIP-191, addresses with the checksum of EIP-55.
    Evm,
    /// Solana: ed25519, addresses in base58.
    Solana,
}

impl Chain {
    /// Who vouches, as `user_identities` names it.
    pub const fn provider(self) -> &'static str {
        match self {
            Self::Evm => "wallet:evm",
            Self::Solana => "wallet:solana",
        }
    }

    /// What follows the domain in a message's first line.
    pub(super) const fn invitation(self) -> &'static str {
        match self {
            Self::Evm => " wants you to sign in with your Ethereum account:",
            Self::Solana => " wants you to sign in with your Solana account:",
        }
    }

    /// Whether `text` is an address, written as it must be.
    pub(super) fn is_address(self, text: &str) -> bool {
        match self {
            Self::Evm => evm_bytes(text).is_some_and(|bytes| checksummed(&bytes) == text),
            Self::Solana => solana_bytes(text).is_some(),
        }
    }

    /// The address as it is kept: one spelling for each.
    pub(super) fn subject(self, address: &str) -> String {
        match self {
            Self::Evm => address.to_ascii_lowercase(),
            Self::Solana => address.to_owned(),
        }
    }

    /// The address that `text` is, as it is kept. One of Ethereum is also read without the checksum,
    /// where it is in one case; a wrong checksum is a wrong address.
    pub(crate) fn read(self, text: &str) -> Option<String> {
        match self {
            Self::Evm => {
                let bytes = evm_bytes(text)?;
                let digits = text.strip_prefix("0x")?;
                let small = hex::encode(bytes);
                let plain = digits == small || digits == small.to_ascii_uppercase();
                (plain || checksummed(&bytes) == text).then(|| format!("0x{small}"))
            }
            Self::Solana => solana_bytes(text).map(|_| text.to_owned()),
        }
    }

    /// Whether the wallet of `address` signed `message`.
    pub(super) fn has_signed(self, address: &str, message: &str, signature: &str) -> bool {
        match self {
            Self::Evm => evm_bytes(address)
                .is_some_and(|address| evm_signer(message, signature) == Some(address)),
            Self::Solana => solana_signed(address, message, signature).is_some(),
        }
    }
}

fn evm_bytes(text: &str) -> Option<[u8; 20]> {
    hex::decode(text.strip_prefix("0x")?).ok()?.try_into().ok()
}

/// An address as EIP-55 writes it: the hash of its digits says which letters are capitals.
fn checksummed(address: &[u8; 20]) -> String {
    let digits = hex::encode(address);
    let hash = Keccak256::digest(digits.as_bytes());
    let mut text = String::from("0x");
    for (at, digit) in digits.chars().enumerate() {
        let nibble = hash[at / 2] >> (4 * (1 - at % 2)) & 15;
        text.push(if nibble > 7 {
            digit.to_ascii_uppercase()
        } else {
            digit
        });
    }
    text
}

/// The address whose key signed `message` (EIP-191, version 0x45).
fn evm_signer(message: &str, signature: &str) -> Option<[u8; 20]> {
    let bytes = hex::decode(signature.strip_prefix("0x")?).ok()?;
    let (signature, recovery) = bytes.split_at_checked(64)?;
    let recovery = match recovery {
        [odd @ (0 | 1)] => *odd,
        [odd @ (27 | 28)] => odd - 27,
        _ => return None,
    };
    let signature = Signature::from_slice(signature).ok()?;
    // Of the two that say the same, only the lower one: EIP-2.
    if signature.normalize_s() != signature {
        return None;
    }
    let prefix = format!("\u{19}Ethereum Signed Message:\n{}", message.len());
    let hash = Keccak256::new()
        .chain_update(prefix)
        .chain_update(message)
        .finalize();
    let recovery = RecoveryId::from_byte(recovery)?;
    let key = VerifyingKey::recover_from_prehash(&hash, &signature, recovery).ok()?;
    let point = key.to_sec1_point(false);
    let hash = Keccak256::digest(point.as_bytes().get(1..)?);
    hash[12..].try_into().ok()
}

fn solana_bytes(text: &str) -> Option<[u8; 32]> {
    bs58::decode(text).into_vec().ok()?.try_into().ok()
}

fn solana_signed(address: &str, message: &str, signature: &str) -> Option<()> {
    let key = SolanaKey::from_bytes(&solana_bytes(address)?).ok()?;
    let bytes = bs58::decode(signature).into_vec().ok()?;
    let signature = ed25519_dalek::Signature::from_slice(&bytes).ok()?;
    key.verify_strict(message.as_bytes(), &signature).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_those_of_eip_55() {
        // The specification's own, of all capitals, all small and mixed letters.
        for address in [
            "0x52908400098527886E0F7030069857D2E4169EE7",
            "0x8617E340B3D01FA5F11F306F4090FD50E238070D",
            "0xde709f2102306220921060314715629080e2fb77",
            "0x27b1fdb04752bbc536007a920d24acb045561c26",
            "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
            "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
            "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
            "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
        ] {
            assert!(Chain::Evm.is_address(address), "{address}");
            let other = match address.find(|letter: char| "abcdef".contains(letter)) {
                Some(at) => format!(
                    "{}{}{}",
                    &address[..at],
                    address[at..=at].to_uppercase(),
                    &address[at + 1..]
                ),
                None => address.to_lowercase(),
            };
            assert!(!Chain::Evm.is_address(&other), "{other}");
        }
        for none in ["", "0x", "0x12", "5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"] {
            assert!(!Chain::Evm.is_address(none), "{none}");
        }
        let mixed = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";
        let small = mixed.to_lowercase();
        let big = format!("0x{}", mixed[2..].to_uppercase());
        for known in [mixed, &small, &big] {
            assert_eq!(Chain::Evm.read(known).as_deref(), Some(small.as_str()));
        }
        for none in [mixed.replace("0x5a", "0x5A"), small.replace("0x5", "0x")] {
            assert_eq!(Chain::Evm.read(&none), None, "{none}");
        }
        let solana = "11111111111111111111111111111111";
        assert!(Chain::Solana.is_address(solana));
        for none in ["", "1111", "0OIl", &format!("{solana}1")] {
            assert!(!Chain::Solana.is_address(none), "{none}");
        }
    }

    #[test]
    fn the_signer_of_a_known_message_is_known() {
        // The example of web3.js' `eth.accounts.sign`.
        let address = "0x2c7536E3605D9C16a7a3D7b1898e529396a65c23";
        let signature = "0xb91467e570a6466aa9e9876cbcd013baba02900b8979d43fe208a4a4f339f5fd6007e74cd82e037b800186422fc2da167c747ef045e5d18a5f5d4300f8e1a0291c";
        assert!(Chain::Evm.has_signed(address, "Some data", signature));
        assert!(!Chain::Evm.has_signed(address, "Some date", signature));
        let recovery = |byte: &str| signature[..130].to_owned() + byte;
        assert!(Chain::Evm.has_signed(address, "Some data", &recovery("01")));
        for byte in ["", "00", "02", "1b", "1d", "1c00"] {
            assert!(
                !Chain::Evm.has_signed(address, "Some data", &recovery(byte)),
                "{byte}"
            );
        }
    }

    #[test]
    fn a_solana_wallet_signs_with_ed25519() {
        // The second test of RFC 8032, section 7.1: the message is the letter `r`.
        let key = "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c";
        let signed = "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da\
                      085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00";
        let base58 = |hex: &str| bs58::encode(hex::decode(hex).unwrap()).into_string();
        let (address, signature) = (base58(key), base58(signed));
        assert!(Chain::Solana.has_signed(&address, "r", &signature));
        assert!(!Chain::Solana.has_signed(&address, "s", &signature));
        assert!(!Chain::Solana.has_signed(&address, "r", &signature[1..]));
        assert!(!Chain::Solana.has_signed(&base58(&"00".repeat(32)), "r", &signature));
    }
}
