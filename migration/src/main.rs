//! The migration CLI by itself: `cargo run -p migration -- status`. The same commands are
//! `chancery migrate …`, which knows more ways to name the database.

use std::process::ExitCode;

use clap::Parser;
use migration::cli::{MigrateArgs, run};

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
    /// Where this runs: `development`, `test`, `staging` or `production`.
    #[arg(long, env = "CHANCERY_ENV", global = true)]
    environment: Option<String>,
    /// What other tools call the environment; read when ours is not set.
    #[arg(long, env = "NODE_ENV", global = true, hide = true)]
    node_env: Option<String>,
    #[command(flatten)]
    migrate: MigrateArgs,
}

#[tokio::main]
#[expect(clippy::print_stderr, reason = "a CLI tells its errors there")]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    let environment = cli.environment.or(cli.node_env);
    if cli.database_url.is_empty() {
        eprintln!("error: name the database with --database-url or DATABASE_URL");
        return ExitCode::FAILURE;
    }
    match cli.migrate.connect(&cli.database_url).await {
        Ok(db) => {
            let production = environment.as_deref() == Some("production");
            ExitCode::from(run(&cli.migrate, &db, production).await)
        }
        Err(error) => {
            eprintln!("error: cannot connect: {error}");
            ExitCode::FAILURE
        }
    }
}
