//! Bytes under keys: in a directory of this machine, in a bucket, or in memory, behind one set of
//! limits.
//!
//! What is put is there whole or not at all: a directory gets a file beside the place, synced to the
//! disk and renamed, a bucket a multipart upload that is completed. No more than a chunk of it is in
//! memory, whatever its size. Keys are made here and never by callers.

mod error;
mod local;

use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use futures::stream::BoxStream;
use futures::{Stream, StreamExt as _, TryStreamExt as _};
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    GetOptions, GetRange, MultipartUpload, ObjectStore, ObjectStoreExt as _, ObjectStoreScheme,
    PutPayload, PutPayloadMut,
};
use secrecy::ExposeSecret as _;
use sha2::{Digest as _, Sha256};
use url::Url;

use self::local::Directory;
use crate::settings::Storage;

pub use self::error::{BlobError, BoxError, Error};
/// A piece of bytes.
pub use bytes::Bytes;

/// How much of a file is in memory while it is put: the least part of a bucket's multipart upload.
pub const CHUNK: usize = 5 * 1024 * 1024;

/// In what pieces a chunk grows.
const BLOCK: usize = 256 * 1024;

/// Why no store can be had.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The address is none of a store.
    #[error("{0} is no store: write file:///directory, s3://bucket/prefix, gs://… or az://…")]
    Unknown(String),
    /// The directory cannot be used.
    #[error("the directory {0} of the files: {1}")]
    Directory(PathBuf, #[source] std::io::Error),
    /// What is set does not make a store.
    #[error("the store of files: {0}")]
    Store(#[from] object_store::Error),
}

/// Where the bytes are.
#[derive(Debug)]
pub struct Blobs {
    store: Arc<dyn ObjectStore>,
    directory: Option<Directory>,
    /// What the keys begin with.
    prefix: Path,
    shown: String,
}

/// What was put.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// How many bytes it has.
    pub size: u64,
    /// SHA-256 of it, in hex.
    pub sha256: String,
}

/// What a list knows of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its key.
    pub key: String,
    /// How many bytes it has.
    pub size: u64,
    /// When it was put, by the store's clock.
    pub modified: DateTime<Utc>,
}

/// A piece of bytes on its way in.
pub type Arriving = Result<Bytes, BoxError>;

/// Bytes on their way out.
pub type Bytestream = BoxStream<'static, Result<Bytes, BlobError>>;

impl Blobs {
    /// The store that `storage` names. A directory is made where it is not there; a bucket is not
    /// asked anything yet.
    ///
    /// # Errors
    /// What is wrong with the address, or with the directory.
    pub fn open(storage: &Storage) -> Result<Self, OpenError> {
        crate::tls::install();
        let url = &storage.url;
        let shown = shown(url);
        let unknown = || OpenError::Unknown(shown.clone());
        let (scheme, prefix) = ObjectStoreScheme::parse(url).map_err(|_| unknown())?;
        let options = || {
            let options = storage.options.iter();
            options.map(|(key, value)| (key.as_str(), value.expose_secret().to_owned()))
        };
        let mut directory = None;
        let mut base = prefix;
        let store: Arc<dyn ObjectStore> = match scheme {
            ObjectStoreScheme::Memory => Arc::new(InMemory::new()),
            ObjectStoreScheme::Local => {
                let path = url.to_file_path().map_err(|()| unknown())?;
                let (opened, store) = Directory::open(path)?;
                directory = Some(opened);
                base = Path::default();
                Arc::new(store)
            }
            ObjectStoreScheme::AmazonS3 => {
                let builder = object_store::aws::AmazonS3Builder::new().with_url(url.as_str());
                let builder = options().fold(builder, |builder, (key, value)| match key.parse() {
                    Ok(key) => builder.with_config(key, value),
                    Err(_) => builder,
                });
                Arc::new(builder.with_retry(patience()).build()?)
            }
            ObjectStoreScheme::GoogleCloudStorage => {
                let builder =
                    object_store::gcp::GoogleCloudStorageBuilder::new().with_url(url.as_str());
                let builder = options().fold(builder, |builder, (key, value)| match key.parse() {
                    Ok(key) => builder.with_config(key, value),
                    Err(_) => builder,
                });
                Arc::new(builder.with_retry(patience()).build()?)
            }
            ObjectStoreScheme::MicrosoftAzure => {
                let builder =
                    object_store::azure::MicrosoftAzureBuilder::new().with_url(url.as_str());
                let builder = options().fold(builder, |builder, (key, value)| match key.parse() {
                    Ok(key) => builder.with_config(key, value),
                    Err(_) => builder,
                });
                Arc::new(builder.with_retry(patience()).build()?)
            }
            _ => return Err(unknown()),
        };
        Ok(Self {
            store,
            directory,
            prefix: base,
            shown,
        })
    }

    /// The address, without what may be secret in it.
    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// Whether only processes of this machine see the bytes.
    pub fn is_local(&self) -> bool {
        self.directory.is_some()
    }

    fn path(&self, key: &str) -> Path {
        let parts = self.prefix.parts().map(|part| part.as_ref().to_owned());
        let key = key.split('/').map(str::to_owned);
        parts.chain(key).collect()
    }

    fn key(&self, path: &Path) -> String {
        let parts = path.prefix_match(&self.prefix);
        let parts = parts.into_iter().flatten();
        let parts: Vec<String> = parts.map(|part| part.as_ref().to_owned()).collect();
        parts.join("/")
    }

    /// Put what comes under `key`, at most `most` bytes of it; `look` sees all of it. When it breaks
    /// off, or is too much, nothing is kept.
    ///
    /// # Errors
    /// See [`BlobError`].
    pub async fn put(
        &self,
        key: &str,
        source: impl Stream<Item = Arriving> + Send + Unpin,
        most: u64,
        look: impl FnMut(&[u8]) + Send,
    ) -> Result<Stored, BlobError> {
        let path = self.path(key);
        let mut upload = None;
        let put = self.pour(&path, source, most, look, &mut upload).await;
        if put.is_err()
            && let Some(mut upload) = upload
        {
            let _ = upload.abort().await;
        }
        put
    }

    async fn pour(
        &self,
        path: &Path,
        mut source: impl Stream<Item = Arriving> + Send + Unpin,
        most: u64,
        mut look: impl FnMut(&[u8]) + Send,
        upload: &mut Option<Box<dyn MultipartUpload>>,
    ) -> Result<Stored, BlobError> {
        let mut digest = Sha256::new();
        let mut size = 0_u64;
        let mut chunk = PutPayloadMut::new().with_block_size(BLOCK);
        while let Some(some) = source.next().await {
            let some = some.map_err(BlobError::Source)?;
            size = size.saturating_add(some.len() as u64);
            if size > most {
                return Err(BlobError::TooLarge(most));
            }
            digest.update(&some);
            look(&some);
            // Copied: a body of tiny pieces would otherwise hold far more than its bytes.
            chunk.extend_from_slice(&some);
            if chunk.content_length() >= CHUNK {
                let full =
                    std::mem::replace(&mut chunk, PutPayloadMut::new().with_block_size(BLOCK));
                let begun = match upload {
                    Some(begun) => begun,
                    None => upload.insert(self.store.put_multipart(path).await?),
                };
                begun.put_part(full.freeze()).await?;
            }
        }
        match upload {
            None => drop(self.store.put(path, chunk.freeze()).await?),
            Some(begun) => {
                if chunk.content_length() > 0 {
                    begun.put_part(chunk.freeze()).await?;
                }
                begun.complete().await?;
            }
        }
        Ok(Stored {
            size,
            sha256: hex::encode(digest.finalize()),
        })
    }

    /// Put a chunk that is in memory.
    pub(crate) async fn put_chunk(&self, key: &str, chunk: PutPayload) -> Result<(), BlobError> {
        self.store.put(&self.path(key), chunk).await?;
        Ok(())
    }

    /// The bytes under `key`, or `range` of them.
    ///
    /// # Errors
    /// See [`BlobError`].
    pub async fn get(&self, key: &str, range: Option<Range<u64>>) -> Result<Bytestream, BlobError> {
        // An empty range is no range to a store.
        if range.as_ref().is_some_and(Range::is_empty) {
            return Ok(futures::stream::empty().boxed());
        }
        let options = GetOptions {
            range: range.map(GetRange::Bounded),
            ..GetOptions::default()
        };
        let found = self.store.get_opts(&self.path(key), options).await?;
        Ok(found.into_stream().map_err(BlobError::from).boxed())
    }

    /// `range` of the bytes under `key`, whole.
    pub(crate) async fn piece(&self, key: &str, range: Range<u64>) -> Result<Bytes, BlobError> {
        Ok(self.store.get_range(&self.path(key), range).await?)
    }

    /// Whether something is under `key`.
    ///
    /// # Errors
    /// When the store cannot say.
    pub async fn has(&self, key: &str) -> Result<bool, BlobError> {
        match self
            .store
            .head(&self.path(key))
            .await
            .map_err(BlobError::from)
        {
            Ok(_) => Ok(true),
            Err(BlobError::Missing) => Ok(false),
            Err(other) => Err(other),
        }
    }

    /// Take away what is under `key`, if anything is.
    ///
    /// # Errors
    /// When the store cannot do it.
    pub async fn delete(&self, key: &str) -> Result<(), BlobError> {
        match self
            .store
            .delete(&self.path(key))
            .await
            .map_err(BlobError::from)
        {
            Ok(()) | Err(BlobError::Missing) => Ok(()),
            Err(other) => Err(other),
        }
    }

    /// What there is under keys that begin with the folder `under`.
    pub fn list(&self, under: &str) -> BoxStream<'_, Result<Listed, BlobError>> {
        let listed = self.store.list(Some(&self.path(under)));
        listed
            .map_ok(|object| Listed {
                key: self.key(&object.location),
                size: object.size,
                modified: object.last_modified,
            })
            .map_err(BlobError::from)
            .boxed()
    }

    /// Take away what writers left unfinished in the directory before `before`; tells how much it
    /// was. A bucket has a rule of its own for that.
    ///
    /// # Errors
    /// When the directory cannot be read.
    pub async fn clear_staged(&self, before: DateTime<Utc>) -> Result<u64, BlobError> {
        match &self.directory {
            Some(directory) => directory.clear_staged(before).await,
            None => Ok(0),
        }
    }

    /// Put a few bytes, read them and take them away again.
    ///
    /// # Errors
    /// What of it could not be done.
    pub async fn probe(&self, name: &str) -> Result<(), BlobError> {
        let key = format!("probe/{name}");
        let said = Bytes::from_static(b"chancery");
        self.put_chunk(&key, said.clone().into()).await?;
        let heard = self.piece(&key, 0..said.len() as u64).await;
        self.delete(&key).await?;
        if heard? == said {
            Ok(())
        } else {
            Err(BlobError::Missing)
        }
    }
}

/// An address without what may be secret in it.
fn shown(url: &Url) -> String {
    let mut url = url.clone();
    // Neither is there where these fail.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.set_query(None);
    url.set_fragment(None);
    url.into()
}

/// How long a bucket that stumbles is asked again: well within the time that an answer has.
fn patience() -> object_store::RetryConfig {
    object_store::RetryConfig {
        max_retries: 4,
        retry_timeout: std::time::Duration::from_secs(20),
        ..object_store::RetryConfig::default()
    }
}

#[cfg(test)]
mod tests;
