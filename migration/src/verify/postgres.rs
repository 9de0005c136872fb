//! Scratch databases of `PostgreSQL`: one beside the user's, or a schema in it where nobody may make
//! databases. Rows are copied with the keys and triggers off.

use sea_orm_migration::sea_orm::sqlx::{self, postgres::PgPoolOptions};
use sea_orm_migration::sea_orm::{
    ConnectionTrait, DatabaseConnection, DbErr, SqlxPostgresConnector,
};

use crate::error::Error;
use crate::rows::parents_first;
use crate::schema::{BOOKKEEPING, Filling, LiveSchema, quoted};
use crate::transient::{Scratch, is_forbidden};

/// A scratch database: the named one gets a schema where the role may make no database, and for no
/// other reason.
pub(super) async fn make(db: &DatabaseConnection) -> Result<(DatabaseConnection, Scratch), Error> {
    let pool = db.get_postgres_connection_pool();
    let scratch = match Scratch::database(pool, "verify", None).await {
        Err(error) if is_forbidden(&error) => Scratch::schema(pool, "verify").await,
        made => made,
    };
    let scratch = scratch.map_err(|error| {
        if is_forbidden(&error) {
            return Error::Option(
                "to try the steps, a database or a schema in this one is made and dropped, and the role \
                 may make neither: GRANT CREATE ON DATABASE … TO the role that migrates"
                    .to_owned(),
            );
        }
        Error::query(error)
    })?;
    let connected = into(&scratch).await.map_err(Error::query)?;
    Ok((connected, scratch))
}

/// A scratch database and no less, and the way into it.
pub(crate) async fn scratch_database(
    db: &DatabaseConnection,
) -> Result<(DatabaseConnection, Scratch), sqlx::Error> {
    let pool = db.get_postgres_connection_pool();
    let scratch = Scratch::database(pool, "verify", None).await?;
    Ok((into(&scratch).await?, scratch))
}

async fn into(scratch: &Scratch) -> Result<DatabaseConnection, sqlx::Error> {
    let pool = PgPoolOptions::new()
        .max_connections(2)
        // As `crate::unwatched` has it.
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_with(scratch.options())
        .await?;
    Ok(SqlxPostgresConnector::from_sqlx_postgres_pool(pool))
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
