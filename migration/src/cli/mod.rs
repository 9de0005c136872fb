//! The commands of `chancery migrate`, the same in both binaries: the caller connects, [`run`] does
//! the rest and answers with the exit code.
//!
//! 0 done or in sync, 1 error, or an answer that could not be printed, 2 pending or different, 3 drift, 4 a history
//! that does not fit, 5 rows would be lost, or it is not for production, 6 the lock was not to be had, 7 some is left
//! to do, or done but for what was refused,
//! 64 the arguments are wrong.

mod adopt;
mod answer;
mod backfill;
mod backup;
mod colour;
mod diff;
mod down;
mod drift;
mod fresh;
mod generate;
mod import;
mod lint;
mod plan;
#[cfg(test)]
mod planted;
mod progress;
mod pull;
mod reset;
mod resolve;
mod restore;
mod seed;
mod squash;
mod status;
mod stop;
mod up;
mod verify;

use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures::future::{Either, select};
use sea_orm_migration::sea_orm::DatabaseConnection;

use self::answer::{Answer, say};
pub use self::answer::{misused, refuse, refuse_error};
pub(crate) use self::progress::waits;
use self::stop::Signals;
use crate::error::Error;
use crate::history::Writer;
use crate::import::Vault;
use crate::lock::{Kind, SOMEBODY, SOON, settle};
use crate::runner::Progress;
use crate::seed::Seed;
use crate::step::STEPS;
use crate::timeouts::watch;
use crate::{Timeouts, Way};

/// The exit code of arguments or settings that are wrong: `EX_USAGE` of `sysexits.h`, since 2 has a
/// meaning of its own here.
pub const WRONG_USE: u8 = 64;

/// Moves the database's schema along its history.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Every migration")]
pub struct MigrateArgs {
    /// Print one JSON object instead of lines.
    #[arg(long, global = true)]
    pub json: bool,
    /// How many seconds to wait while another process migrates.
    #[arg(long, global = true, default_value_t = 60, value_name = "SECONDS")]
    pub lock_wait: u64,
    /// What keeps other runs out of `PostgreSQL`.
    #[arg(long, global = true, value_enum, default_value_t, value_name = "KIND")]
    pub lock: Kind,
    /// How many seconds a statement waits for a lock before it lets the others go on and tries again
    /// (`PostgreSQL`).
    #[arg(long, global = true, default_value_t = 5.0, value_name = "SECONDS", value_parser = seconds)]
    pub lock_timeout: f64,
    /// How many seconds a statement may take; as the server says unless set (`PostgreSQL`).
    #[arg(long, global = true, value_name = "SECONDS", value_parser = seconds)]
    pub statement_timeout: Option<f64>,
    /// Who does it, for the history.
    #[arg(
        long,
        global = true,
        env = "USER",
        default_value = "unknown",
        hide_env_values = true
    )]
    pub actor: String,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// More seconds no engine counts: they are whole numbers of milliseconds.
const MOST: u64 = i32::MAX as u64 / 1000;

/// A number of seconds that something may take.
fn seconds(text: &str) -> Result<f64, String> {
    let given = text.parse::<f64>().map_err(|error| error.to_string())?;
    #[expect(clippy::cast_precision_loss, reason = "it has seven digits")]
    let fits = given > 0.0 && given <= MOST as f64;
    if fits {
        return Ok(given);
    }
    Err(format!("say a number of seconds above 0 and up to {MOST}"))
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
    Status(status::Args),
    /// Tell what `up` would do: each statement, its locks, what it touches and loses.
    Plan(plan::Args),
    /// Tell in what two schemas differ, and how to get from one to the other. Reads only.
    Diff(diff::Args),
    /// Take over a live database whose tables are ours, built by another tool: writes the history, and
    /// no table of the other program.
    Adopt(adopt::Args),
    /// Tell in what the database is not as the history left it. Reads only.
    Drift(drift::Args),
    /// Write the step that makes of the schema of all steps that of the entities.
    Generate(generate::Args),
    /// Say how a step stands, from whatever state.
    Resolve(resolve::Args),
    /// Fill rows in beside the running program, batch after batch.
    Backfill(backfill::Args),
    /// Make several steps one, which databases that have them all have.
    Squash(squash::Args),
    /// Write a backup, and prove it: it is restored elsewhere and compared.
    Backup(backup::Args),
    /// Bring a backup back into an empty database, and compare.
    Restore(restore::Args),
    /// Tell what is unsafe about the pending steps on this database.
    Lint(lint::Args),
    /// Write the database's schema as entities, keeping what somebody made of them since.
    Pull(pull::Args),
    /// Try each step in a scratch database: up, down and up again, without rows and with rows.
    Verify(verify::Args),
    /// Bring in data of another system: dumps of `MongoDB`, a database that Prisma keeps.
    Import(import::Args),
    /// Drop everything and apply every step. For development: refused in production.
    Fresh,
    /// Drop everything, apply every step and sow a seed. For development: refused in production.
    Reset(reset::Args),
    /// Sow rows to begin with, by name; twice is once.
    Seed(seed::Args),
}

impl Command {
    /// As it is called.
    fn name(&self) -> &'static str {
        match self {
            Self::Up(_) => "up",
            Self::Down(_) => "down",
            Self::Status(_) => "status",
            Self::Plan(_) => "plan",
            Self::Diff(_) => "diff",
            Self::Adopt(_) => "adopt",
            Self::Drift(_) => "drift",
            Self::Generate(_) => "generate",
            Self::Resolve(_) => "resolve",
            Self::Backfill(_) => "backfill",
            Self::Squash(_) => "squash",
            Self::Backup(_) => "backup",
            Self::Restore(_) => "restore",
            Self::Lint(_) => "lint",
            Self::Pull(_) => "pull",
            Self::Verify(_) => "verify",
            Self::Import(_) => "import",
            Self::Fresh => "fresh",
            Self::Reset(_) => "reset",
            Self::Seed(_) => "seed",
        }
    }
}

/// What a program brings along for its commands.
#[derive(Default)]
pub struct Brought<'b, 's> {
    /// More seeds to sow.
    pub seeds: &'b [Seed<'s>],
    /// Seals what must be sealed.
    pub vault: Option<&'b dyn Vault>,
}

impl MigrateArgs {
    /// Connect as this command wants it, when the database is at `url`. A file of `SQLite` that is not
    /// there is not made by a command that only looks: such a command says so, and sees an empty database.
    pub async fn connect(&self, url: &str) -> Result<DatabaseConnection, Error> {
        let timeouts = self.timeouts();
        let Some(path) = absent(url) else {
            return patiently(url, timeouts).await;
        };
        match &self.command {
            Command::Up(_)
            | Command::Restore(_)
            | Command::Fresh
            | Command::Reset(_)
            | Command::Seed(_) => crate::connect_with(&made(url), timeouts).await,
            Command::Status(_) | Command::Plan(_) | Command::Lint(_) | Command::Diff(_) => {
                let _ = writeln!(
                    std::io::stderr(),
                    "{path}: there is no such file; it is looked at as an empty database, and `migrate up` \
                     makes it"
                );
                crate::connect_with(MEMORY, timeouts).await
            }
            Command::Generate(_) | Command::Squash(_) | Command::Verify(_) => {
                crate::connect_with(MEMORY, timeouts).await
            }
            Command::Adopt(_)
            | Command::Backfill(_)
            | Command::Backup(_)
            | Command::Down(_)
            | Command::Drift(_)
            | Command::Import(_)
            | Command::Pull(_)
            | Command::Resolve(_) => Err(Error::Absent { path }),
        }
    }

    fn timeouts(&self) -> Timeouts {
        Timeouts {
            lock: Duration::from_secs_f64(self.lock_timeout),
            statement: self.statement_timeout.map(Duration::from_secs_f64),
            turn: Duration::from_secs(self.lock_wait.min(MOST)),
        }
    }

    /// Whether the command keeps secrets, and needs what seals them.
    pub fn seals(&self) -> bool {
        matches!(&self.command, Command::Import(import) if import.seals())
    }
}

/// Connect, and tell where a file is not to be opened because of somebody else.
async fn patiently(url: &str, timeouts: Timeouts) -> Result<DatabaseConnection, Error> {
    let mut opening = Box::pin(crate::connect_with(url, timeouts));
    if url.starts_with("sqlite:") {
        if let Ok(opened) = tokio::time::timeout(SOON, &mut opening).await {
            return opened;
        }
        waits(Progress::Waits(SOMEBODY));
    }
    opening.await
}

/// A database that is gone when nobody looks at it any more.
const MEMORY: &str = "sqlite::memory:";

/// The file of `SQLite` that `url` names and that is not there.
fn absent(url: &str) -> Option<String> {
    let file = url.strip_prefix("sqlite:")?.trim_start_matches("//");
    let (path, options) = file.split_once('?').unwrap_or((file, ""));
    let is_memory = path == ":memory:" || options.split('&').any(|one| one == "mode=memory");
    (!is_memory && !Path::new(path).exists()).then(|| path.to_owned())
}

/// The address of a file of `SQLite` that is made where it is not there, unless it says otherwise.
fn made(url: &str) -> String {
    match url.split_once('?') {
        None => format!("{url}?mode=rwc"),
        Some((_, options)) if options.split('&').any(|one| one.starts_with("mode=")) => {
            url.to_owned()
        }
        Some(_) => format!("{url}&mode=rwc"),
    }
}

/// Run a command on the database behind `db`, print its answer, and tell the exit code.
/// `production` is whether this is a production environment.
pub async fn run(args: &MigrateArgs, db: &DatabaseConnection, production: bool) -> u8 {
    run_with(args, db, production, &Brought::default()).await
}

/// As [`run`], with what the program brings along.
pub async fn run_with(
    args: &MigrateArgs,
    db: &DatabaseConnection,
    production: bool,
    brought: &Brought<'_, '_>,
) -> u8 {
    let way = Way {
        timeouts: args.timeouts(),
        lock: args.lock,
        patience: Duration::from_secs(args.lock_wait),
        writer: Writer {
            actor: args.actor.clone(),
        },
        told: if args.json {
            Arc::new(waits)
        } else {
            progress::teller()
        },
        accept_drift: false,
        ..Way::default()
    };
    let told = way.told.clone();
    let going = Box::pin(async {
        tokio::select! {
            answer = answer(args, db, way, production, brought) => answer,
            never = watch(db, &*told) => match never {},
        }
    });
    let answer = match &args.command {
        // It ends where it can be gone on with, and hears what it is told itself.
        Command::Import(_) => going.await,
        // What is dropped here is rolled back, or goes on at the step that it is at.
        _ => match select(going, Box::pin(Signals::listen().first())).await {
            Either::Left((answer, _)) => answer,
            Either::Right((signal, going)) => {
                drop(going);
                settle().await;
                return refuse(
                    args,
                    signal,
                    "told to end; `migrate status` tells what is done",
                );
            }
        },
    };
    // Whatever was refused keeps nobody out.
    settle().await;
    match answer {
        Ok(answer) => say(args, answer),
        Err(error) => refuse_error(args, &error),
    }
}

/// Do it.
async fn answer(
    args: &MigrateArgs,
    db: &DatabaseConnection,
    way: Way,
    production: bool,
    brought: &Brought<'_, '_>,
) -> Result<Answer, Error> {
    match &args.command {
        Command::Up(up) => up::run(up, db, way).await,
        Command::Down(down) => down::run(down, db, way).await,
        Command::Status(status) => status::run(status, db).await,
        Command::Plan(plan) => plan::run(plan, db, &way).await,
        Command::Diff(diff) => diff::run(diff, db).await,
        Command::Adopt(adopt) => adopt::run(adopt, db, &way).await,
        Command::Drift(drift) => drift::run(drift, db).await,
        Command::Generate(generate) => generate::run(generate, db).await,
        Command::Resolve(resolve) => resolve::run(resolve, db, &way).await,
        Command::Backfill(backfill) => backfill::run(backfill, db, &way).await,
        Command::Squash(squash) => squash::run(squash, db).await,
        Command::Backup(backup) => backup::run(backup, db, &way).await,
        Command::Restore(restore) => restore::run(restore, db, &way).await,
        Command::Reset(reset) => reset::run(reset, db, &way, production, brought.seeds).await,
        Command::Seed(seed) => seed::run(seed, db, &way, production, brought.seeds).await,
        Command::Lint(lint) => lint::run(lint, db).await,
        Command::Pull(pull) => pull::run(pull, db).await,
        Command::Verify(verify) => verify::run(verify, db, &way).await,
        Command::Import(import) => {
            Box::pin(import::run(import, db, &way, brought.vault, args.json)).await
        }
        Command::Fresh => fresh::run(db, &way, production).await,
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

    #[derive(clap::Parser)]
    struct Line {
        #[command(flatten)]
        migrate: MigrateArgs,
    }

    fn timeouts(options: &[&str]) -> Result<Timeouts, clap::Error> {
        use clap::Parser as _;
        let line = [&["migrate", "status"], options].concat();
        Ok(Line::try_parse_from(line)?.migrate.timeouts())
    }

    #[test]
    fn whoever_writes_a_file_is_waited_for_as_long_as_a_lock() {
        let told = timeouts(&["--lock-wait", "60"]).expect("timeouts");
        assert_eq!(told.turn, Duration::from_mins(1));
        let told = timeouts(&["--lock-wait", "99999999999"]).expect("timeouts");
        assert_eq!(told.turn, Duration::from_secs(MOST));
    }

    #[test]
    fn times_that_no_server_counts_are_refused_in_a_sentence() {
        for option in ["--lock-timeout", "--statement-timeout"] {
            for given in ["0", "-1", "1e12", "NaN", "inf", "2147484"] {
                let told = timeouts(&[&format!("{option}={given}")]);
                let told = told.expect_err(given).to_string();
                assert!(told.contains("above 0 and up to 2147483"), "{told}");
            }
            for given in ["0.0001", "5", "2147483"] {
                timeouts(&[&format!("{option}={given}")]).expect(given);
            }
        }
    }

    #[test]
    fn a_step_is_meant_by_its_name_or_by_a_part_that_is_its_own() {
        assert_eq!(place("m20261121_000001_identity").expect("a step"), 0);
        assert_eq!(place("000003").expect("a step"), 2);
        assert_eq!(place("m20261121_000005_conversation").expect("a step"), 4);
        assert!(place("conversation").is_err());
        assert!(place("nothing").is_err());
    }
}
