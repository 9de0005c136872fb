//! The binary: `chancery serve | demo | worker | migrate | admin | analytics | graphql | doctor | schema`.

mod command;

use std::process::ExitCode;

use api::config::{self, CommandLine, Config, ConfigError, LogFormat};
use clap::parser::ValueSource;
use clap::{ArgMatches, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use migration::cli::WRONG_USE;
use mimalloc::MiMalloc;
use tracing::error;
use tracing_subscriber::EnvFilter;

use crate::command::{
    Failure, admin, analytics, demo, doctor, graphql, migrate, serve, stand_in, worker,
};

/// Answers are made of many small pieces on several threads: the system's allocator costs a seventh of
/// the time of a request (docs/performance.md).
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// The records of an AI-agent product: one binary.
#[derive(Debug, Parser)]
#[command(name = "chancery", version)]
struct Cli {
    #[command(flatten)]
    config: Config,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve HTTP (also without a command).
    Serve {
        /// Apply pending migrations first; an embedded database is always migrated.
        #[arg(long)]
        migrate: bool,
    },
    /// Serve a throw-away database full of examples, beside programs that stand in for those from
    /// outside: a worker, a generator of videos, a chain.
    Demo {
        /// Without the programs that stand in.
        #[arg(long)]
        alone: bool,
    },
    /// Stand in for a program from outside; the demo starts these.
    #[command(subcommand)]
    StandIn(stand_in::StandIn),
    /// Work at jobs only, beside others that serve or work.
    Worker {
        /// Only at jobs of this line; may be named several times.
        #[arg(long = "queue", value_name = "NAME")]
        queues: Vec<String>,
    },
    /// Move the database's schema.
    Migrate(Box<migration::cli::MigrateArgs>),
    /// Accounts, from the command line.
    #[command(subcommand)]
    Admin(admin::Admin),
    /// Trusted GraphQL documents.
    #[command(subcommand)]
    Graphql(graphql::Graphql),
    /// What the charts are drawn from.
    #[command(subcommand)]
    Analytics(analytics::Analytics),
    /// Look at the settings, the database and the disk, and say what to do.
    Doctor {
        /// Answer in JSON.
        #[arg(long)]
        json: bool,
    },
    /// Print a generated contract file.
    Schema {
        /// Which one.
        #[arg(value_enum)]
        what: Contract,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Contract {
    Openapi,
    /// schema.graphql.
    Graphql,
    Errors,
    /// docs/settings.md.
    Config,
}

#[tokio::main]
async fn main() -> ExitCode {
    let cli = match read() {
        Ok(cli) => cli,
        Err(failure) => {
            eprintln!("error: {failure}");
            misused(&failure.to_string());
            return ExitCode::from(WRONG_USE);
        }
    };
    logs(cli.config.log_format);
    match run(cli).await {
        Ok(code) => code,
        Err(failure) => {
            error!("{failure}");
            ExitCode::FAILURE
        }
    }
}

/// The command line over the environment over the settings' file.
fn read() -> Result<Cli, ConfigError> {
    let CommandLine {
        command,
        given,
        buckets,
    } = config::command_line(Cli::command())?;
    let matches = command.try_get_matches();
    let mut elsewhere = Vec::new();
    let cli = matches.and_then(|matches| {
        elsewhere = ways_elsewhere(&matches);
        Cli::from_arg_matches(&matches)
    });
    let mut cli = cli.unwrap_or_else(|error| {
        let error = config::scrubbed(error);
        let _ = error.print();
        // Help is asked for, too, and not wrong.
        if !error.use_stderr() {
            std::process::exit(0);
        }
        misused(&error.to_string());
        std::process::exit(WRONG_USE.into())
    });
    cli.config.given = given;
    cli.config.storage_options = buckets;
    for name in elsewhere {
        let way = match name {
            DIRECT => &mut cli.config.database_direct_url,
            _ => &mut cli.config.database_read_url,
        };
        if way.take().is_some() {
            let variable = name.to_uppercase();
            eprintln!("{variable} is not used: the command line names the database");
        }
    }
    Ok(cli)
}

const DIRECT: &str = "database_direct_url";
const READ: &str = "database_read_url";

/// The other ways to the database that lead to the one of the environment, where the command line names
/// one: it may be another, and nobody means to empty that.
fn ways_elsewhere(matches: &ArgMatches) -> Vec<&'static str> {
    let is_said = |name| matches.value_source(name) == Some(ValueSource::CommandLine);
    if !is_said("database_url") {
        return Vec::new();
    }
    let ways = [DIRECT, READ].into_iter();
    ways.filter(|name| !is_said(name)).collect()
}

/// Say what is wrong with a command line as `migrate --json` says everything.
fn misused(why: &str) {
    let line: Vec<_> = std::env::args_os().skip(1).collect();
    if line.iter().any(|word| word == "migrate") {
        migration::cli::misused(line, why);
    }
}

fn logs(format: LogFormat) {
    let filter = EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| EnvFilter::new("info,sea_orm=warn,sqlx=warn"));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        // Whoever reads the log may be gone, which is no reason to die.
        .log_internal_errors(false)
        .with_writer(std::io::stderr);
    match format {
        LogFormat::Pretty => builder.init(),
        LogFormat::Json => builder.json().init(),
    }
}

#[expect(clippy::print_stdout, reason = "a contract file goes there")]
async fn run(cli: Cli) -> Result<ExitCode, Failure> {
    let Cli {
        mut config,
        command,
    } = cli;
    match command.unwrap_or(Command::Serve { migrate: false }) {
        Command::Serve { migrate } => {
            serve::serve(&config, migrate || config.is_embedded()?).await?;
        }
        Command::Demo { alone } => demo::run(&mut config, alone).await?,
        Command::StandIn(role) => Box::pin(stand_in::run(role)).await?,
        Command::Worker { queues } => Box::pin(worker::run(&config, queues)).await?,
        Command::Migrate(args) => return Ok(migrate::run(&config, &args).await),
        Command::Admin(command) => admin::run(&config, command).await?,
        Command::Graphql(command) => graphql::run(&config, command).await?,
        Command::Analytics(command) => return analytics::run(&config, command).await,
        Command::Doctor { json } => return doctor::run(&config, json).await,
        Command::Schema {
            what: Contract::Openapi,
        } => {
            println!("{}", api::openapi().to_pretty_json()?);
        }
        Command::Schema {
            what: Contract::Errors,
        } => print!("{}", api::error::document()),
        Command::Schema {
            what: Contract::Config,
        } => print!("{}", config::document()),
        Command::Schema {
            what: Contract::Graphql,
        } => print!("{}", api::graphql::sdl()),
    }
    Ok(ExitCode::SUCCESS)
}
