//! The key that secrets are sealed under: the set one, else one that is made once in the data
//! directory, for its owner's eyes only.

use std::path::PathBuf;

use secrecy::ExposeSecret;
use service::chance::{SystemChance, bytes};

use super::{Config, ConfigError, private};

/// Where the secret key comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyPlace {
    /// It is set.
    Set,
    /// It was made, and is in this file.
    File(PathBuf),
    /// It will be made, in this file, at the first start.
    Later(PathBuf),
}

impl Config {
    /// Where the secret key comes from. Makes nothing; refuses a key that is none.
    pub fn key_place(&self) -> Result<KeyPlace, ConfigError> {
        let path = self.data_dir.join("secret.key");
        if self.secret_key.is_none() && !path.exists() {
            return Ok(KeyPlace::Later(path));
        }
        self.key()?;
        let set = self.secret_key.is_some();
        Ok(if set {
            KeyPlace::Set
        } else {
            KeyPlace::File(path)
        })
    }

    /// The secret key: the set one, else one that is made once in the data directory.
    pub(super) fn key(&self) -> Result<[u8; 32], ConfigError> {
        let read = |text: &str| {
            let mut key = [0; 32];
            hex_into(text.trim(), &mut key)
                .then_some(key)
                .ok_or(ConfigError::Key)
        };
        if let Some(key) = &self.secret_key {
            return read(key.expose_secret());
        }
        self.make_data_dir()?;
        let path = self.data_dir.join("secret.key");
        let wrong = |source| ConfigError::Directory {
            path: path.clone(),
            source,
        };
        match std::fs::read_to_string(&path) {
            Ok(text) => read(&text),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let key: [u8; 32] = bytes(&SystemChance);
                let text = service::secret::hexadecimal(&key);
                private::file(&path, &text).map_err(wrong)?;
                Ok(key)
            }
            Err(error) => Err(wrong(error)),
        }
    }
}

fn hex_into(text: &str, out: &mut [u8; 32]) -> bool {
    text.len() == 64
        && text.is_ascii()
        && out.iter_mut().enumerate().all(|(at, byte)| {
            u8::from_str_radix(&text[2 * at..2 * at + 2], 16).is_ok_and(|value| {
                *byte = value;
                true
            })
        })
}
