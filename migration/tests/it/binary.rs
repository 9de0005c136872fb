//! The program of migrations, run as somebody else would run it: in a process of its own.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

use crate::database::Scratch;

/// `migration …` on the database at `url`, not yet run, where nobody said what kind of environment
/// this is.
pub(crate) fn command_at(url: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_migration"));
    command
        .args(arguments)
        .env("DATABASE_URL", url)
        .env_remove("CHANCERY_ENV")
        .env_remove("NODE_ENV");
    command
}

/// The same on a database of this test.
pub(crate) fn command(scratch: &Scratch, arguments: &[&str]) -> Command {
    command_at(&scratch.url, arguments)
}

/// `migration …` on the database at `url`, run to its end.
pub(crate) fn migrate_at(url: &str, arguments: &[&str]) -> Output {
    command_at(url, arguments).output().expect("the binary")
}

/// The same on a database of this test.
pub(crate) fn migrate(scratch: &Scratch, arguments: &[&str]) -> Output {
    migrate_at(&scratch.url, arguments)
}

/// A command that goes on and has said a line with `says`, and what it says besides.
pub(crate) fn going(
    mut command: Command,
    says: &str,
) -> (Child, impl Iterator<Item = String> + use<>) {
    let child = command.stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = child.spawn().expect("the binary");
    let errors = BufReader::new(child.stderr.take().expect("a pipe"));
    let mut lines = errors.lines().map(|line| line.expect("a line"));
    let told = lines.any(|line| line.contains(says));
    assert!(told, "{command:?} says that {says}");
    (child, lines)
}

/// How it ended.
pub(crate) fn code(output: &Output) -> Option<i32> {
    output.status.code()
}

/// What it answered to `--json`.
pub(crate) fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).expect("one JSON object")
}

/// What it answered.
pub(crate) fn answer(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// What it said beside its answer.
pub(crate) fn words(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// All that it printed.
pub(crate) fn text(output: &Output) -> String {
    answer(output) + &words(output)
}

/// How the command ended on `scratch`, and what it said beside its answer.
pub(crate) fn said(scratch: &Scratch, arguments: &[&str]) -> (Option<i32>, String) {
    let told = migrate(scratch, arguments);
    (code(&told), words(&told))
}
