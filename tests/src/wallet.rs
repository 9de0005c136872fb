//! Wallets that sign what they are asked to.

use std::fmt::Write as _;

use chrono::{DateTime, SecondsFormat, Utc};
use ed25519_dalek::Signer;
use k256::ecdsa::SigningKey;
use serde_json::{Value, json};
use sha3::{Digest, Keccak256};

/// A wallet of Ethereum or of Solana.
#[derive(Clone, Debug)]
pub enum Wallet {
    /// Of Ethereum.
    Evm(Box<SigningKey>),
    /// Of Solana.
    Solana(Box<ed25519_dalek::SigningKey>),
}

impl Wallet {
    /// A wallet of Ethereum; another for each `seed`.
    pub fn evm(seed: u8) -> Self {
        Self::Evm(Box::new(SigningKey::from_slice(&[seed; 32]).unwrap()))
    }

    /// A wallet of Solana; another for each `seed`.
    pub fn solana(seed: u8) -> Self {
        let key = ed25519_dalek::SigningKey::from_bytes(&[seed; 32]);
        Self::Solana(Box::new(key))
    }

    /// Its address, as a message names it.
    pub fn address(&self) -> String {
        match self {
            Self::Evm(key) => {
                let point = key.verifying_key().to_sec1_point(false);
                let digits = hex(&Keccak256::digest(&point.as_bytes()[1..])[12..]);
                let hash = hex(&Keccak256::digest(digits.as_bytes()));
                let cased = digits.chars().zip(hash.chars());
                let cased = cased.map(|(digit, hash)| match hash {
                    '8'..='f' => digit.to_ascii_uppercase(),
                    _ => digit,
                });
                format!("0x{}", cased.collect::<String>())
            }
            Self::Solana(key) => bs58::encode(key.verifying_key().to_bytes()).into_string(),
        }
    }

    /// The message that it is asked to sign at `site`, now.
    pub fn message(&self, site: &str, nonce: &str, now: DateTime<Utc>) -> String {
        let domain = site.split_once("://").unwrap().1;
        let (kind, chain, gap) = match self {
            Self::Evm(_) => ("Ethereum", "1", "\n"),
            Self::Solana(_) => ("Solana", "mainnet", ""),
        };
        let (address, issued) = (
            self.address(),
            now.to_rfc3339_opts(SecondsFormat::Millis, true),
        );
        format!(
            "{domain} wants you to sign in with your {kind} account:\n{address}\n\n{gap}\
             URI: {site}/\nVersion: 1\nChain ID: {chain}\nNonce: {nonce}\nIssued At: {issued}"
        )
    }

    /// The body that shows `message` with its signature.
    pub fn sign(&self, message: &str) -> Value {
        let signature = match self {
            Self::Evm(key) => {
                let length = message.len();
                let text = format!("\u{19}Ethereum Signed Message:\n{length}{message}");
                let hash = Keccak256::digest(text.as_bytes());
                let (signature, recovery) = key.sign_prehash_recoverable(&hash);
                let recovery = [recovery.to_byte() + 27];
                format!("0x{}{}", hex(&signature.to_bytes()), hex(&recovery))
            }
            Self::Solana(key) => {
                bs58::encode(key.sign(message.as_bytes()).to_bytes()).into_string()
            }
        };
        json!({ "message": message, "signature": signature })
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
