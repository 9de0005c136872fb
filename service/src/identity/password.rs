//! Passwords: Argon2id with m = 19,456 KiB, t = 2, p = 1 (OWASP's second choice), at most four at
//! once, so that a flood of sign-ins cannot take the memory.
//!
//! People who came with another program's store have bcrypt hashes. These are understood, and replaced
//! when they are next signed in with.

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use bcrypt::HashParts;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Semaphore;

use super::error::Error as Refused;
use crate::chance::{Chance, bytes};
use crate::error::{Error, Result};

const AT_ONCE: usize = 4;

/// The most rounds of bcrypt, as a power of two, that a sign-in waits for: some seconds.
const MOST_ROUNDS: u32 = 15;

/// A password that may be set: 10 to 200 characters.
#[derive(Clone, Debug)]
pub struct Password(SecretString);

impl Password {
    /// Read a new password.
    pub fn new(raw: &str) -> std::result::Result<Self, Refused> {
        match raw.chars().count() {
            10..=200 => Ok(Self(raw.into())),
            _ => Err(Refused::field(
                "/password",
                "must have 10 to 200 characters",
            )),
        }
    }
}

/// The hasher.
#[derive(Debug)]
pub struct Passwords {
    places: Semaphore,
    dummy: String,
}

fn argon2() -> Argon2<'static> {
    let params = Params::new(19_456, 2, 1, None).expect("the parameters are within bounds");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

fn hash(raw: &str, salt: [u8; 16]) -> Result<String> {
    let hash: PasswordHash = argon2()
        .hash_password_with_salt(raw.as_bytes(), &salt)
        .map_err(|error| Error::internal(error.to_string()))?;
    Ok(hash.to_string())
}

/// Whether `raw` is the password behind `stored`.
fn is_behind(raw: &str, stored: &str) -> bool {
    if let Ok(parts) = stored.parse::<HashParts>() {
        return parts.get_cost() <= MOST_ROUNDS && bcrypt::verify(raw, stored).unwrap_or(false);
    }
    let parsed = PasswordHash::new(stored);
    parsed.is_ok_and(|stored| argon2().verify_password(raw.as_bytes(), &stored).is_ok())
}

impl Passwords {
    /// A hasher; it makes one hash for nobody, so that an unknown address costs what a known does.
    pub fn new(chance: &dyn Chance) -> Result<Self> {
        Ok(Self {
            places: Semaphore::new(AT_ONCE),
            dummy: hash("nobody", bytes(chance))?,
        })
    }

    /// The hash of `password`.
    pub async fn hash(&self, chance: &dyn Chance, password: &Password) -> Result<String> {
        let salt = bytes(chance);
        let raw = password.0.clone();
        self.work(move || hash(raw.expose_secret(), salt)).await?
    }

    /// Whether `raw` is the password behind `stored`. Without a stored hash the work is the same.
    pub async fn verify(&self, raw: &SecretString, stored: Option<&str>) -> Result<bool> {
        let known = stored.is_some();
        let stored = stored.unwrap_or(&self.dummy).to_owned();
        let raw = raw.clone();
        let good = self
            .work(move || is_behind(raw.expose_secret(), &stored))
            .await?;
        Ok(good && known)
    }

    /// Whether a hash was made with other parameters than today's.
    pub fn is_outdated(stored: &str) -> bool {
        !stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$")
    }

    async fn work<T: Send + 'static>(
        &self,
        task: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T> {
        let _place = self.places.acquire().await.map_err(Error::internal)?;
        tokio::task::spawn_blocking(task)
            .await
            .map_err(Error::internal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Made with the bcrypt of Python.
    const OLD: &str = "$2a$04$/i.3gRpMjzAK2X83MUvh9O8T3MrPFqN5TQs7VGCTCW8j1YI3qPw8u";
    const NEW: &str = "$2b$04$ml7/dsPxgcANpgA/XElAXe.DvQ2Yx/uFBNFx3FfiB08SlEdetC4WW";

    #[test]
    fn a_hash_of_bcrypt_is_understood_whatever_it_is_called() {
        let php = OLD.replacen("$2a$", "$2y$", 1);
        // To count to so many takes years.
        let endless = NEW.replacen("$04$", "$31$", 1);
        for (raw, stored, is_it) in [
            ("pässwort of ann", OLD, true),
            ("pässwort of ann", &php, true),
            ("pässwort of ann", NEW, true),
            ("Pässwort of ann", NEW, false),
            ("", NEW, false),
            ("pässwort\0of ann", NEW, false),
            ("pässwort of ann", &endless, false),
            ("pässwort of ann", &NEW[..59], false),
            ("pässwort of ann", "$2b$", false),
            ("pässwort of ann", "pässwort of ann", false),
            ("", "", false),
        ] {
            assert_eq!(is_behind(raw, stored), is_it, "{raw:?} {stored}");
        }
        assert!(Passwords::is_outdated(NEW));
    }
}
