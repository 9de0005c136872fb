//! `chancery doctor`: one line for everything that a start depends on, and what to do where it is
//! not as it should be. It looks, and changes nothing.
//!
//! It ends with 0 unless a line says `fail`; then with 1.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use api::config::{Config, Env, KeyPlace};
use migration::Status;
use secrecy::ExposeSecret;
use serde_json::json;
use service::clock::SystemClock;
use service::db::{DatabaseUrl, sanitise};
use service::doctor::{Finding, Verdict};

use super::Failure;

#[expect(clippy::print_stdout, reason = "a command's answer goes there")]
pub(crate) async fn run(config: &Config, json: bool) -> Result<ExitCode, Failure> {
    let mut found = settings(config);
    found.push(key(config));
    found.extend(database(config).await);
    found.extend(directory(config));
    found.push(storage(config).await);
    let worst = found.iter().map(|one| one.verdict).max();
    if json {
        let report = json!({ "verdict": worst, "checks": found });
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        for one in &found {
            println!("{:<5} {:<13} {}", one.verdict.name(), one.check, one.said);
            if let Some(todo) = &one.todo {
                println!("{:<19} -> {todo}", "");
            }
        }
    }
    let failed = worst == Some(Verdict::Fail);
    Ok(ExitCode::from(u8::from(failed)))
}

/// The settings that are wrong, or one line that none is.
fn settings(config: &Config) -> Vec<Finding> {
    let todo = "set it in the environment or in chancery.toml; `chancery --help` tells of all";
    let wrong = config.unsafe_settings().into_iter();
    let mut found: Vec<Finding> = wrong
        .map(|sentence| Finding::fail("settings", sentence, todo))
        .collect();
    if config.public_url.is_none() && config.env() != Env::Production {
        let said = "PUBLIC_URL is not set: links are right on this machine only";
        found.push(Finding::warn("settings", said, todo));
    }
    if found.is_empty() {
        let name = config.env().name();
        found.push(Finding::ok(
            "settings",
            format!("they are right for {name}"),
        ));
    }
    found
}

fn key(config: &Config) -> Finding {
    let check = "secret key";
    match config.key_place() {
        Ok(KeyPlace::Set) => Finding::ok(check, "it is set"),
        Ok(KeyPlace::File(path)) if !is_private(&path) => Finding::warn(
            check,
            format!("{} can be read by others", path.display()),
            format!("chmod 600 {}", path.display()),
        ),
        Ok(KeyPlace::File(path)) => Finding::ok(check, format!("it is in {}", path.display())),
        Ok(KeyPlace::Later(path)) => Finding::ok(
            check,
            format!("it will be made in {} at the first start", path.display()),
        ),
        Err(error) => Finding::fail(check, error.to_string(), "make one: openssl rand -hex 32"),
    }
}

fn is_private(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(path).map(|file| file.permissions().mode());
    // The last six bits are the group's and everybody's.
    mode.is_ok_and(|mode| mode.trailing_zeros() >= 6)
}

/// The address, then the database behind it, then its migrations.
async fn database(config: &Config) -> Vec<Finding> {
    let check = "database";
    let file = match config.database_file() {
        Ok(file) => file,
        Err(error) => {
            let todo = "write postgres://user:password@host/database, or sqlite://file";
            return vec![Finding::fail(check, error.to_string(), todo)];
        }
    };
    let mut found = vec![address(config, file.as_deref())];
    if let Some(file) = file.filter(|file| !file.exists()) {
        let said = format!("{} is not there yet", file.display());
        found.push(Finding::warn(check, said, "`chancery serve` makes it"));
        return found;
    }
    let db = match config.glance() {
        Ok(db) => db,
        Err(error) => {
            found.push(Finding::fail(check, error.to_string(), "mend its address"));
            return found;
        }
    };
    found.extend(service::doctor::database(&db, &SystemClock).await);
    if db.is_connected() {
        found.extend(steps(config).await);
        found.extend(service::doctor::jobs(&db, &SystemClock).await);
    }
    db.disconnect().await;
    found
}

fn address(config: &Config, file: Option<&Path>) -> Finding {
    let Some(url) = &config.database_url else {
        let file = file.map(|file| file.display().to_string());
        return Finding::ok("database", format!("the file {}", file.unwrap_or_default()));
    };
    let url = url.expose_secret();
    let warnings = DatabaseUrl::check(url).warnings;
    if warnings.is_empty() {
        return Finding::ok("database", sanitise(url));
    }
    Finding::warn(
        "database",
        warnings.join("; "),
        "take it out of the address",
    )
}

/// Whether the schema is the one that this binary expects, and the one that its migrations left.
async fn steps(config: &Config) -> Vec<Finding> {
    match status(config).await {
        Ok((status, is_as_left)) => {
            let schema = is_as_left.map(schema);
            [applied(config, status)]
                .into_iter()
                .chain(schema)
                .collect()
        }
        Err(error) => {
            let said = service::db::url::sanitise_text(&error.to_string());
            let todo = "look at `chancery migrate status`";
            vec![Finding::fail("migrations", said, todo)]
        }
    }
}

fn schema(is_as_left: bool) -> Finding {
    let check = "schema";
    if is_as_left {
        return Finding::ok(check, "it is as the last migration left it");
    }
    let said = "something else has changed it since the last migration";
    Finding::warn(
        check,
        said,
        "`chancery migrate drift` tells what, and how to undo it",
    )
}

fn applied(config: &Config, status: Status) -> Finding {
    let check = "migrations";
    let Status {
        applied,
        pending,
        unknown,
        modified,
        failed,
        ..
    } = status;
    if !unknown.is_empty() {
        let said = format!("this binary does not know {}", unknown.join(", "));
        return Finding::fail(check, said, "run the version of Chancery that made them");
    }
    if !modified.is_empty() {
        let said = format!("{} ran as something else", modified.join(", "));
        let todo = "compare with the version that ran it, then `chancery migrate resolve`";
        return Finding::fail(check, said, todo);
    }
    if let Some(failed) = failed.first() {
        let said = format!("{} stopped in its middle: {}", failed.step, failed.error);
        return Finding::fail(
            check,
            said,
            "mend it, then `chancery migrate up` goes on there",
        );
    }
    match pending.len() {
        0 => Finding::ok(check, format!("all {} are applied", applied.len())),
        some => {
            let said = format!("{some} are pending, first {}", pending[0]);
            if config.is_embedded().unwrap_or_default() {
                let todo = "`chancery serve` applies them at its start: make a backup first";
                return Finding::warn(check, said, todo);
            }
            Finding::fail(check, said, "chancery migrate up, after a backup")
        }
    }
}

/// How the history stands, and whether the schema is as it left it.
async fn status(config: &Config) -> Result<(Status, Option<bool>), Failure> {
    let db = migration::connect(config.session_url()?.expose_secret()).await?;
    let status = migration::status(&db).await;
    let is_as_left = migration::is_as_left(&db).await;
    db.close().await?;
    Ok((status?, is_as_left?))
}

/// The store of files, as long as there is something to look at.
async fn storage(config: &Config) -> Finding {
    let check = "storage";
    if config.storage_url.is_none() && !config.data_dir.join("files").exists() {
        return Finding::ok(
            check,
            "it will be made in the data directory at the first start",
        );
    }
    let postgres = !config.is_embedded().unwrap_or(true);
    match config.storage() {
        Ok(storage) => service::doctor::storage(&storage, postgres).await,
        Err(error) => Finding::fail(check, error.to_string(), "set CHANCERY_STORAGE_URL"),
    }
}

/// The data directory: whether we may write there, and how much room there is.
fn directory(config: &Config) -> Vec<Finding> {
    let directory = &config.data_dir;
    let mut found = Vec::new();
    if directory.exists() && !may_write(directory) {
        let said = format!("{} cannot be written to", directory.display());
        let todo = "give it to the user that Chancery runs as, or set CHANCERY_DATA_DIR";
        found.push(Finding::fail("data directory", said, todo));
    }
    // The nearest that is there already: the disk that it will be on.
    let absolute = std::path::absolute(directory).unwrap_or_else(|_| directory.clone());
    let there = absolute.ancestors().find(|path| path.exists());
    found.extend(there.map(service::doctor::disk));
    found
}

fn may_write(directory: &Path) -> bool {
    let probe: PathBuf = directory.join(format!(".doctor-{}", std::process::id()));
    let written = std::fs::write(&probe, b"");
    let _ = std::fs::remove_file(&probe);
    written.is_ok()
}
