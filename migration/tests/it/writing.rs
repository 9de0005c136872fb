//! What the tests of commands that write steps share: the command, its words, and where it writes.

use std::path::Path;

use migration::schema::{BOOKKEEPING, LiveSchema};

use crate::database::Scratch;

/// The schema, without the tables of the history.
pub(crate) async fn schema(scratch: &Scratch) -> LiveSchema {
    let live = LiveSchema::read(&scratch.db).await;
    live.expect("a readable catalogue").without(BOOKKEEPING)
}

/// A directory with the list of steps as it is.
pub(crate) fn listed() -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a directory");
    let list = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/step/mod.rs");
    std::fs::copy(list, dir.path().join("mod.rs")).expect("a list");
    dir
}
