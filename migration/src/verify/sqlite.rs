//! Scratch databases of `SQLite`: in memory, or a copy in a file.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use sea_orm_migration::sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbErr,
};

static NEXT: AtomicU32 = AtomicU32::new(0);

pub(super) async fn memory() -> Result<DatabaseConnection, DbErr> {
    connect("sqlite::memory:".to_owned()).await
}

/// A copy of all that is there, as one moment had it.
pub(super) async fn copy(db: &DatabaseConnection) -> Result<(DatabaseConnection, PathBuf), DbErr> {
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let name = format!("chancery_verify_{}_{number}.db", std::process::id());
    let file = std::env::temp_dir().join(name);
    // One that an earlier process of this number left.
    drop(std::fs::remove_file(&file));
    let path = file.display().to_string();
    db.execute_unprepared(&format!("VACUUM INTO '{}'", path.replace('\'', "''")))
        .await?;
    let copy = connect(format!("sqlite://{path}?mode=rw")).await?;
    Ok((copy, file))
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
