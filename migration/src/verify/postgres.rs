//! Scratch databases of `PostgreSQL`: one beside the user's, or a schema in it where nobody may make
//! databases. Rows are copied with the keys and triggers off.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use sea_orm_migration::sea_orm::sqlx::{
    self,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use sea_orm_migration::sea_orm::{
    ConnectionTrait, DatabaseConnection, DbBackend, DbErr, RuntimeErr, SqlxPostgresConnector,
    Statement,
};

use crate::rows::parents_first;
use crate::schema::{BOOKKEEPING, Filling, LiveSchema, quoted};

static NEXT: AtomicU32 = AtomicU32::new(0);

/// What a run that was killed left, and nobody is connected to.
const STALE: &str = "SELECT datname::text FROM pg_database d
    WHERE datname ~ '^chancery_verify_[0-9]+_[0-9]+$'
      AND pg_get_userbyid(datdba) = current_user
      AND NOT EXISTS (SELECT 1 FROM pg_stat_activity a WHERE a.datname = d.datname)
      AND (pg_stat_file('base/' || oid || '/PG_VERSION', true)).modification < now() - interval '1 hour'";

/// A scratch database, and what takes it away again.
pub(super) async fn make(db: &DatabaseConnection) -> Result<(DatabaseConnection, String), DbErr> {
    if let Ok(made) = database(db).await {
        return Ok(made);
    }
    let name = name();
    db.execute_unprepared(&format!("CREATE SCHEMA {name}"))
        .await?;
    // Nothing but the scratch schema is to be seen, so nothing else can be hit.
    let here = db.get_postgres_connection_pool().connect_options();
    let there = (*here).clone().options([("search_path", name.as_str())]);
    connected(db, there, format!("DROP SCHEMA {name} CASCADE")).await
}

/// The same, where the role may make databases.
pub(crate) async fn database(
    db: &DatabaseConnection,
) -> Result<(DatabaseConnection, String), DbErr> {
    sweep(db).await;
    let name = name();
    db.execute_unprepared(&format!("CREATE DATABASE {name}"))
        .await?;
    let here = db.get_postgres_connection_pool().connect_options();
    let there = (*here).clone().database(&name);
    connected(db, there, format!("DROP DATABASE {name} WITH (FORCE)")).await
}

fn name() -> String {
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    format!("chancery_verify_{}_{number}", std::process::id())
}

async fn connected(
    db: &DatabaseConnection,
    there: PgConnectOptions,
    drop: String,
) -> Result<(DatabaseConnection, String), DbErr> {
    let connected = PgPoolOptions::new()
        .max_connections(2)
        // As `crate::unwatched` has it.
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_with(there)
        .await;
    match connected {
        Ok(pool) => Ok((SqlxPostgresConnector::from_sqlx_postgres_pool(pool), drop)),
        Err(error) => {
            db.execute_unprepared(&drop).await?;
            Err(connection(error))
        }
    }
}

fn connection(error: sqlx::Error) -> DbErr {
    DbErr::Conn(RuntimeErr::SqlxError(Arc::new(error)))
}

/// Take what was made away.
pub(crate) async fn take_away(db: &DatabaseConnection, drop: &str) -> Result<(), DbErr> {
    db.execute_unprepared(drop).await.map(std::mem::drop)
}

/// Who may not look has nothing to sweep.
async fn sweep(db: &DatabaseConnection) {
    let ask = Statement::from_string(DbBackend::Postgres, STALE);
    for row in db.query_all_raw(ask).await.unwrap_or_default() {
        if let Ok(name) = row.try_get_by_index::<String>(0) {
            drop(
                db.execute_unprepared(&format!("DROP DATABASE {name}"))
                    .await,
            );
        }
    }
}

/// What keeps rows from being copied in any order is taken off, and what puts it on again is told.
pub(super) async fn unguard(
    db: &DatabaseConnection,
    schema: &LiveSchema,
) -> Result<Vec<String>, DbErr> {
    let mut back = Vec::new();
    for (name, table) in &schema.tables {
        let on = quoted(name);
        for (key, text) in &table.constraints {
            if text.starts_with("FOREIGN KEY") {
                let key = quoted(key);
                db.execute_unprepared(&format!("ALTER TABLE {on} DROP CONSTRAINT {key}"))
                    .await?;
                back.push(format!("ALTER TABLE {on} ADD CONSTRAINT {key} {text}"));
            }
        }
        for (trigger, text) in &table.triggers {
            if text.starts_with("CREATE TRIGGER") && !text.contains(" ENABLED ") {
                let trigger = quoted(trigger);
                db.execute_unprepared(&format!("ALTER TABLE {on} DISABLE TRIGGER {trigger}"))
                    .await?;
                back.push(format!("ALTER TABLE {on} ENABLE TRIGGER {trigger}"));
            }
        }
    }
    Ok(back)
}

/// The tables to copy, and each one's columns that take a value.
pub(super) fn copied(from: &LiveSchema, to: &LiveSchema) -> Vec<(String, Vec<String>)> {
    let names = parents_first(to).into_iter();
    let names = names.filter(|name| !BOOKKEEPING.contains(&name.as_str()));
    names
        .filter_map(|name| {
            let (old, new) = (from.tables.get(&name)?, to.tables.get(&name)?);
            let takes = new.columns.iter().filter(|one| {
                !matches!(one.filling, Some(Filling::Generated(_)))
                    && old.columns.iter().any(|other| other.name == one.name)
            });
            Some((name, takes.map(|one| one.name.clone()).collect()))
        })
        .collect()
}

/// The head of a statement that puts rows in.
pub(super) fn insert(table: &str, columns: &[String]) -> String {
    let columns: Vec<String> = columns.iter().map(|name| quoted(name)).collect();
    format!(
        "INSERT INTO {} ({}) OVERRIDING SYSTEM VALUE VALUES ",
        quoted(table),
        columns.join(", ")
    )
}
