//! Files and directories for nobody but the account that the process runs under.
//!
//! What is there already keeps the rights that somebody gave it.

use std::fs::{DirBuilder, OpenOptions};
use std::io::{ErrorKind, Result, Write as _};
#[cfg(unix)]
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

/// Make the directory unless it is there.
pub(super) fn directory(path: &Path) -> Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    builder.mode(0o700);
    builder.create(path)
}

/// Make the file, which must not be there, with `text` in it.
pub(super) fn file(path: &Path, text: &str) -> Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    options.mode(0o600);
    options.open(path)?.write_all(text.as_bytes())
}

/// Make the file of a database unless it is there. What the database puts beside it has its rights.
pub(super) fn database(path: &Path) -> Result<()> {
    match file(path, "") {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        made => made,
    }
}
