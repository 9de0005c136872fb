//! The migration CLI by itself: `cargo run -p migration -- status`. The same commands are
//! `chancery migrate …`, which knows more ways to name the database.

use std::ffi::OsStr;
use std::process::ExitCode;

use clap::{Arg, CommandFactory as _, FromArgMatches as _, Parser, ValueEnum};
use migration::cli::{MigrateArgs, WRONG_USE, misused, refuse, refuse_error, run};

/// Moves Chancery's schema along its history.
#[derive(Debug, Parser)]
#[command(name = "migration", version)]
struct Cli {
    /// The database: `sqlite://chancery.db?mode=rwc`, `postgres://…`.
    #[arg(
        long,
        env = "DATABASE_URL",
        hide_env_values = true,
        global = true,
        default_value = ""
    )]
    database_url: String,
    /// Where this runs.
    #[arg(long, env = "CHANCERY_ENV", value_enum, global = true)]
    environment: Option<Environment>,
    /// What other tools call the environment; read when ours is not set.
    #[arg(long, env = "NODE_ENV", value_enum, global = true, hide = true)]
    node_env: Option<Environment>,
    #[command(flatten)]
    migrate: MigrateArgs,
}

/// Where the process runs: the words that the server knows, and no others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Environment {
    Development,
    Test,
    Staging,
    Production,
}

/// The command line over the environment.
fn read() -> Result<Cli, clap::Error> {
    let command = Cli::command().mut_args(unless_empty);
    Cli::from_arg_matches(&command.try_get_matches()?)
}

/// An empty variable is none, as it is to the server: that is how they are taken away in many a place.
fn unless_empty(arg: Arg) -> Arg {
    let empty = |name: &OsStr| std::env::var_os(name).is_some_and(|value| value.is_empty());
    if arg.get_env().is_some_and(empty) {
        arg.env(None::<&'static str>)
    } else {
        arg
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let cli = match read() {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            if !error.use_stderr() {
                return ExitCode::SUCCESS;
            }
            misused(std::env::args_os(), &error.to_string());
            return ExitCode::from(WRONG_USE);
        }
    };
    let environment = cli.environment.or(cli.node_env);
    if cli.database_url.is_empty() {
        let why = "name the database with --database-url or DATABASE_URL";
        return ExitCode::from(refuse(&cli.migrate, WRONG_USE, why));
    }
    match cli.migrate.connect(&cli.database_url).await {
        Ok(db) => {
            let production = environment == Some(Environment::Production);
            ExitCode::from(run(&cli.migrate, &db, production).await)
        }
        Err(error) => ExitCode::from(refuse_error(&cli.migrate, &error)),
    }
}
