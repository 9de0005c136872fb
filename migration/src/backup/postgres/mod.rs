//! One snapshot of a schema: by `pg_dump` where there is one, else as two scripts of the schema and
//! `COPY` of each table between them.

mod beyond;
mod counters;
mod dumped;
mod proof;

use std::fmt::Write as _;
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::Path;

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use futures::TryStreamExt as _;
use sea_orm_migration::sea_orm::sqlx::postgres::{PgPool, PgPoolCopyExt as _, PgPoolOptions};
use sea_orm_migration::sea_orm::sqlx::{self, AssertSqlSafe};
use sea_orm_migration::sea_orm::{ConnectionTrait, DatabaseConnection, SqlxPostgresConnector};

use self::proof::Proof;
use super::manifest::{Manifest, Method, Sum, Sums};
use super::tools::{self, Tools};
use super::{Making, Told, fingerprint};
use crate::engine::Engine;
use crate::error::Error;
use crate::private;
use crate::rows::check_seen;
use crate::runner::Progress;
use crate::schema::change::{self, Options};
use crate::schema::{Column, Filling, LiveSchema, quoted};

/// What makes the tables, before they have rows.
const BEFORE: &str = "schema-1-tables.sql";
/// What comes once they have: keys between them, indexes, triggers, views, where sequences stand.
const AFTER: &str = "schema-3-rest.sql";

/// Values are written and summed in the same spelling, whatever the role's settings, and what a policy
/// hides is an error.
const SPELLING: &str =
    "SET datestyle = 'ISO, YMD'; SET timezone = 'UTC'; SET extra_float_digits = 1;
    SET bytea_output = 'hex'; SET intervalstyle = 'postgres'; SET statement_timeout = 0;
    SET lock_timeout = 0; SET idle_in_transaction_session_timeout = 0; SET row_security = off";

const SNAPSHOT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// A schema of its own for a restore that is rolled back. No other live session has this number.
const SCRATCH: &str = "DO $$ BEGIN
    EXECUTE 'CREATE SCHEMA chancery_restore_' || pg_backend_pid();
    PERFORM set_config('search_path', 'chancery_restore_' || pg_backend_pid(), true);
END $$";

/// A single session, to be spoken to in both ways: as `SeaORM` does, and by `COPY`.
struct Session {
    pool: PgPool,
    db: DatabaseConnection,
}

impl Session {
    async fn open(like: &PgPool) -> Result<Self, Error> {
        let options = PgPoolOptions::new()
            .max_connections(1)
            .max_lifetime(None)
            .idle_timeout(None)
            .test_before_acquire(false);
        let pool = options
            .connect_with(like.connect_options().as_ref().clone())
            .await
            .map_err(Error::query)?;
        let db = SqlxPostgresConnector::from_sqlx_postgres_pool(pool.clone());
        db.execute_unprepared(SPELLING).await?;
        Ok(Self { pool, db })
    }

    async fn run(&self, sql: &str) -> Result<(), Error> {
        self.db.execute_unprepared(sql).await?;
        Ok(())
    }

    async fn text(&self, sql: &'static str) -> Result<String, Error> {
        let found = sqlx::query_scalar(sql).fetch_one(&self.pool).await;
        found.map_err(Error::query)
    }
}

pub(super) async fn make(
    db: &DatabaseConnection,
    making: &Making,
    directory: &Path,
    manifest: &mut Manifest,
    told: Told<'_>,
) -> Result<(), Error> {
    let like = db.get_postgres_connection_pool();
    let session = Session::open(like).await?;
    let server: i32 = session
        .text("SHOW server_version_num")
        .await?
        .parse()
        .unwrap_or_default();
    let tools = tools(making, &session, server, manifest).await?;
    session.run(SNAPSHOT).await?;
    check_seen(&session.db, |_| true).await?;
    if tools.is_none() {
        beyond::check(&session.db).await?;
    }
    let proof = Proof::of(making, &session, tools.as_ref()).await?;
    manifest.notes.extend(beyond::left_out(&session.db).await?);
    let schema = LiveSchema::read(&session.db).await?;
    manifest.schema = Some(session.text("SELECT current_schema()::text").await?);
    manifest.extensions = schema.extensions.iter().cloned().collect();
    manifest.tables = sums(&session, &schema).await?;
    if let Some(tools) = &tools {
        manifest.method = Method::PgDump;
        let snapshot = session.text("SELECT pg_export_snapshot()").await?;
        tools.dump(like, &snapshot, manifest, directory).await?;
    } else {
        copy_out(&session, &schema, directory, manifest, told).await?;
    }
    session.run("ROLLBACK").await?;
    manifest.fingerprint = fingerprint(schema);
    proof
        .run(&session, tools.as_ref(), directory, manifest, told)
        .await?;
    session.pool.close().await;
    Ok(())
}

/// `pg_dump` where it is wanted or there is one; the manifest says why there is none.
async fn tools(
    making: &Making,
    session: &Session,
    server: i32,
    manifest: &mut Manifest,
) -> Result<Option<Tools>, Error> {
    let find = || Tools::find(making.tools.as_deref(), server);
    let why = match making.method {
        Some(Method::Vacuum) => {
            return Err(Error::Option(
                "a database of PostgreSQL is backed up by `pg-dump` or `copy`".to_owned(),
            ));
        }
        Some(Method::PgDump) => return find().map(Some),
        Some(Method::Copy) => return Ok(None),
        None if !making.untested && session.text(tools::MAY_CREATE).await? != "true" => {
            "this role may not make the database in which a dump is proven".to_owned()
        }
        None => match find() {
            Ok(tools) => return Ok(Some(tools)),
            Err(error) => error.to_string(),
        },
    };
    manifest.notes.push(format!(
        "by `copy` and not by `pg_dump`, since {why}; --method copy says that this is wanted"
    ));
    Ok(None)
}

pub(super) async fn restore(
    db: &DatabaseConnection,
    directory: &Path,
    tools: Option<&Path>,
    manifest: &Manifest,
    told: Told<'_>,
) -> Result<(), Error> {
    let like = db.get_postgres_connection_pool();
    let session = Session::open(like).await?;
    if manifest.method == Method::PgDump {
        let server = session.text("SHOW server_version_num").await?;
        let tools = Tools::find(tools, server.parse().unwrap_or_default())?;
        let schema = session.text("SELECT current_schema()::text").await?;
        if manifest.schema.as_ref() != Some(&schema) {
            return Err(Error::Backup(format!(
                "{} is of the schema {:?}, and the connection works in {schema:?}: `pg_restore` \
                 moves none to another",
                manifest.id,
                manifest.schema.as_deref().unwrap_or_default()
            )));
        }
        Box::pin(dumped::bring_back(&session, &tools, directory, manifest)).await?;
    } else {
        Box::pin(bring_back(&session, false, directory, manifest, told)).await?;
    }
    session.pool.close().await;
    Ok(())
}

async fn make_extensions(session: &Session, manifest: &Manifest) -> Result<(), Error> {
    for name in &manifest.extensions {
        let make = format!("CREATE EXTENSION IF NOT EXISTS {}", quoted(name));
        session.run(&make).await?;
    }
    Ok(())
}

/// Restore the scripts and tables in one transaction and compare; `only_try` it in a schema of its
/// own, and keep nothing.
async fn bring_back(
    session: &Session,
    only_try: bool,
    directory: &Path,
    manifest: &Manifest,
    told: Told<'_>,
) -> Result<(), Error> {
    session.run("BEGIN").await?;
    if only_try {
        session.run(SCRATCH).await?;
    } else {
        make_extensions(session, manifest).await?;
    }
    let done = async {
        session.run(&read(&directory.join(BEFORE))?).await?;
        let schema = LiveSchema::read(&session.db).await?;
        let all = manifest.tables.len();
        for (at, (name, sum)) in manifest.tables.iter().enumerate() {
            told(Progress::Begins(name, at + 1, all));
            if let (Some(table), true) = (schema.tables.get(name), sum.rows > 0) {
                let path = directory.join(manifest.copy_of(name));
                copy_in(session, name, &table.columns, &path).await?;
            }
            told(Progress::Done(name));
        }
        session.run(&read(&directory.join(AFTER))?).await?;
        let live = LiveSchema::read(&session.db).await?;
        let sums = sums(session, &live).await?;
        manifest.compare(&fingerprint(live), &sums)?;
        manifest.compare_counters(&counters::read(&session.pool).await?)
    };
    let done = Box::pin(done).await;
    let keep = done.is_ok() && !only_try;
    let ended = session.run(if keep { "COMMIT" } else { "ROLLBACK" }).await;
    done?;
    ended
}

async fn copy_out(
    session: &Session,
    schema: &LiveSchema,
    directory: &Path,
    manifest: &mut Manifest,
    told: Told<'_>,
) -> Result<(), Error> {
    let (before, mut after) = scripts(schema);
    for attach in beyond::attached(&session.db).await? {
        let _ = writeln!(after, "{attach};");
    }
    manifest.counters = counters::read(&session.pool).await?;
    after.push_str(&counters::script(&manifest.counters));
    write(&directory.join(BEFORE), &before)?;
    write(&directory.join(AFTER), &after)?;
    let all = schema.tables.len();
    for (at, (name, table)) in schema.tables.iter().enumerate() {
        told(Progress::Begins(name, at + 1, all));
        let path = directory.join(manifest.number(name));
        let failed = |source| Error::file(&path, source);
        let kept = private::file(&path).map_err(failed)?;
        let mut kept = GzEncoder::new(kept, Compression::fast());
        let columns = columns(&table.columns);
        let copy = format!(
            "COPY (SELECT {columns} FROM ONLY {}) TO STDOUT",
            quoted(name)
        );
        let mut rows = session
            .pool
            .copy_out_raw(&copy)
            .await
            .map_err(Error::query)?;
        while let Some(bytes) = rows.try_next().await.map_err(Error::query)? {
            kept.write_all(&bytes).map_err(failed)?;
        }
        drop(rows);
        kept.finish().map_err(failed)?;
        told(Progress::Done(name));
    }
    Ok(())
}

async fn copy_in(session: &Session, name: &str, all: &[Column], path: &Path) -> Result<(), Error> {
    let failed = |source| Error::file(path, source);
    let kept = File::open(path).map_err(failed)?;
    let mut kept = GzDecoder::new(kept);
    // A row may have no columns, and a list has one at least.
    let list = match columns(all) {
        list if list.is_empty() => list,
        list => format!(" ({list})"),
    };
    let copy = format!("COPY {}{list} FROM STDIN", quoted(name));
    let mut into = session
        .pool
        .copy_in_raw(&copy)
        .await
        .map_err(Error::query)?;
    let mut buffer = vec![0; 1 << 16];
    loop {
        let read = kept.read(&mut buffer).map_err(failed)?;
        if read == 0 {
            break;
        }
        into.send(&buffer[..read]).await.map_err(Error::query)?;
    }
    into.finish().await.map_err(Error::query)?;
    Ok(())
}

/// The schema in two halves: what rows go into, and what comes after them.
fn scripts(schema: &LiveSchema) -> (String, String) {
    let mut whole = schema.clone();
    whole.owners.clear();
    whole.owner = None;
    whole.grants.clear();
    // The server has them, or is asked for them first.
    whole.extensions.clear();
    let mut bare = whole.clone();
    bare.views.clear();
    bare.comments.clear();
    for table in bare.tables.values_mut() {
        table
            .constraints
            // What was never looked at may be of rows that break it.
            .retain(|_, text| !text.starts_with("FOREIGN KEY") && !text.ends_with(" NOT VALID"));
        table.indexes.clear();
        table.triggers.clear();
        table.policies.clear();
        // Nor what is said of an index before there is one.
        table.options.retain(|one| {
            let is_late = ["REPLICA IDENTITY ", "CLUSTER ON "];
            !one.contains("ROW LEVEL SECURITY") && !is_late.iter().any(|head| one.starts_with(head))
        });
    }
    let nothing = LiveSchema::empty(Engine::Postgres);
    let script = |from, to| {
        let statements = change::statements(from, to, &Options::default());
        let statements = statements.iter().map(|one| format!("{};\n", one.sql));
        format!(
            "SET LOCAL check_function_bodies = off;\n{}",
            statements.collect::<String>()
        )
    };
    (script(&nothing, &bare), script(&bare, &whole))
}

/// What each table holds: the rows are hashed one by one and the numbers added, so that their order
/// says nothing.
async fn sums(session: &Session, schema: &LiveSchema) -> Result<Sums, Error> {
    let mut sums = Sums::new();
    for table in schema.tables.keys() {
        let all = format!(
            "SELECT count(*)::bigint, coalesce(sum(('x' || substr(md5(chancery_row::text), 1, \
             15))::bit(60)::bigint::numeric), 0)::text FROM ONLY {} chancery_row",
            quoted(table)
        );
        let (rows, sum) = sqlx::query_as(AssertSqlSafe(all))
            .fetch_one(&session.pool)
            .await
            .map_err(Error::query)?;
        sums.insert(table.clone(), Sum { rows, sum });
    }
    Ok(sums)
}

/// The columns that are not computed from others.
fn columns(all: &[Column]) -> String {
    let kept = all
        .iter()
        .filter(|one| !matches!(one.filling, Some(Filling::Generated(_))));
    let names: Vec<String> = kept.map(|one| quoted(&one.name)).collect();
    names.join(", ")
}

fn read(path: &Path) -> Result<String, Error> {
    std::fs::read_to_string(path).map_err(|source| Error::file(path, source))
}

fn write(path: &Path, text: &str) -> Result<(), Error> {
    private::write(path, text).map_err(|source| Error::file(path, source))
}
