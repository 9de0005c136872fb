//! The migration CLI by itself: `cargo run -p migration -- status`. The same commands are
//! `chancery migrate …`, which knows more ways to name the database.

use std::process::ExitCode;

use clap::Parser;
use migration::cli::{MigrateArgs, WRONG_USE, refuse, run};

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
async fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { WRONG_USE } else { 0 });
        }
    };
    let environment = cli.environment.or(cli.node_env);
    if cli.database_url.is_empty() {
        let why = "name the database with --database-url or DATABASE_URL";
        return ExitCode::from(refuse(&cli.migrate, WRONG_USE, why));
    }
    match cli.migrate.connect(&cli.database_url).await {
        Ok(db) => {
            let production = environment.as_deref() == Some("production");
            ExitCode::from(run(&cli.migrate, &db, production).await)
        }
        Err(error) => {
            let why = error.to_string();
            ExitCode::from(refuse(&cli.migrate, 1, &why))
        }
    }
}
