//! An `SQLite` file belongs to one process.

use std::fs::{File, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::Path;

use tracing::warn;

use super::Failure;

/// Hold the file for this process, until what is answered is dropped or the process is gone, however
/// it went; refused while another one holds it. The lock is on a file of its own beside the database,
/// so that copies and short commands (`migrate`, `admin`) have their way.
pub(super) fn hold(database: &Path) -> Result<Option<File>, Failure> {
    // Whichever way it is named, it is one file; where it is not there yet, one directory.
    let whole = database.canonicalize().or_else(|_| {
        let name = database.file_name().unwrap_or_default();
        let directory = database.parent().unwrap_or(database).canonicalize();
        directory.map(|directory| directory.join(name))
    });
    let database = whole.unwrap_or_else(|_| database.into());
    let mut name = database.into_os_string();
    name.push(".lock");
    let mut options = File::options();
    let opened = options
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(&name);
    let mut file = match opened {
        Ok(file) => file,
        // The database itself says better what is wrong with the directory.
        Err(error) => {
            warn!(%error, "nobody knows whether another process serves the database");
            return Ok(None);
        }
    };
    match file.try_lock() {
        Ok(()) => {
            let _ = file.set_len(0);
            let _ = writeln!(file, "{}", std::process::id());
            Ok(Some(file))
        }
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            let _ = file.rewind();
            let _ = file.read_to_string(&mut holder);
            let database = Path::new(&name).with_extension("");
            let why = format!(
                "process {} serves {} already, and an SQLite file belongs to one process: \
                 stop that one, or move to PostgreSQL for several",
                holder.trim(),
                database.display()
            );
            Err(why.into())
        }
        // Some file systems know no locks.
        Err(TryLockError::Error(error)) => {
            warn!(%error, "nobody knows whether another process serves the database");
            Ok(None)
        }
    }
}
