//! Schemas that are made to be read, in a place of their own, and are gone again: what the entities
//! want, what the steps make, what a script makes.
//!
//! On `PostgreSQL` the place is a schema in a transaction that is rolled back, so the database at the
//! other end keeps nothing of it; on `SQLite` it is a database in memory.

use entity::registry::Resource;
use sea_orm_migration::sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbErr, TransactionTrait,
};

use super::{LiveSchema, ddl};
use crate::engine::Engine;
use crate::step::{Direction, Step};

/// No other live session has this number.
const OPEN: &str = "DO $$ BEGIN
    EXECUTE 'CREATE SCHEMA chancery_scratch_' || pg_backend_pid();
    PERFORM set_config('search_path', 'chancery_scratch_' || pg_backend_pid(), true);
END $$";

/// What `resources` want.
pub async fn of_entities<'r>(
    engine: Engine,
    db: &DatabaseConnection,
    resources: impl IntoIterator<Item = &'r Resource> + Clone,
) -> Result<LiveSchema, DbErr> {
    made(engine, db, &ddl::create(engine, resources)).await
}

/// What `steps` make, oldest first.
pub(crate) async fn of_steps(
    engine: Engine,
    db: &DatabaseConnection,
    steps: impl IntoIterator<Item = &Step>,
) -> Result<LiveSchema, DbErr> {
    // What must run by itself cannot run in a transaction, and needs not where nobody waits.
    let scripts = steps.into_iter().map(|step| match engine {
        Engine::Postgres => step
            .script(engine, Direction::Up)
            .replace(" CONCURRENTLY", ""),
        Engine::Sqlite => step.script(engine, Direction::Up).to_owned(),
    });
    let scripts = scripts.collect::<Vec<_>>();
    if engine == Engine::Sqlite {
        // As a run does it: what refers to a table that is set aside does not follow it.
        return in_memory(&scripts, "ON").await;
    }
    made(engine, db, &scripts).await
}

/// What `scripts` make, one after the other. `db` is a database of `engine`, or whatever where that
/// is `SQLite`.
pub async fn made(
    engine: Engine,
    db: &DatabaseConnection,
    scripts: &[String],
) -> Result<LiveSchema, DbErr> {
    if engine == Engine::Sqlite {
        return in_memory(scripts, "OFF").await;
    }
    let tx = db.begin().await?;
    tx.execute_unprepared(OPEN).await.map_err(unopened)?;
    for script in scripts {
        tx.execute_unprepared(script).await?;
    }
    let mut schema = LiveSchema::read(&tx).await?;
    tx.rollback().await?;
    // A right that no script gives comes from what this server gives by itself.
    if !scripts.iter().any(|script| script.contains("GRANT ")) {
        schema.grants.clear();
    }
    Ok(schema)
}

/// What `scripts` make on `SQLite`, with `PRAGMA legacy_alter_table` as it is `set`.
#[expect(
    clippy::disallowed_methods,
    reason = "a database in memory, for this alone"
)]
async fn in_memory(scripts: &[String], set: &'static str) -> Result<LiveSchema, DbErr> {
    let mut options = ConnectOptions::new("sqlite::memory:");
    options.max_connections(1).sqlx_logging(false);
    crate::unwatched(&mut options);
    options.map_sqlx_sqlite_opts(move |options| {
        options
            .foreign_keys(false)
            .pragma("legacy_alter_table", set)
    });
    let memory = Database::connect(options).await?;
    for script in scripts {
        memory.execute_unprepared(script).await?;
    }
    let schema = LiveSchema::read(&memory).await?;
    memory.close().await?;
    Ok(schema)
}

/// Why there is no place for it.
fn unopened(error: DbErr) -> DbErr {
    if error.to_string().contains("permission denied for database") {
        return DbErr::Custom(
            "to compare, a schema is made in this database and rolled back, and the role may make none: \
             GRANT CREATE ON DATABASE … TO the role that migrates"
                .to_owned(),
        );
    }
    error
}
