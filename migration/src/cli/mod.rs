//! The commands of `chancery migrate`, the same in both binaries: the caller connects, [`run`] does
//! the rest and answers with the exit code.
//!
//! 0 done or in sync, 1 error, 2 pending, 4 a history that does not fit, 5 rows would be lost,
//! 6 the lock was not to be had.

mod down;
mod fresh;
mod status;
mod up;

use std::path::Path;
use std::time::Duration;

use sea_orm_migration::sea_orm::DatabaseConnection;
use serde_json::{Value, json};

use crate::error::Error;
use crate::step::STEPS;

/// Moves the database's schema along its history.
#[derive(Clone, Debug, clap::Args)]
pub struct MigrateArgs {
    /// Print one JSON object instead of lines.
    #[arg(long, global = true)]
    pub json: bool,
    /// How many seconds to wait while another process migrates.
    #[arg(long, global = true, default_value_t = 60, value_name = "SECONDS")]
    pub lock_wait: u64,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What can be done.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum Command {
    /// Apply what is pending.
    #[command(alias = "deploy")]
    Up(up::Args),
    /// Undo what was applied last.
    Down(down::Args),
    /// Tell what is applied and what is pending. Reads only.
    Status,
    /// Drop everything and apply every step. For development: refused in production.
    Fresh,
}

impl MigrateArgs {
    /// Where to connect for this command, when the database is at `url`. Asking for the status of a
    /// `SQLite` file that is not there must not make it, so it is asked of an empty one in memory.
    pub fn address(&self, url: &str) -> String {
        let file = url
            .strip_prefix("sqlite:")
            .map(|rest| rest.trim_start_matches("//"));
        let path = file
            .and_then(|file| file.split('?').next())
            .unwrap_or_default();
        let absent = file.is_some() && path != ":memory:" && !Path::new(path).exists();
        if absent && matches!(self.command, Command::Status) {
            return "sqlite::memory:".to_owned();
        }
        url.to_owned()
    }
}

/// What a command has to say.
struct Answer {
    code: u8,
    lines: Vec<String>,
    json: Value,
}

/// Run a command on the database behind `db`, print its answer, and tell the exit code.
/// `production` is whether this is a production environment.
#[expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command's answer goes there"
)]
pub async fn run(args: &MigrateArgs, db: &DatabaseConnection, production: bool) -> u8 {
    let patience = Duration::from_secs(args.lock_wait);
    let (name, answer) = match &args.command {
        Command::Up(up) => ("up", up::run(up, db, patience).await),
        Command::Down(down) => ("down", down::run(down, db, patience).await),
        Command::Status => ("status", status::run(db).await),
        Command::Fresh => ("fresh", fresh::run(db, patience, production).await),
    };
    let answer = answer.unwrap_or_else(|error| {
        if !args.json {
            eprintln!("error: {error}");
        }
        Answer {
            code: code(&error),
            lines: Vec::new(),
            json: json!({"error": error.to_string()}),
        }
    });
    if args.json {
        let mut object = json!({"version": 1, "command": name, "exit": answer.code});
        if let (Some(object), Value::Object(more)) = (object.as_object_mut(), answer.json) {
            object.extend(more);
        }
        println!("{object}");
    } else {
        for line in answer.lines {
            println!("{line}");
        }
    }
    answer.code
}

fn code(error: &Error) -> u8 {
    match error {
        Error::Database(_) | Error::NoSuchStep(_) | Error::Production => 1,
        Error::Unknown(_) => 4,
        Error::Loss(_) => 5,
        Error::Locked { .. } => 6,
    }
}

/// The place in the history of the step that is meant by `name`: its whole name, or a part that no
/// other step has.
fn place(name: &str) -> Result<usize, Error> {
    if let Some(at) = STEPS.iter().position(|step| step.name == name) {
        return Ok(at);
    }
    let mut meant = STEPS
        .iter()
        .enumerate()
        .filter(|(_, step)| step.name.contains(name));
    match (meant.next(), meant.next()) {
        (Some((at, _)), None) => Ok(at),
        _ => Err(Error::NoSuchStep(name.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_meant_by_its_name_or_by_a_part_that_is_its_own() {
        assert_eq!(place("m20261121_000001_identity").expect("a step"), 0);
        assert_eq!(place("000003").expect("a step"), 2);
        assert_eq!(place("m20261121_000005_conversation").expect("a step"), 4);
        assert!(place("conversation").is_err());
        assert!(place("nothing").is_err());
    }
}
