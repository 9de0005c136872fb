//! Passwords: Argon2id with m = 19,456 KiB, t = 2, p = 1 (OWASP's second choice), at most four at
//! once, so that a flood of sign-ins cannot take the memory.

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Semaphore;

use super::error::Error as Refused;
use crate::chance::{Chance, bytes};
use crate::error::{Error, Result};

const AT_ONCE: usize = 4;

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
            .work(move || {
                PasswordHash::new(&stored).is_ok_and(|stored| {
                    argon2()
                        .verify_password(raw.expose_secret().as_bytes(), &stored)
                        .is_ok()
                })
            })
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
