//! The binary: `chancery serve | demo | migrate | admin | schema`.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use api::config::{Config, ConfigError, Env, LogFormat};
use api::server::{Timeouts, serve};
use clap::{Parser, Subcommand, ValueEnum};
use entity::identity::user::UserRole;
use secrecy::ExposeSecret;
use service::Ctx;
use service::ctx::Services;
use service::identity::{EmailAddress, NewUser, Password};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tracing::{error, info};
use tracing_subscriber::EnvFilter;

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
    /// Serve a throw-away database full of examples.
    Demo,
    /// Move the database's schema.
    Migrate(migration::cli::MigrateArgs),
    /// Accounts, from the command line.
    #[command(subcommand)]
    Admin(Admin),
    /// Print a generated contract file.
    Schema {
        /// Which one.
        #[arg(value_enum)]
        what: Contract,
    },
}

#[derive(Debug, Subcommand)]
enum Admin {
    /// Make an admin.
    Create {
        /// The e-mail address.
        #[arg(long)]
        email: String,
        /// The password.
        #[arg(long, env = "CHANCERY_ADMIN_PASSWORD", hide_env_values = true)]
        password: String,
    },
    /// Give an account a new password and end its sessions.
    ResetPassword {
        /// The e-mail address.
        #[arg(long)]
        email: String,
        /// The new password.
        #[arg(long, env = "CHANCERY_ADMIN_PASSWORD", hide_env_values = true)]
        password: String,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Contract {
    Openapi,
    /// schema.graphql.
    Graphql,
    Errors,
}

type Failure = Box<dyn std::error::Error>;

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    logs(cli.config.log_format);
    match run(cli).await {
        Ok(code) => code,
        Err(failure) => {
            error!("{failure}");
            ExitCode::FAILURE
        }
    }
}

fn logs(format: LogFormat) {
    let filter = EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| EnvFilter::new("info,sea_orm=warn,sqlx=warn"));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
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
            let embedded = config.url()?.expose_secret().starts_with("sqlite");
            if migrate || embedded {
                migrate_up(&config).await?;
            }
            let services = connected(&config).await?;
            listen(&config, services).await?;
        }
        Command::Demo => demo(&mut config).await?,
        Command::Migrate(args) => {
            let db = migration::connect(&args.address(config.url()?.expose_secret())).await?;
            let production = config.env() == Env::Production;
            return Ok(ExitCode::from(
                migration::cli::run(&args, &db, production).await,
            ));
        }
        Command::Admin(admin) => account(&config, admin).await?,
        Command::Schema {
            what: Contract::Openapi,
        } => {
            println!("{}", api::openapi().to_pretty_json()?);
        }
        Command::Schema {
            what: Contract::Errors,
        } => print!("{}", api::error::document()),
        Command::Schema {
            what: Contract::Graphql,
        } => print!("{}", api::graphql::sdl()),
    }
    Ok(ExitCode::SUCCESS)
}

async fn migrate_up(config: &Config) -> Result<(), Failure> {
    let db = migration::connect(config.url()?.expose_secret()).await?;
    for step in migration::up(&db).await? {
        info!(step, "migrated");
    }
    Ok(())
}

async fn connected(config: &Config) -> Result<Arc<Services>, Failure> {
    let services = config.services()?;
    let result = services.db.connect().await;
    match result.error {
        Some(problem) if !result.success => {
            for step in &problem.steps {
                error!("{step}");
            }
            Err(ConfigError::Database(problem.message).into())
        }
        _ => Ok(services),
    }
}

/// Serve until a signal says stop; a second one ends at once.
async fn listen(config: &Config, services: Arc<Services>) -> Result<(), Failure> {
    let listener = TcpListener::bind(config.listen).await?;
    info!("listening on http://{}", listener.local_addr()?);
    let stop = services.stop.clone();
    let (mut term, mut int) = (
        signal(SignalKind::terminate())?,
        signal(SignalKind::interrupt())?,
    );
    #[expect(
        clippy::disallowed_methods,
        reason = "it outlives the stop that it begins"
    )]
    tokio::spawn(async move {
        tokio::select! { _ = term.recv() => {}, _ = int.recv() => {} }
        info!("stopping");
        stop.cancel();
        tokio::select! { _ = term.recv() => {}, _ = int.recv() => {} }
        std::process::exit(130);
    });
    let hearing = Arc::clone(&services);
    services.tasks.spawn(async move {
        let mut signals = hearing.signals.listen();
        loop {
            tokio::select! {
                () = hearing.stop.cancelled() => return,
                heard = signals.recv() => if let Ok(signal) = heard {
                    hearing.callers.hear(&signal);
                },
            }
        }
    });
    services
        .tasks
        .spawn(service::signal::relay(Arc::clone(&services)));
    let timeouts = Timeouts {
        drain_delay: Duration::from_secs(config.drain_delay),
        ..Timeouts::default()
    };
    serve(
        listener,
        api::router(Arc::clone(&services)),
        services,
        timeouts,
    )
    .await;
    Ok(())
}

async fn demo(config: &mut Config) -> Result<(), Failure> {
    if config.env() == Env::Production {
        return Err("demo is not for production".into());
    }
    if !config.listen.ip().is_loopback() {
        return Err("demo listens on a loopback address only".into());
    }
    let directory = std::env::temp_dir().join(format!("chancery-demo-{}", std::process::id()));
    config.data_dir.clone_from(&directory);
    config.database_url = None;
    migrate_up(config).await?;
    let services = connected(config).await?;
    service::demo::fill(&services).await?;
    info!(
        "demo: sign in as {} with {}",
        service::demo::ADMIN,
        service::demo::PASSWORD
    );
    let served = listen(config, services).await;
    let _ = std::fs::remove_dir_all(directory);
    served
}

#[expect(clippy::print_stdout, reason = "a command's answer goes there")]
async fn account(config: &Config, admin: Admin) -> Result<(), Failure> {
    let services = connected(config).await?;
    let ctx = Ctx::system(Arc::clone(&services), "admin");
    match admin {
        Admin::Create { email, password } => {
            let new = NewUser {
                email: EmailAddress::new(&email)?,
                name: None,
                password: Some(Password::new(&password)?),
                role: UserRole::Admin,
            };
            let user = service::identity::create_user(&ctx, new).await?;
            println!("{}", user.id);
        }
        Admin::ResetPassword { email, password } => {
            let (email, password) = (EmailAddress::new(&email)?, Password::new(&password)?);
            service::identity::reset_password(&ctx, &email, &password).await?;
        }
    }
    services.db.disconnect().await;
    Ok(())
}
