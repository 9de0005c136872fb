//! Where a database is. What a message says of it holds no password, whatever was given.

use std::time::Duration;

use sea_orm_migration::sea_orm::sqlx::ConnectOptions as _;
use sea_orm_migration::sea_orm::sqlx::postgres::PgConnectOptions;
use sea_orm_migration::sea_orm::sqlx::sqlite::SqliteConnectOptions;
use sea_orm_migration::sea_orm::{ConnectOptions, Database, DatabaseConnection};

use crate::error::Error;

/// How long a server is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// As much of an address as may be told before it is understood: where its password stands is not
/// known.
pub(crate) fn masked(address: &str) -> String {
    match address.split_once("://") {
        Some((scheme, _)) => format!("{scheme}:…"),
        None => address.to_owned(),
    }
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
