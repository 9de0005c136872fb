//! `backup`: a copy of the database that is known to come back.

use std::path::{Path, PathBuf};

use sea_orm_migration::sea_orm::DatabaseConnection;
use serde_json::{Value, json};

use super::Answer;
use super::answer::counted;
use crate::Way;
use crate::backup::{Making, Manifest, Method, discard, make};
use crate::error::Error;

/// Where to, and how.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// The directory that backups lie in; this one gets a directory of its own in it.
    directory: PathBuf,
    #[command(flatten)]
    how: How,
}

/// How a backup is made.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct How {
    /// How: by itself `pg-dump` where there is one that knows the server, else `copy`; `vacuum` on
    /// `SQLite`.
    #[arg(long = "method", value_enum)]
    method: Option<Method>,
    /// Where `pg_dump` and `pg_restore` are, if not on the path.
    #[arg(long, value_name = "DIRECTORY")]
    pg_tools: Option<PathBuf>,
    /// Do not restore it to prove it.
    #[arg(long = "no-verify")]
    no_verify: bool,
}

impl How {
    pub(super) fn making(&self, directory: &Path) -> Making {
        Making {
            directory: directory.to_owned(),
            method: self.method,
            tools: self.pg_tools.clone(),
            untested: self.no_verify,
        }
    }
}

pub(super) async fn run(args: &Args, db: &DatabaseConnection, way: &Way) -> Result<Answer, Error> {
    let making = args.how.making(&args.directory);
    // No step moves the schema meanwhile; on SQLite, nobody writes.
    let lock = way.lock(db).await?;
    let made = make(db, lock.db(), &making, &way.writer, &*way.told);
    let (manifest, path) = Box::pin(made).await?;
    if let Err(error) = lock.release().await {
        discard(&path);
        return Err(error);
    }
    let (lines, json) = told(&manifest, &path);
    Ok(Answer {
        code: 0,
        lines,
        json,
    })
}

/// What there is to say of a backup, as lines and as an object.
pub(super) fn told(manifest: &Manifest, path: &Path) -> (Vec<String>, Value) {
    let proven = if manifest.tested {
        "restored and compared"
    } else {
        "not tried"
    };
    let mut lines = vec![format!(
        "{}: {}, {}, {proven}",
        path.display(),
        counted(manifest.tables.len(), "table"),
        counted(manifest.rows(), "row")
    )];
    lines.extend(manifest.notes.iter().cloned());
    let json = json!({
        "id": manifest.id,
        "path": path,
        "method": manifest.method,
        "tested": manifest.tested,
        "tables": manifest.tables,
        "notes": manifest.notes,
    });
    (lines, json)
}
