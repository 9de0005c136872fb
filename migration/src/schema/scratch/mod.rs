//! Schemas that are made to be read, in a place of their own, and are gone again: what the entities
//! want, what the steps make, what a script makes.
//!
//! On `PostgreSQL` the place is a schema in a transaction that is rolled back, so the database at the
//! other end keeps nothing of it; on `SQLite` it is a database in memory.

mod postgres;

use entity::registry::Resource;
use sea_orm_migration::sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbErr,
};

use super::{LiveSchema, ddl, script};
use crate::engine::Engine;
use crate::error::Error;
use crate::step::{Direction, Step};

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

/// What `scripts` make, one after the other: our own, each run as a whole. `db` is a database of `engine`,
/// or whatever where that is `SQLite`.
pub async fn made(
    engine: Engine,
    db: &DatabaseConnection,
    scripts: &[String],
) -> Result<LiveSchema, DbErr> {
    if engine == Engine::Sqlite {
        return in_memory(scripts, "OFF").await;
    }
    postgres::made(db, scripts).await
}

/// The same of scripts that somebody else wrote: nothing that they say reaches a table that is there.
pub async fn of_files(
    engine: Engine,
    db: &DatabaseConnection,
    scripts: &[String],
) -> Result<LiveSchema, Error> {
    let mut statements = Vec::new();
    for one in scripts {
        statements.extend(script::statements(engine, one)?);
    }
    match engine {
        Engine::Sqlite => Ok(in_memory(&statements, "OFF").await?),
        Engine::Postgres => postgres::of_statements(db, &statements).await,
    }
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
