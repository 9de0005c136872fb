//! A directory as a store.

use std::fs::DirBuilder;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use chrono::{DateTime, Utc};
use object_store::local::LocalFileSystem;

use super::{BlobError, OpenError};

/// The directory itself, for what a store has no word for.
#[derive(Clone, Debug)]
pub(super) struct Directory(PathBuf);

impl Directory {
    /// The directory, made for nobody but the account that the process runs under where it is not
    /// there, and the store in it.
    pub(super) fn open(path: PathBuf) -> Result<(Self, LocalFileSystem), OpenError> {
        let mut builder = DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        let made = builder.create(&path);
        made.map_err(|error| OpenError::Directory(path.clone(), error))?;
        let store = LocalFileSystem::new_with_prefix(&path)?
            .with_automatic_cleanup(true)
            .with_fsync(true);
        Ok((Self(path), store))
    }

    /// See [`Blobs::clear_staged`](super::Blobs::clear_staged).
    pub(super) async fn clear_staged(&self, before: DateTime<Utc>) -> Result<u64, BlobError> {
        let (root, before) = (self.0.clone(), SystemTime::from(before));
        let cleared = tokio::task::spawn_blocking(move || clear(&root, before)).await;
        let failed = |source: BoxedIo| {
            BlobError::Store(object_store::Error::Generic {
                store: "directory",
                source,
            })
        };
        match cleared {
            Ok(Ok(count)) => Ok(count),
            Ok(Err(error)) => Err(failed(error.into())),
            Err(error) => Err(failed(error.into())),
        }
    }
}

type BoxedIo = Box<dyn std::error::Error + Send + Sync>;

/// Take away the staged files below `directory` that nobody wrote to since `before`.
fn clear(directory: &Path, before: SystemTime) -> std::io::Result<u64> {
    let mut count = 0;
    let entries = match std::fs::read_dir(directory) {
        // The last file of a folder takes the folder along.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(0),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        // Others may take away what is listed.
        let Ok(about) = entry.metadata() else {
            continue;
        };
        if about.is_dir() {
            count += clear(&entry.path(), before)?;
        } else if is_staged(&entry.file_name().to_string_lossy()) && about.modified()? < before {
            count += u64::from(std::fs::remove_file(entry.path()).is_ok());
        }
    }
    Ok(count)
}

/// Whether a file is one that a writer has not given its name yet: `name#7`.
fn is_staged(name: &str) -> bool {
    name.rsplit_once('#').is_some_and(|(_, number)| {
        !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_is_gone_meanwhile_has_nothing_to_clear() {
        let folder = tempfile::tempdir().unwrap();
        let gone = folder.path().join("gone");
        assert_eq!(clear(&gone, SystemTime::now()).unwrap(), 0);
    }
}
