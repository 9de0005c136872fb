//! What a command answers, and how a refusal is said: lines, or one object, and the exit code.

use std::ffi::OsString;
use std::fmt::Display;
use std::io::{ErrorKind, Write, stderr, stdout};

use serde_json::{Map, Value, json};

use super::{Command, MigrateArgs, WRONG_USE, colour};
use crate::error::{Error, is_not_allowed};
use crate::lock::{Holder, SOMEBODY, is_busy};

/// What a command has to say.
pub(super) struct Answer {
    pub(super) code: u8,
    pub(super) lines: Vec<String>,
    pub(super) json: Value,
}

/// So many of something, `1 row` or `2 rows`.
pub(super) fn counted(number: impl TryInto<u64>, what: &str) -> String {
    let number = number.try_into().unwrap_or_default();
    let s = if number == 1 { "" } else { "s" };
    format!("{number} {what}{s}")
}

/// Print an answer, and tell its exit code. One that nobody could be told is an error, whatever is done.
/// Whoever reads it may have enough and close the other end: that says nothing of the work.
pub(super) fn say(args: &MigrateArgs, answer: Answer) -> u8 {
    let code = answer.code;
    let printed = if args.json {
        print(&object(args, code, answer.json).to_string())
    } else if matches!(args.command, Command::Diff(_) | Command::Drift(_)) {
        let lines = answer.lines.iter().map(|line| colour::painted(line));
        // Without colours where nobody would see them.
        print_to(anstream::stdout(), lines)
    } else {
        print_to(stdout(), answer.lines)
    };
    match printed {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            let _ = writeln!(
                stderr(),
                "error: `{}` is done and would have ended with {code}, but its answer could not be written to \
                 standard output ({error}): see to that, then look at `migrate status`",
                args.command.name()
            );
            1
        }
        _ => code,
    }
}

/// Say that a command was not done, and why, as its answer would be said: for those who find out before
/// it runs.
pub fn refuse(args: &MigrateArgs, code: u8, why: &str) -> u8 {
    refuse_with(args, code, why, json!({}))
}

/// The same of an error.
pub fn refuse_error(args: &MigrateArgs, error: &Error) -> u8 {
    refuse_with(args, code(error), &told(error), details(error))
}

/// Say that the command line is wrong, and why, where `line` asks for one object: nobody knows which
/// command was meant.
pub fn misused(line: impl IntoIterator<Item = OsString>, why: &str) {
    if line.into_iter().any(|word| word == "--json") {
        let why = why.trim().strip_prefix("error: ").unwrap_or(why.trim());
        let object = json!({"version": 1, "command": null, "exit": WRONG_USE, "error": why});
        // It stands on standard error, too.
        let _ = print(&object.to_string());
    }
}

fn refuse_with(args: &MigrateArgs, code: u8, why: &str, mut more: Value) -> u8 {
    let mut is_told = false;
    if args.json {
        more["error"] = json!(why);
        is_told = print(&object(args, code, more).to_string()).is_ok();
    }
    if !is_told {
        let _ = writeln!(stderr(), "error: {why}");
    }
    code
}

fn print(line: &str) -> std::io::Result<()> {
    print_to(stdout(), [line])
}

fn print_to(
    mut to: impl Write,
    lines: impl IntoIterator<Item = impl Display>,
) -> std::io::Result<()> {
    for line in lines {
        writeln!(to, "{line}")?;
    }
    to.flush()
}

fn object(args: &MigrateArgs, code: u8, more: Value) -> Value {
    let mut object = Map::new();
    object.insert("version".to_owned(), json!(1));
    object.insert("command".to_owned(), json!(args.command.name()));
    object.insert("exit".to_owned(), json!(code));
    if let Value::Object(more) = more {
        object.extend(more);
    }
    object.into()
}

/// What is said of an error, with what to do where the database only says no.
fn told(error: &Error) -> String {
    let text = without_lines(&error.to_string());
    let cause = match error {
        Error::Stopped { source, .. } | Error::InStatement { source, .. } => source,
        _ => error,
    };
    if let Error::Database(cause) = cause
        && is_not_allowed(cause)
    {
        return format!(
            "{text}; the role lacks this right: let the owner of the tables migrate, or GRANT it (what is \
             compared with is made in this database and rolled back, for which it takes GRANT CREATE ON \
             DATABASE)"
        );
    }
    if text.contains("prepared statement \"sqlx_s_") {
        return format!(
            "{text}; this is behind a transaction pooler: name the direct way (DATABASE_DIRECT_URL), or let \
             the pooler know prepared statements"
        );
    }
    if let Error::Database(error) | Error::Unopened { source: error, .. } = error
        && is_busy(error)
    {
        return format!(
            "{text}; somebody else had this file for longer than --lock-wait: wait for its end, then try again"
        );
    }
    text
}

/// The text without the lines of the server's own source that the driver puts behind its errors: they look
/// like lines of a file that somebody wrote.
fn without_lines(text: &str) -> String {
    const AT: &str = " at line ";
    if !text.contains("returned from database: ") {
        return text.to_owned();
    }
    let mut parts = text.split(AT);
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest = part.trim_start_matches(|letter: char| letter.is_ascii_digit());
        if rest.len() == part.len() {
            out.push_str(AT);
        }
        out.push_str(rest);
    }
    out
}

/// Which tables stand without a history of ours, and whose they are: nobody else's where ours was emptied.
pub(super) fn unadopted(refusal: Option<&Error>) -> Value {
    match refusal {
        Some(Error::Unadopted { tables, tool }) => json!({ "tables": tables, "tool": tool }),
        Some(Error::Emptied { tables }) => json!({ "tables": tables, "tool": null }),
        _ => Value::Null,
    }
}

/// What a program may want of an error besides its sentence: what would go, or who is in the way.
fn details(error: &Error) -> Value {
    match error {
        Error::Loss(losses) | Error::Destructive(losses) => json!({ "losses": losses }),
        Error::Locked { holder, .. } => json!({ "holder": holder }),
        Error::Database(error) | Error::Unopened { source: error, .. } if is_busy(error) => {
            json!({ "holder": Holder::File { who: SOMEBODY } })
        }
        Error::Unadopted { .. } | Error::Emptied { .. } => {
            json!({ "unadopted": unadopted(Some(error)) })
        }
        Error::AtItsEnd { error, .. } => details(error),
        _ => json!({}),
    }
}

fn code(error: &Error) -> u8 {
    match error {
        Error::Drift(_) | Error::Drifted(_) => 3,
        Error::Half { .. }
        | Error::HalfDone { .. }
        | Error::HalfUndone { .. }
        | Error::Hole(_)
        | Error::Unknown(_)
        | Error::Modified(_)
        | Error::OutOfOrder(_)
        | Error::OtherPlan(_)
        | Error::NotAdoptable(_)
        | Error::Unadopted { .. }
        | Error::Emptied { .. } => 4,
        Error::Loss(_)
        | Error::Destructive(_)
        | Error::Foreign(_)
        | Error::Production(_)
        | Error::MadeUp(_) => 5,
        Error::Locked { .. } | Error::LockLost(_) => 6,
        Error::Stopped { goes_on: true, .. } => 7,
        Error::Argument(_) | Error::NoSuchStep(_) | Error::NoSuchSource(_) => WRONG_USE,
        Error::AtItsEnd { error, .. } => code(error),
        Error::Database(error) | Error::Unopened { source: error, .. } if is_busy(error) => 6,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use sea_orm_migration::sea_orm::DbErr;

    use super::*;

    #[test]
    fn lines_of_the_servers_source_are_not_told() {
        for (text, told) in [
            (
                "m1: error returned from database: relation \"a\" does not exist at line 1188; it stays",
                "m1: error returned from database: relation \"a\" does not exist; it stays",
            ),
            (
                "a.json: a comma is missing at line 3",
                "a.json: a comma is missing at line 3",
            ),
            (
                "error returned from database: look at line breaks",
                "error returned from database: look at line breaks",
            ),
        ] {
            assert_eq!(without_lines(text), told);
        }
    }

    #[test]
    fn a_pooler_that_knows_no_prepared_statements_is_told() {
        for said in [
            "prepared statement \"sqlx_s_1\" already exists",
            "prepared statement \"sqlx_s_4\" does not exist",
        ] {
            let error = Error::Database(DbErr::Custom(format!(
                "error returned from database: {said}"
            )));
            let told = told(&error);
            assert!(
                told.contains(said) && told.contains("DATABASE_DIRECT_URL"),
                "{told}"
            );
        }
    }
}
