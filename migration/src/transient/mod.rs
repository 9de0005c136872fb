//! What a command makes for a while and takes away again, however it ends: by a failure or a signal,
//! too. What one left that was killed, a later one takes away by the age that is in its name.

mod postgres;

use std::io::Result;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

pub(crate) use self::postgres::{Scratch, is_forbidden};
use crate::private;

/// How often a directory is tried that somebody still writes to.
const TRIES: u32 = 5;

/// A name that no other process makes or guesses, with the time in it.
fn fresh(kind: &str) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.map_or(0, |since| since.as_secs());
    format!("chancery_{kind}_{now:010}_{:016x}", private::number())
}

/// A directory that only its owner reads, and that is gone with this, unless it was
/// [kept](Self::keep_as).
#[derive(Debug)]
pub(crate) struct Directory(PathBuf);

impl Directory {
    /// Make it; what is there already is somebody else's.
    pub(crate) fn new(path: PathBuf) -> Result<Self> {
        private::new_directory(&path)?;
        Ok(Self(path))
    }

    /// One where the system keeps what is for a while.
    pub(crate) fn temporary(kind: &str) -> Result<Self> {
        Self::new(std::env::temp_dir().join(fresh(kind)))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Give it the name `path`, under which it stays.
    pub(crate) fn keep_as(self, path: &Path) -> Result<()> {
        // There is nothing under the old name then that could be taken away.
        std::fs::rename(&self.0, path)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        // The thread of a database may put a journal into it meanwhile.
        for _ in 0..TRIES {
            if std::fs::remove_dir_all(&self.0).is_ok() || !self.0.exists() {
                return;
            }
        }
    }
}
