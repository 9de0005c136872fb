//! What the tests of commands that write steps share: the command, its words, and where it writes.

use std::path::Path;
use std::process::{Command, Output};

use migration::schema::{BOOKKEEPING, LiveSchema};

use crate::database::Scratch;

/// `migrate …`, run to its end.
pub(crate) fn migrate(scratch: &Scratch, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_migration"))
        .args(arguments)
        .env("DATABASE_URL", &scratch.url)
        .output()
        .expect("the binary")
}

/// What it said beside its answer.
pub(crate) fn words(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

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
