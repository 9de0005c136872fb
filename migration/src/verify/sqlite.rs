//! Scratch databases of `SQLite`: in memory, or a copy in a file.

use sea_orm_migration::sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbErr,
};

use crate::error::Error;
use crate::private;
use crate::schema::literal;
use crate::transient::Directory;

pub(super) async fn memory() -> Result<DatabaseConnection, DbErr> {
    connect("sqlite::memory:".to_owned()).await
}

/// A copy of all that is there, as one moment had it, where nobody else reads it.
pub(super) async fn copy(
    db: &DatabaseConnection,
) -> Result<(DatabaseConnection, Directory), Error> {
    let directory = Directory::temporary("verify");
    let directory = directory.map_err(|source| Error::file(&std::env::temp_dir(), source))?;
    let file = directory.path().join("copy.db");
    // It takes an empty file as it is, with its mode.
    private::file(&file).map_err(|source| Error::file(&file, source))?;
    let path = file.display().to_string();
    db.execute_unprepared(&format!("VACUUM INTO {}", literal(&path)))
        .await?;
    let copy = connect(format!("sqlite://{path}?mode=rw")).await?;
    Ok((copy, directory))
}

/// One connection: a database in memory is each connection's own.
#[expect(
    clippy::disallowed_methods,
    reason = "a scratch database, for this alone"
)]
async fn connect(url: String) -> Result<DatabaseConnection, DbErr> {
    let mut options = ConnectOptions::new(url);
    options.max_connections(1).sqlx_logging(false);
    crate::unwatched(&mut options);
    options.map_sqlx_sqlite_opts(|options| {
        options
            .foreign_keys(false)
            .pragma("legacy_alter_table", "ON")
            .pragma("synchronous", "OFF")
    });
    Database::connect(options).await
}
