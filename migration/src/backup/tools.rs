//! `pg_dump` and `pg_restore`, where there are such, and where they know the server.

use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};

use percent_encoding::percent_decode_str;
use sea_orm_migration::sea_orm::sqlx::ConnectOptions as _;
use sea_orm_migration::sea_orm::sqlx::postgres::PgPool;
use tokio::process::Command;

use super::manifest::Manifest;
use crate::error::Error;
use crate::private;
use crate::schema::quoted;

const FILE: &str = "data.pgdump";

/// Whether a database can be made in which a dump is proven.
pub(super) const MAY_CREATE: &str =
    "SELECT (rolsuper OR rolcreatedb)::text FROM pg_roles WHERE rolname = current_user";

/// The two programs.
pub(super) struct Tools {
    dump: PathBuf,
    restore: PathBuf,
}

impl Tools {
    /// The programs in `directory`, or on the path; refused where they are older than the server.
    pub(super) fn find(directory: Option<&Path>, server: i32) -> Result<Self, Error> {
        let program = |name: &str| directory.map_or_else(|| name.into(), |dir| dir.join(name));
        let found = Self {
            dump: program("pg_dump"),
            restore: program("pg_restore"),
        };
        for path in [&found.dump, &found.restore] {
            let told = std::process::Command::new(path).arg("--version").output();
            let told = told.map_err(|source| Error::file(path, source))?;
            let told = String::from_utf8_lossy(&told.stdout).into_owned();
            let version = told.split_once(") ").and_then(|(_, rest)| {
                let end = rest.find(|letter: char| !letter.is_ascii_digit());
                rest[..end.unwrap_or(rest.len())].parse::<i32>().ok()
            });
            if version.is_none_or(|version| version < server / 10_000) {
                return Err(Error::Backup(format!(
                    "{} is {:?}, and the server is {}: name newer ones with --pg-tools, or say \
                     --method copy",
                    path.display(),
                    told.trim(),
                    server / 10_000
                )));
            }
        }
        Ok(found)
    }

    /// Dump the manifest's schema as the snapshot has it.
    pub(super) async fn dump(
        &self,
        pool: &PgPool,
        snapshot: &str,
        manifest: &Manifest,
        directory: &Path,
    ) -> Result<(), Error> {
        let file = directory.join(FILE);
        // It writes to the file that is there, which keeps its mode.
        private::file(&file).map_err(|source| Error::file(&file, source))?;
        let mut command = command(&self.dump, pool);
        command
            .args([
                "--format=custom",
                "--no-owner",
                "--no-privileges",
                "--no-password",
                "--encoding=UTF8",
            ])
            .arg(format!("--snapshot={snapshot}"))
            .arg(format!("--schema={}", pattern(manifest)))
            .arg("--file")
            .arg(&file);
        run(command).await
    }

    /// What prints a section of the dump as a script.
    pub(super) fn script(&self, manifest: &Manifest, directory: &Path, section: &str) -> Command {
        let mut command = Command::new(&self.restore);
        command.kill_on_drop(true).stdin(Stdio::null());
        command
            .args(["--no-owner", "--no-privileges", "--exit-on-error"])
            .arg(format!("--section={section}"))
            .arg(format!(
                "--schema={}",
                manifest.schema.as_deref().unwrap_or("public")
            ))
            .arg("--file=-")
            .arg(directory.join(FILE));
        command
    }
}

/// A program that finds the database in its environment: what stands on a command line, everybody
/// on the machine can read.
fn command(program: &Path, pool: &PgPool) -> Command {
    let options = pool.connect_options();
    let url = options.to_url_lossy();
    let mut command = Command::new(program);
    command.kill_on_drop(true).stdin(Stdio::null());
    let socket = options.get_socket().map(|path| path.display().to_string());
    command
        .env(
            "PGHOST",
            socket.unwrap_or_else(|| options.get_host().to_owned()),
        )
        .env("PGPORT", options.get_port().to_string())
        .env("PGUSER", options.get_username());
    if let Some(name) = options.get_database() {
        command.env("PGDATABASE", name);
    }
    if let Some(password) = url.password() {
        let password = percent_decode_str(password)
            .decode_utf8_lossy()
            .into_owned();
        command.env("PGPASSWORD", password);
    }
    for (key, value) in url.query_pairs() {
        let name = match key.as_ref() {
            "sslmode" => "PGSSLMODE",
            "sslrootcert" => "PGSSLROOTCERT",
            "sslcert" => "PGSSLCERT",
            "sslkey" => "PGSSLKEY",
            _ => continue,
        };
        command.env(name, value.as_ref());
    }
    command
}

/// The schema as a pattern of names that means itself.
fn pattern(manifest: &Manifest) -> String {
    let name = quoted(manifest.schema.as_deref().unwrap_or("public"));
    if name.starts_with('"') {
        name
    } else {
        format!("\"{name}\"")
    }
}

async fn run(mut command: Command) -> Result<(), Error> {
    let program = command.as_std().get_program().to_owned();
    let done = command.output().await;
    let done = done.map_err(|source| Error::file(Path::new(&program), source))?;
    check(Path::new(&program), done.status, &done.stderr)
}

/// Whether a program came to its end, and what it `said` where not.
pub(super) fn check(program: &Path, status: ExitStatus, said: &[u8]) -> Result<(), Error> {
    if status.success() {
        return Ok(());
    }
    Err(Error::Backup(format!(
        "{}: {}",
        program.display(),
        String::from_utf8_lossy(said).trim()
    )))
}
