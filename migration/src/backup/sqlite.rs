//! `VACUUM INTO`: a database file of one moment, without the gaps.

use std::fs::{File, TryLockError};
use std::path::Path;

use futures::TryStreamExt as _;
use sea_orm_migration::sea_orm::sqlx::sqlite::{
    SqliteConnectOptions, SqlitePool, SqlitePoolOptions,
};
use sea_orm_migration::sea_orm::sqlx::{self, AssertSqlSafe};
use sea_orm_migration::sea_orm::{DatabaseConnection, SqlxSqliteConnector};
use sha2::{Digest, Sha256};
use tracing::warn;

use super::manifest::{Manifest, Marks, Method, Sum, Sums};
use super::{Making, fingerprint, note};
use crate::error::Error;
use crate::history::Writer;
use crate::private;
use crate::schema::{LiveSchema, quoted};
use crate::transient::Directory;

const FILE: &str = "data.db";

const TABLES: &str = "SELECT name FROM pragma_table_list
    WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'";

/// A program's own marks, which stand in no table.
const MARKS: &str = "SELECT 'application_id', application_id FROM pragma_application_id
    UNION ALL SELECT 'user_version', user_version FROM pragma_user_version";

const COLUMNS: &str = "SELECT name FROM pragma_table_xinfo(?)";

pub(super) async fn make(
    db: &DatabaseConnection,
    making: &Making,
    directory: &Path,
    manifest: &mut Manifest,
) -> Result<(), Error> {
    if making.method.is_some_and(|method| method != Method::Vacuum) {
        return Err(Error::Option(
            "a database of SQLite is backed up by `vacuum` and nothing else".to_owned(),
        ));
    }
    let pool = db.get_sqlite_connection_pool();
    let source = pool.connect_options().get_filename().to_owned();
    if !source.exists() {
        return Err(Error::Backup(
            "there is no such file, or the database is in memory: there is nothing to back up"
                .to_owned(),
        ));
    }
    let copy = directory.join(FILE);
    vacuum_into(pool, &copy).await?;
    manifest.fingerprint = fingerprint(LiveSchema::read(db).await?);
    manifest.tables = sums(pool).await?;
    manifest.marks = marks(pool).await?;
    if !making.untested {
        prove(&copy, manifest).await?;
    }
    Ok(())
}

/// Bring it back beside the empty file first, and put it in its place once it is known to be whole.
pub(super) async fn restore(
    db: &DatabaseConnection,
    directory: &Path,
    manifest: &Manifest,
    writer: &Writer,
) -> Result<(), Error> {
    let pool = db.get_sqlite_connection_pool();
    let target = pool.connect_options().get_filename().to_owned();
    if !target.exists() {
        return Err(Error::Backup(
            "a database in memory would be gone at once: name a file".to_owned(),
        ));
    }
    // Whoever has this lock knows that what others left beside the file is of those that were killed.
    let _turn = turn(&target)?;
    sweep(&target);
    // Its journal lies beside it, and goes with the directory whatever ends it.
    let (head, tail) = around(&target);
    let place = target.with_file_name(format!("{head}{:016x}{tail}", private::number()));
    let place = Directory::new(place.clone()).map_err(|source| Error::file(&place, source))?;
    let aside = place.path().join(FILE);
    let source = open(&directory.join(FILE), true).await?;
    let copied = vacuum_into(&source, &aside).await;
    source.close().await;
    copied?;
    prove(&aside, manifest).await?;
    let restored = open(&aside, false).await?;
    let restored = SqlxSqliteConnector::from_sqlx_sqlite_pool(restored);
    let noted = note(
        (&restored).into(),
        &manifest.id,
        "restore",
        directory,
        writer,
    )
    .await;
    restored.close().await?;
    noted?;
    private::sync(&aside).map_err(|source| Error::file(&aside, source))?;
    // Nobody has the old file open when the new one takes its name.
    pool.close().await;
    let above = target.parent().filter(|path| *path != Path::new(""));
    std::fs::rename(&aside, &target)
        .and_then(|()| private::sync_names(above.unwrap_or(Path::new("."))))
        .map_err(|source| Error::file(&target, source))
}

/// The names of what is restored into a file, but for the number that stands between.
fn around(target: &Path) -> (String, &'static str) {
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    (format!(".{name}."), ".restoring")
}

/// A lock on the file that the engine knows nothing of: it is gone with the process, whatever ends that.
fn turn(target: &Path) -> Result<File, Error> {
    let failed = |source| Error::file(target, source);
    let file = File::open(target).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Error::Backup(format!(
            "{}: another restore into this file is under way: wait for its end",
            target.display()
        ))),
        Err(TryLockError::Error(source)) => Err(failed(source)),
    }
}

/// Take away what restores into the same file left that were killed.
fn sweep(target: &Path) {
    let (head, tail) = around(target);
    let is_left = |name: &str| {
        let number = name.strip_prefix(&head);
        let number = number.and_then(|rest| rest.strip_suffix(tail));
        number.is_some_and(|number| {
            number.len() == 16 && number.bytes().all(|digit| digit.is_ascii_hexdigit())
        })
    };
    let above = target.parent().filter(|path| *path != Path::new(""));
    let entries = std::fs::read_dir(above.unwrap_or(Path::new(".")));
    for entry in entries.into_iter().flatten().flatten() {
        if entry.file_name().to_str().is_some_and(is_left)
            && let Err(error) = std::fs::remove_dir_all(entry.path())
        {
            warn!(%error, path = %entry.path().display(), "what an earlier restore left could not be taken away");
        }
    }
}

async fn vacuum_into(pool: &SqlitePool, target: &Path) -> Result<(), Error> {
    // It takes an empty file as it is, with its mode.
    private::file(target).map_err(|source| Error::file(target, source))?;
    sqlx::query("VACUUM INTO ?")
        .bind(target.to_string_lossy().into_owned())
        .execute(pool)
        .await
        .map_err(Error::query)?;
    Ok(())
}

/// Look whether the file is whole and holds what the manifest says.
async fn prove(file: &Path, manifest: &Manifest) -> Result<(), Error> {
    let pool = open(file, true).await?;
    let proven = async {
        let found: String = sqlx::query_scalar("PRAGMA integrity_check(1)")
            .fetch_one(&pool)
            .await
            .map_err(Error::query)?;
        if found != "ok" {
            return Err(Error::Backup(format!("{}: {found}", file.display())));
        }
        let db = SqlxSqliteConnector::from_sqlx_sqlite_pool(pool.clone());
        let live = fingerprint(LiveSchema::read(&db).await?);
        manifest.compare(&live, &sums(&pool).await?)?;
        manifest.compare_marks(&marks(&pool).await?)
    };
    let proven = proven.await;
    pool.close().await;
    proven
}

async fn open(file: &Path, read_only: bool) -> Result<SqlitePool, Error> {
    let options = SqliteConnectOptions::new()
        .filename(file)
        .read_only(read_only)
        .foreign_keys(false);
    SqlitePoolOptions::new()
        .max_connections(1)
        .connect_with(options)
        .await
        .map_err(Error::query)
}

/// What the file says of itself.
async fn marks(pool: &SqlitePool) -> Result<Marks, Error> {
    let found: Vec<(String, i64)> = sqlx::query_as(MARKS)
        .fetch_all(pool)
        .await
        .map_err(Error::query)?;
    Ok(found.into_iter().collect())
}

/// What each table holds. The rows are hashed one by one and the numbers added, so that their order
/// says nothing.
async fn sums(pool: &SqlitePool) -> Result<Sums, Error> {
    let names: Vec<String> = sqlx::query_scalar(TABLES)
        .fetch_all(pool)
        .await
        .map_err(Error::query)?;
    let mut sums = Sums::new();
    for table in names {
        let columns: Vec<String> = sqlx::query_scalar(COLUMNS)
            .bind(&table)
            .fetch_all(pool)
            .await
            .map_err(Error::query)?;
        let values: Vec<String> = columns
            .iter()
            .map(|name| format!("quote({})", quoted(name)))
            .collect();
        let values = values.join(" || ',' || ");
        let all = format!("SELECT {values} FROM {}", quoted(&table));
        // A text is the bytes that somebody put there, and need not be UTF-8.
        let mut rows = sqlx::query_scalar::<_, Vec<u8>>(AssertSqlSafe(all)).fetch(pool);
        let (mut count, mut sum) = (0, 0_u128);
        while let Some(row) = rows.try_next().await.map_err(Error::query)? {
            count += 1;
            let digest = Sha256::digest(row);
            let mut first = [0; 16];
            first.copy_from_slice(&digest[..16]);
            sum = sum.wrapping_add(u128::from_be_bytes(first));
        }
        let sum = format!("{sum:032x}");
        sums.insert(table, Sum { rows: count, sum });
    }
    Ok(sums)
}
