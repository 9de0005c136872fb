//! What is read is not written over by what is listed.

use std::path::{Path, PathBuf};

use super::Options;
use crate::error::Error;

/// Refuse lists that would take the place of one of `inputs`, by whatever way they are named.
pub(super) fn spared(options: &Options<'_>, inputs: &[PathBuf]) -> Result<(), Error> {
    for (option, list) in [("--rejects", &options.rejects), ("--notes", &options.notes)] {
        let mut part = list.as_os_str().to_owned();
        part.push(".part");
        for written in [list.as_path(), Path::new(&part)] {
            let Some(written) = whole(written) else {
                continue;
            };
            if inputs
                .iter()
                .any(|input| whole(input).as_ref() == Some(&written))
            {
                return Err(Error::Option(format!(
                    "{option} names {}, which is read: name another file",
                    written.display()
                )));
            }
        }
    }
    Ok(())
}

/// A path without links and detours, also of a file that is not there yet.
fn whole(path: &Path) -> Option<PathBuf> {
    if let Ok(whole) = path.canonicalize() {
        return Some(whole);
    }
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    Some(folder.canonicalize().ok()?.join(path.file_name()?))
}
