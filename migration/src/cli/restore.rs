//! `restore`: a backup into an empty database.

use std::path::PathBuf;

use sea_orm_migration::sea_orm::DatabaseConnection;
use serde_json::json;

use super::Answer;
use super::answer::counted;
use crate::Way;
use crate::backup::restore;
use crate::engine::Engine;
use crate::error::Error;

/// Which.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// The backup's directory, the one with `manifest.json`.
    backup: PathBuf,
    /// Where `pg_restore` is, if not on the path.
    #[arg(long, value_name = "DIRECTORY")]
    pg_tools: Option<PathBuf>,
}

pub(super) async fn run(args: &Args, db: &DatabaseConnection, way: &Way) -> Result<Answer, Error> {
    // A file of SQLite is put in its place whole, and the lock is a transaction in the empty one.
    let lock = match Engine::of(db)? {
        Engine::Sqlite => None,
        Engine::Postgres => Some(way.lock(db).await?),
    };
    let tools = args.pg_tools.as_deref();
    let restored = restore(db, &args.backup, tools, &way.writer, &*way.told);
    let manifest = Box::pin(restored).await?;
    if let Some(lock) = lock {
        lock.release().await?;
    }
    let mut lines = vec![format!(
        "restored {}: {}, {}, as they were",
        manifest.id,
        counted(manifest.tables.len(), "table"),
        counted(manifest.rows(), "row")
    )];
    if !manifest.is_summed {
        lines.push(
            "warning: an older program made this backup, whose manifest has no checksum: whether somebody \
             changed it is not known"
                .to_owned(),
        );
    }
    Ok(Answer {
        code: 0,
        lines,
        json: json!({
            "id": manifest.id,
            "tables": manifest.tables,
            "steps": manifest.steps,
            "manifest_checked": manifest.is_summed,
        }),
    })
}
