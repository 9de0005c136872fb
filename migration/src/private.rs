//! What its owner alone may read: backups, databases that come of them, lists of what was imported.

use std::fs::{DirBuilder, File, OpenOptions};
use std::hash::{BuildHasher as _, RandomState};
use std::io::{Result, Write as _};
#[cfg(unix)]
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

/// Make a directory, and those above it that are missing. One that is there stays as it is.
pub(crate) fn directory(path: &Path) -> Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    builder.mode(0o700);
    builder.create(path)
}

/// Make a directory; refused where there is anything of that name.
pub(crate) fn new_directory(path: &Path) -> Result<()> {
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    builder.mode(0o700);
    builder.create(path)
}

/// A number that nobody guesses.
pub(crate) fn number() -> u64 {
    RandomState::new().hash_one(std::process::id())
}

/// Have it on the disk, with what a directory has in it: a loss of power takes nothing of it any more.
pub(crate) fn sync(path: &Path) -> Result<()> {
    if path.is_dir() {
        for entry in std::fs::read_dir(path)? {
            sync(&entry?.path())?;
        }
        return sync_names(path);
    }
    File::open(path)?.sync_all()
}

/// Have the names in a directory on the disk.
pub(crate) fn sync_names(directory: &Path) -> Result<()> {
    // Elsewhere a directory cannot be opened.
    #[cfg(unix)]
    File::open(directory)?.sync_all()?;
    #[cfg(not(unix))]
    let _ = directory;
    Ok(())
}

/// A file that is there afterwards, with whatever was in it.
pub(crate) fn kept(path: &Path) -> Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    options.mode(0o600);
    options.open(path)
}

/// An empty file to write to, whatever was there.
pub(crate) fn file(path: &Path) -> Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    options.mode(0o600);
    let file = options.open(path)?;
    // One that was there has kept its mode.
    #[cfg(unix)]
    file.set_permissions(std::fs::Permissions::from_mode(0o600))?;
    Ok(file)
}

/// A file that holds `text`.
pub(crate) fn write(path: &Path, text: &str) -> Result<()> {
    file(path)?.write_all(text.as_bytes())
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        let found = std::fs::metadata(path).expect("it is there");
        found.permissions().mode() & 0o777
    }

    #[test]
    fn nobody_else_reads_what_is_new_or_what_was_open_to_all() {
        let dir = tempfile::tempdir().expect("a directory");
        let inner = dir.path().join("a/b");
        directory(&inner).expect("directories");
        assert_eq!((mode(&dir.path().join("a")), mode(&inner)), (0o700, 0o700));
        directory(&inner).expect("it is there already");
        let path = inner.join("c");
        std::fs::write(&path, "older and longer").expect("a file");
        let open = std::fs::Permissions::from_mode(0o644);
        std::fs::set_permissions(&path, open).expect("a mode");
        write(&path, "new").expect("written");
        assert_eq!(mode(&path), 0o600);
        assert_eq!(std::fs::read_to_string(&path).expect("a file"), "new");
    }
}
