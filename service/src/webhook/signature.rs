//! Signatures as Standard Webhooks have them, and the secrets behind them.
//!
//! What is signed is `id.timestamp.body`, by HMAC-SHA256; the header is `v1,` and base64, one for
//! each secret in force. A secret is told once, as `whsec_` and base64, and kept sealed.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD as BASE64;
use chrono::{DateTime, Utc};
use entity::types::Encrypted;
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use crate::chance::{Chance, bytes};
use crate::error::{Error, Result};
use crate::secret::Keyring;

const PREFIX: &str = "whsec_";

/// The secrets in force: the present one and, for a while after a rotation, the one before.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Secrets {
    current: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    previous: Option<Previous>,
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Previous {
    secret: String,
    until: DateTime<Utc>,
}

/// A secret in the clear: told once, never logged.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub(super) String);

impl Secret {
    /// A fresh one: 32 bytes.
    pub(super) fn fresh(chance: &dyn Chance) -> Self {
        Self(format!("{PREFIX}{}", BASE64.encode(bytes::<32>(chance))))
    }

    /// The text, for the one answer that tells it.
    pub fn reveal(self) -> String {
        self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl Secrets {
    pub(super) fn new(secret: &Secret) -> Self {
        Self {
            current: secret.0.clone(),
            previous: None,
        }
    }

    /// The same with `secret` in front; the one before counts until `until`.
    #[must_use]
    pub(super) fn rotated(self, secret: &Secret, until: DateTime<Utc>) -> Self {
        Self {
            current: secret.0.clone(),
            previous: Some(Previous {
                secret: self.current,
                until,
            }),
        }
    }

    /// Those that count at `now`, the present one first.
    pub(super) fn in_force(&self, now: DateTime<Utc>) -> impl Iterator<Item = &str> {
        let previous = self.previous.iter().filter(move |one| one.until > now);
        std::iter::once(self.current.as_str()).chain(previous.map(|one| one.secret.as_str()))
    }

    /// Sealed for the place `place`.
    pub(super) fn seal(
        &self,
        keyring: &Keyring,
        chance: &dyn Chance,
        place: &str,
    ) -> Result<Encrypted> {
        let plain = serde_json::to_vec(self).map_err(Error::internal)?;
        Ok(keyring.seal(chance, place, &plain))
    }

    pub(super) fn open(keyring: &Keyring, place: &str, sealed: &Encrypted) -> Result<Self> {
        let plain = keyring.open(place, sealed).map_err(Error::internal)?;
        serde_json::from_slice(&plain).map_err(Error::internal)
    }
}

/// HMAC-SHA256 of `parts`, one after the other, under `key`.
pub(super) fn mac(key: &[u8], parts: &[&[u8]]) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key of any length will do");
    for part in parts {
        mac.update(part);
    }
    mac
}

/// The key that `secret` stands for: what it says in base64 after `whsec_`, else its own bytes.
pub(super) fn key_of(secret: &str) -> Vec<u8> {
    let coded = secret.strip_prefix(PREFIX);
    let decoded = coded.and_then(|coded| BASE64.decode(coded).ok());
    decoded.unwrap_or_else(|| secret.as_bytes().to_vec())
}

/// Whether `secret` is written as Standard Webhooks have it, with a key of 24 to 64 bytes.
pub(super) fn is_standard(secret: &str) -> bool {
    let coded = secret.strip_prefix(PREFIX);
    let decoded = coded.and_then(|coded| BASE64.decode(coded).ok());
    decoded.is_some_and(|key| (24..=64).contains(&key.len()))
}

/// The header `webhook-signature` of `body` with the id and the time in seconds, under each of the
/// secrets.
pub fn sign<'a>(
    secrets: impl IntoIterator<Item = &'a str>,
    id: &str,
    timestamp: i64,
    body: &[u8],
) -> String {
    let timestamp = timestamp.to_string();
    let signatures = secrets.into_iter().map(|secret| {
        let parts = [id.as_bytes(), b".", timestamp.as_bytes(), b".", body];
        let code = mac(&key_of(secret), &parts).finalize().into_bytes();
        format!("v1,{}", BASE64.encode(code))
    });
    signatures.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::chance::SystemChance;

    /// The example of the specification.
    #[test]
    fn a_signature_is_that_of_the_specification() {
        let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        let body = br#"{"test": 2432232314}"#;
        let signed = sign(
            [secret],
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            body,
        );
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn two_secrets_sign_for_a_while() {
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let (old, new) = (Secret::fresh(&SystemChance), Secret::fresh(&SystemChance));
        assert!(is_standard(&old.0) && old.0.len() == 50);
        let secrets = Secrets::new(&old).rotated(&new, now + TimeDelta::hours(24));
        let count = |at| secrets.in_force(at).count();
        assert_eq!(count(now), 2);
        assert_eq!(count(now + TimeDelta::hours(24)), 1);
        let first = secrets.in_force(now).next();
        assert_eq!(first, Some(new.0.as_str()));
        let third = Secret::fresh(&SystemChance);
        let again = secrets.rotated(&third, now + TimeDelta::hours(48));
        let all: Vec<&str> = again.in_force(now).collect();
        assert_eq!(all, [third.0.as_str(), new.0.as_str()]);

        let keyring = Keyring::new([1; 32]);
        let sealed = again.seal(&keyring, &SystemChance, "a").unwrap();
        assert!(Secrets::open(&keyring, "a", &sealed).unwrap() == again);
        assert!(Secrets::open(&keyring, "b", &sealed).is_err());
    }
}
