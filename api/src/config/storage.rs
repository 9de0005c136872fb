//! Where uploaded files are.

use std::io::{Error, ErrorKind};

use service::settings::Storage;
use url::Url;

use super::{Config, ConfigError};

impl Config {
    /// Where uploaded files are: what is set, else a directory in the data directory.
    pub fn storage(&self) -> Result<Storage, ConfigError> {
        let set = self.storage_url.clone();
        Ok(Storage {
            url: set.map_or_else(|| self.files(), Ok)?,
            options: self.storage_options.clone(),
        })
    }

    fn files(&self) -> Result<Url, ConfigError> {
        let path = self.data_dir.join("files");
        let url = std::path::absolute(&path).and_then(|absolute| {
            let odd = |()| Error::new(ErrorKind::InvalidInput, "it has no address");
            Url::from_directory_path(absolute).map_err(odd)
        });
        url.map_err(|source| ConfigError::Directory { path, source })
    }
}
