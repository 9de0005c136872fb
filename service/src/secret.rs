//! Secrets at rest: XChaCha20-Poly1305 under a named key.
//!
//! The text reads `v1.<key id>.<base64url of nonce and ciphertext>`. The additional data says where
//! the value belongs, so that a ciphertext copied to another row does not open there.

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use entity::types::Encrypted;
use secrecy::{ExposeSecret, SecretBox};
use sha2::{Digest, Sha256};

use crate::chance::{Chance, bytes};

/// Why a ciphertext does not open.
#[derive(Debug, thiserror::Error)]
pub enum Broken {
    /// It is not of our making.
    #[error("the ciphertext is malformed")]
    Malformed,
    /// Its key is not on the ring.
    #[error("there is no key {0}")]
    NoKey(String),
    /// It was altered, or belongs elsewhere.
    #[error("the ciphertext does not fit its place")]
    Altered,
}

/// The keys that secrets are sealed under: all of them open, the current one seals.
pub struct Keyring {
    keys: BTreeMap<String, SecretBox<[u8; 32]>>,
    current: String,
}

impl Keyring {
    /// A ring with one key.
    pub fn new(key: [u8; 32]) -> Self {
        let id = key_id(&key);
        let keys = BTreeMap::from([(id.clone(), SecretBox::new(Box::new(key)))]);
        Self { keys, current: id }
    }

    /// The same ring with an older key that still opens what it sealed.
    #[must_use]
    pub fn with_older(mut self, key: [u8; 32]) -> Self {
        self.keys
            .insert(key_id(&key), SecretBox::new(Box::new(key)));
        self
    }

    /// The id of the key that seals.
    pub fn current(&self) -> &str {
        &self.current
    }

    /// Seal `plain` for the place that `place` names.
    ///
    /// # Panics
    ///
    /// Never: the current key is on the ring, and the cipher takes any text that fits in memory.
    pub fn seal(&self, chance: &dyn Chance, place: &str, plain: &[u8]) -> Encrypted {
        let nonce: [u8; 24] = bytes(chance);
        let sealed = self
            .cipher(&self.current)
            .and_then(|cipher| {
                let payload = Payload {
                    msg: plain,
                    aad: place.as_bytes(),
                };
                cipher
                    .encrypt(&XNonce::from(nonce), payload)
                    .map_err(|_| Broken::Altered)
            })
            .expect("the current key seals");
        let body = BASE64.encode([&nonce[..], &sealed].concat());
        Encrypted(format!("v1.{}.{body}", self.current))
    }

    /// Open what was sealed for `place`.
    pub fn open(&self, place: &str, sealed: &Encrypted) -> Result<Vec<u8>, Broken> {
        let mut parts = sealed.0.splitn(3, '.');
        let (Some("v1"), Some(id), Some(body)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(Broken::Malformed);
        };
        let body = BASE64.decode(body).map_err(|_| Broken::Malformed)?;
        let (nonce, text) = body.split_at_checked(24).ok_or(Broken::Malformed)?;
        let nonce = <[u8; 24]>::try_from(nonce).map_err(|_| Broken::Malformed)?;
        let payload = Payload {
            msg: text,
            aad: place.as_bytes(),
        };
        self.cipher(id)?
            .decrypt(&XNonce::from(nonce), payload)
            .map_err(|_| Broken::Altered)
    }

    fn cipher(&self, id: &str) -> Result<XChaCha20Poly1305, Broken> {
        let key = self
            .keys
            .get(id)
            .ok_or_else(|| Broken::NoKey(id.to_owned()))?;
        Ok(XChaCha20Poly1305::new(key.expose_secret().into()))
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keyring")
            .field("current", &self.current)
            .finish_non_exhaustive()
    }
}

fn key_id(key: &[u8; 32]) -> String {
    hex::encode(&Sha256::digest([b"chancery key id", &key[..]].concat())[..4])
}

/// SHA-256 of `text`, in hex: how tokens are kept.
pub fn fingerprint(text: &[u8]) -> String {
    hex::encode(Sha256::digest(text))
}

/// `bytes` in hex.
pub fn hexadecimal(bytes: &[u8]) -> String {
    hex::encode(bytes)
}

/// A fresh token of 256 bits, in base64url.
pub fn token(chance: &dyn Chance) -> String {
    BASE64.encode(bytes::<32>(chance))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chance::SystemChance;

    #[test]
    fn a_secret_opens_only_where_it_belongs_and_only_under_a_known_key() {
        let old = Keyring::new([1; 32]);
        let new = Keyring::new([2; 32]).with_older([1; 32]);
        let sealed = old.seal(&SystemChance, "integrations/1", b"token");

        assert_eq!(new.open("integrations/1", &sealed).unwrap(), b"token");
        assert!(matches!(
            new.open("integrations/2", &sealed),
            Err(Broken::Altered)
        ));
        assert!(matches!(
            Keyring::new([3; 32]).open("", &sealed),
            Err(Broken::NoKey(_))
        ));
        assert!(matches!(
            new.open("", &Encrypted("v1.x".into())),
            Err(Broken::Malformed)
        ));
    }
}
