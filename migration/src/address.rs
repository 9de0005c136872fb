//! Where a database is. What a message says of it holds no password, whatever was given.

use std::time::Duration;

use sea_orm_migration::sea_orm::sqlx::ConnectOptions as _;
use sea_orm_migration::sea_orm::sqlx::postgres::PgConnectOptions;
use sea_orm_migration::sea_orm::sqlx::sqlite::SqliteConnectOptions;
use sea_orm_migration::sea_orm::{ConnectOptions, Database, DatabaseConnection};

use crate::error::Error;

/// How long a server is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// What may stand before an address, and is no secret.
const SCHEMES: &[&str] = &[
    "file",
    "mariadb",
    "mongodb",
    "mysql",
    "postgres",
    "postgresql",
    "sqlite",
];

/// As much of an address as may be told before it is understood: where its password stands is not
/// known, nor whether it is an address at all. A name or a path without a sign of one is told whole.
pub(crate) fn masked(address: &str) -> String {
    let plain = |one: char| one.is_ascii_alphanumeric() || matches!(one, '+' | '-' | '.');
    let front = match address.split_once("://") {
        Some((scheme, _)) if scheme.chars().all(plain) => Some(scheme),
        _ => None,
    };
    let known = || {
        let (scheme, _) = address.split_once(':')?;
        SCHEMES.contains(&scheme).then_some(scheme)
    };
    match front.or_else(known) {
        Some(scheme) => format!("{scheme}:…"),
        None if is_path(address) => address.to_owned(),
        None => "…".to_owned(),
    }
}

/// Whether it is a name or a path, and nobody's name, password and place.
fn is_path(address: &str) -> bool {
    // A drive has one letter.
    let rest = match address.split_once(':') {
        Some((drive, rest)) if drive.len() == 1 && rest.starts_with(['\\', '/']) => rest,
        _ => address,
    };
    !rest.contains([':', '@', '='])
}

/// Connect as `options` say.
#[expect(
    clippy::disallowed_methods,
    reason = "a migration has a connection of its own"
)]
pub(crate) async fn open(options: ConnectOptions) -> Result<DatabaseConnection, Error> {
    let address = options.get_url().to_owned();
    let wrong = |said: String| Error::Address {
        address: masked(&address),
        said,
    };
    if address.starts_with("sqlite:") {
        let file = address.parse::<SqliteConnectOptions>();
        let file = file.map_err(|error| wrong(error.to_string()))?;
        let opened = Database::connect(options).await;
        return opened.map_err(|source| Error::Unopened {
            path: file.get_filename().display().to_string(),
            source,
        });
    }
    if !address.starts_with("postgres://") && !address.starts_with("postgresql://") {
        let said = "it begins neither with postgres:// nor with sqlite:".to_owned();
        return Err(wrong(said));
    }
    let server = address.parse::<PgConnectOptions>();
    let server = server.map_err(|error| wrong(error.to_string()))?;
    match tokio::time::timeout(PATIENCE, Database::connect(options)).await {
        Ok(Ok(db)) => Ok(db),
        // A pool tries again and again, and says in the end that its time is up: not why.
        Ok(Err(_)) | Err(_) => Err(unreachable(server).await),
    }
}

/// Why a server cannot be reached.
async fn unreachable(server: PgConnectOptions) -> Error {
    let said = match tokio::time::timeout(PATIENCE, server.connect()).await {
        Ok(Ok(_)) => "it answers by now: try again".to_owned(),
        Ok(Err(error)) => error.to_string(),
        Err(_) => "it does not answer".to_owned(),
    };
    Error::Unreachable {
        server: format!("{}:{}", server.get_host(), server.get_port()),
        said,
    }
}

#[cfg(test)]
mod tests {
    use super::masked;

    #[test]
    fn what_may_hold_a_password_is_not_told() {
        for (address, told) in [
            ("postgres://me:hunter2@localhost/db", "postgres:…"),
            ("postgres:me:hunter2@localhost/db", "postgres:…"),
            ("sqlite:/tmp/a.db?key=hunter2", "sqlite:…"),
            ("me:hunter2@localhost/db", "…"),
            ("me:hunter2@://localhost", "…"),
            ("hunter2@localhost", "…"),
            ("host=localhost password=hunter2", "…"),
            ("hunter2:", "…"),
            ("entites", "entites"),
            ("../a b/schema.sql", "../a b/schema.sql"),
            ("C:\\a\\schema.sql", "C:\\a\\schema.sql"),
            ("", ""),
        ] {
            assert_eq!(masked(address), told, "{address}");
        }
    }
}
