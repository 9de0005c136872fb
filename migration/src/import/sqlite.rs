//! One import at a time into a file: the database's own lock is a transaction, and an import is many. A
//! lock on a file beside it ends with the process that has it.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use sea_orm_migration::sea_orm::DatabaseConnection;

use crate::error::Error;
use crate::lock::{ASK_AGAIN, Holder};
use crate::private;

/// Which process it is, no file says.
const IMPORT: &str = "another import into this file";

/// The right to import.
pub(super) struct Alone(Option<(PathBuf, File)>);

impl Alone {
    /// Take it, waiting for it at most as long as `wait`. Nobody else imports into memory.
    pub(super) async fn take(
        db: &DatabaseConnection,
        wait: Duration,
        waits: &(dyn Fn(&str) + Sync),
    ) -> Result<Self, Error> {
        let pool = db.get_sqlite_connection_pool();
        let database = pool.connect_options().get_filename().to_owned();
        if !database.exists() {
            return Ok(Self(None));
        }
        let mut path = database.into_os_string();
        path.push("-chancery-import");
        let path = PathBuf::from(path);
        let failed = |source| Error::file(&path, source);
        let (began, mut told) = (Instant::now(), false);
        loop {
            let file = private::kept(&path).map_err(failed)?;
            match file.try_lock() {
                Ok(()) if is_at(&file, &path) => return Ok(Self(Some((path, file)))),
                // Whoever had it took it away meanwhile.
                Ok(()) => continue,
                Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(source)) => return Err(failed(source)),
            }
            if began.elapsed() >= wait {
                return Err(Error::locked(began.elapsed(), Holder::File { who: IMPORT }));
            }
            if !std::mem::replace(&mut told, true) {
                waits(IMPORT);
            }
            tokio::time::sleep(ASK_AGAIN).await;
        }
    }
}

impl Drop for Alone {
    fn drop(&mut self) {
        // While the lock is held: it is nobody else's yet.
        if let Some((path, _)) = &self.0 {
            let _ = std::fs::remove_file(path);
        }
    }
}

/// Whether the file is still the one of that name.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let (held, named) = (file.metadata(), std::fs::metadata(path));
    matches!((held, named), (Ok(held), Ok(named)) if (held.dev(), held.ino()) == (named.dev(), named.ino()))
}

/// One that is open cannot be taken away.
#[cfg(not(unix))]
fn is_at(_: &File, path: &Path) -> bool {
    path.exists()
}
