//! Backups that are known to come back: what is written is restored somewhere else at once, and
//! compared table by table.
//!
//! A backup is a directory of its own: a manifest, and what one engine or the other needs. It is
//! written under another name and renamed when it is whole, so that half of one is never taken for
//! one. Nobody but its owner can read it.

pub(crate) mod manifest;
mod postgres;
mod sqlite;
mod tools;

use std::path::{Path, PathBuf};
use std::time::Duration;

use sea_orm_migration::SchemaManager;
use sea_orm_migration::sea_orm::{DatabaseConnection, DatabaseExecutor};

pub(crate) use manifest::{Manifest, Method};

use crate::engine::Engine;
use crate::error::Error;
use crate::history::{self, Writer};
use crate::private;
use crate::runner::Progress;
use crate::schema::LiveSchema;
use crate::transient::Directory;

/// How a backup is made.
#[derive(Clone, Debug, Default)]
pub(crate) struct Making {
    /// The directory that backups lie in.
    pub(crate) directory: PathBuf,
    /// How, where somebody says so.
    pub(crate) method: Option<Method>,
    /// Where `pg_dump` and `pg_restore` are, where they are not on the path.
    pub(crate) tools: Option<PathBuf>,
    /// Whether it is left unproven.
    pub(crate) untested: bool,
}

/// Who hears how it goes.
pub(crate) type Told<'t> = &'t (dyn Fn(Progress<'_>) + Send + Sync);

/// Back up the database behind `db`, whose lock is held, prove the backup, and put its id into the history.
pub(crate) async fn make(
    db: &DatabaseConnection,
    held: DatabaseExecutor<'_>,
    making: &Making,
    writer: &Writer,
    told: Told<'_>,
) -> Result<(Manifest, PathBuf), Error> {
    let id = manifest::fresh_id();
    let place = &making.directory;
    let whole = place.join(&id);
    private::directory(place).map_err(|source| Error::file(place, source))?;
    sweep(place);
    let partial = place.join(format!(".{id}.partial"));
    let failed = |source| Error::file(&partial, source);
    // What is half a backup is none, whatever ends it.
    let begun = Directory::new(partial.clone()).map_err(failed)?;
    let manifest = fill(db, &id, making, begun.path(), told).await?;
    manifest.write(begun.path())?;
    // No loss of power takes what is told to be there.
    private::sync(begun.path()).map_err(failed)?;
    begun
        .keep_as(&whole)
        .map_err(|source| Error::file(&whole, source))?;
    let kept = match private::sync_names(place) {
        Ok(()) => note(held, &manifest.id, "backup", &whole, writer).await,
        Err(source) => Err(Error::file(&whole, source)),
    };
    if let Err(error) = kept {
        discard(&whole);
        return Err(error);
    }
    Ok((manifest, whole))
}

/// Take away what ends with an error: whoever hears of one has no backup.
pub(crate) fn discard(whole: &Path) {
    let _ = std::fs::remove_dir_all(whole);
}

/// Take away the halves that runs left which were killed.
fn sweep(place: &Path) {
    let found = std::fs::read_dir(place).into_iter().flatten().flatten();
    for entry in found {
        let name = entry.file_name();
        let id = name.to_str().and_then(|name| name.strip_prefix('.'));
        let id = id.and_then(|name| name.strip_suffix(".partial"));
        if id.is_some_and(manifest::is_long_ago) && !is_written(&entry.path()) {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

/// Whether somebody wrote into the directory within the last hour: there are backups that take a day.
fn is_written(directory: &Path) -> bool {
    let found = std::fs::read_dir(directory).into_iter().flatten().flatten();
    let ages = found.filter_map(|entry| entry.metadata().ok()?.modified().ok()?.elapsed().ok());
    ages.min().is_some_and(|age| age < Duration::from_hours(1))
}

async fn fill(
    db: &DatabaseConnection,
    id: &str,
    making: &Making,
    partial: &Path,
    told: Told<'_>,
) -> Result<Manifest, Error> {
    let mut manifest = Manifest::begun(id, Engine::of(db)?);
    manifest.steps = history::status(db).await?.applied;
    match manifest.engine {
        Engine::Sqlite => Box::pin(sqlite::make(db, making, partial, &mut manifest)).await?,
        Engine::Postgres => {
            Box::pin(postgres::make(db, making, partial, &mut manifest, told)).await?;
        }
    }
    manifest.tested = !making.untested;
    manifest.list_files(partial)?;
    Ok(manifest)
}

/// Bring the backup in `directory` back into the empty database behind `db`, and compare it with what
/// it was.
pub(crate) async fn restore(
    db: &DatabaseConnection,
    directory: &Path,
    tools: Option<&Path>,
    writer: &Writer,
    told: Told<'_>,
) -> Result<Manifest, Error> {
    let manifest = Manifest::read(directory)?;
    let engine = Engine::of(db)?;
    if manifest.engine != engine {
        return Err(Error::Backup(format!(
            "{} is a backup of {}, and the database is {}",
            manifest.id,
            manifest.engine.name(),
            engine.name()
        )));
    }
    manifest.check_files(directory)?;
    let there = LiveSchema::read(db).await?;
    let sequences = there.sequences.keys();
    let types = there.enums.keys().chain(there.types.keys());
    let others = there.functions.keys().chain(there.others.keys());
    let names = there.tables.keys().chain(there.views.keys());
    if let Some(name) = names.chain(sequences).chain(types).chain(others).next() {
        return Err(Error::Backup(format!(
            "the database is not empty (it has {name}): restore into one that is, then point the \
             program there"
        )));
    }
    match engine {
        Engine::Sqlite => Box::pin(sqlite::restore(db, directory, &manifest, writer)).await?,
        Engine::Postgres => {
            Box::pin(postgres::restore(db, directory, tools, &manifest, told)).await?;
            note(db.into(), &manifest.id, "restore", directory, writer).await?;
        }
    }
    Ok(manifest)
}

/// Put down in the history that a backup was made or brought back. A database without a history has
/// none to be put into.
async fn note(
    db: DatabaseExecutor<'_>,
    id: &str,
    action: &str,
    directory: &Path,
    writer: &Writer,
) -> Result<(), Error> {
    let manager = SchemaManager::new(db);
    if manager.has_table("chancery_migration_log").await? {
        let place = Some(directory.display().to_string());
        let db = manager.get_connection();
        writer.log(db, id, action, place).await?;
    }
    Ok(())
}

/// What a backup is compared by: a schema's fingerprint, whoever owns what.
fn fingerprint(mut schema: LiveSchema) -> String {
    schema.owners.clear();
    schema.fingerprint()
}
