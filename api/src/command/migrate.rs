//! `chancery migrate`: the commands of the `migration` crate, on the database of the settings.

use std::process::ExitCode;

use api::config::{Config, Env, KeyPlace};
use entity::types::Encrypted;
use migration::cli::{Brought, MigrateArgs, refuse, refuse_error, run_with};
use migration::import::Vault;
use secrecy::ExposeSecret;
use service::chance::SystemChance;
use service::secret::Keyring;

use super::{Failure, demo};

/// What an import seals secrets with.
struct Ring(Keyring);

impl Vault for Ring {
    fn seal(&self, place: &str, plain: &[u8]) -> (Encrypted, String) {
        let sealed = self.0.seal(&SystemChance, place, plain);
        // It names its key: `v1.<key id>.…`.
        let key = sealed.0.split('.').nth(1).unwrap_or_default().to_owned();
        (sealed, key)
    }

    fn open(&self, place: &str, sealed: &Encrypted) -> Option<Vec<u8>> {
        self.0.open(place, sealed).ok()
    }
}

/// Run a command, and tell its exit code.
pub(crate) async fn run(config: &Config, args: &MigrateArgs) -> ExitCode {
    let code = match attempt(config, args).await {
        Ok(code) => code,
        // Said as the command itself would say it.
        Err(failure) => refuse(args, 1, &failure.to_string()),
    };
    ExitCode::from(code)
}

async fn attempt(config: &Config, args: &MigrateArgs) -> Result<u8, Failure> {
    let ring = if args.seals() {
        Some(Ring(keyring(config)?))
    } else {
        None
    };
    let vault = ring.as_ref().map(|ring| ring as &dyn Vault);
    let db = match args.connect(config.session_url()?.expose_secret()).await {
        Ok(db) => db,
        // It knows its exit code: a file that somebody else writes is waited for, and then 6.
        Err(error) => return Ok(refuse_error(args, &error)),
    };
    let production = config.env() == Env::Production;
    let seeds = [demo::seed(config)];
    let brought = Brought {
        seeds: &seeds,
        vault,
    };
    Ok(Box::pin(run_with(args, &db, production, &brought)).await)
}

/// What the servers open secrets with. In production they do not start without a key that is set, so
/// nothing is sealed under another.
fn keyring(config: &Config) -> Result<Keyring, Failure> {
    let place = config.key_place()?;
    if config.env() == Env::Production && place != KeyPlace::Set {
        return Err("CHANCERY_SECRET_KEY must be set: secrets are sealed under it".into());
    }
    let keyring = config.keyring()?;
    if let KeyPlace::Later(path) = place {
        let path = path.display();
        tracing::warn!("a key to seal secrets with was made in {path}: the server needs it, too");
    }
    Ok(keyring)
}
