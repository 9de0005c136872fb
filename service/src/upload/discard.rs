//! The bytes of rows that are gone.

use std::sync::Arc;

use futures::StreamExt as _;
use tracing::warn;

use super::key;
use crate::blob::{BlobError, Blobs};
use crate::ctx::Services;

/// Take away the bytes under some keys, beside what else is done: the commit that took the rows does
/// not wait, and what fails here the sweeper does.
pub(crate) fn discard(services: &Arc<Services>, keys: Vec<String>) {
    if keys.is_empty() {
        return;
    }
    let owned = Arc::clone(services);
    services.tasks.spawn(async move {
        for key in keys {
            if let Err(error) = remove(&owned.blobs, &key).await {
                warn!(%error, "bytes without a row stay until the sweeper comes");
            }
        }
    });
}

/// Take away the file under a key, and its parts.
pub(super) async fn remove(blobs: &Blobs, key: &str) -> Result<(), BlobError> {
    blobs.delete(&key::file(key)).await?;
    remove_parts(blobs, key).await
}

/// Take away the parts under a key.
pub(super) async fn remove_parts(blobs: &Blobs, key: &str) -> Result<(), BlobError> {
    let folder = key::parts(key);
    let mut parts = blobs.list(&folder);
    while let Some(part) = parts.next().await {
        blobs.delete(&part?.key).await?;
    }
    Ok(())
}

/// Take away the parts of a file that is whole by now, beside what else is done.
pub(super) fn discard_parts(services: &Arc<Services>, key: String) {
    let owned = Arc::clone(services);
    services.tasks.spawn(async move {
        if let Err(error) = remove_parts(&owned.blobs, &key).await {
            warn!(%error, "joined parts stay until the sweeper comes");
        }
    });
}
