//! A scratch database with the rows of a live one, which is only read.

use futures::TryStreamExt;
use sea_orm_migration::sea_orm::{ConnectionTrait, DatabaseConnection, Statement, StreamTrait};

use super::attempt::go;
use super::place::Place;
use super::postgres;
use crate::engine::Engine;
use crate::error::Error;
use crate::history::status;
use crate::rows::{check_seen, literal_of};
use crate::schema::{LiveSchema, quoted};
use crate::step::{Direction, Step};

/// How many rows go in at once.
const BATCH: usize = 200;

/// A scratch database at the server of `db` with the rows of `data`, and how many of `steps` it has.
pub(super) async fn place(
    db: &DatabaseConnection,
    data: &DatabaseConnection,
    steps: &[Step],
) -> Result<(Place, usize), Error> {
    let engine = Engine::of(data)?;
    if engine != Engine::of(db)? {
        return Err(Error::TwoEngines);
    }
    let status = status(data).await?;
    let is_applied = |step: &Step| status.applied.iter().any(|name| name == step.name);
    let applied = steps.iter().take_while(|step| is_applied(step)).count();
    if applied == 0 || steps[applied..].iter().any(is_applied) {
        return Err(Error::Option(
            "--data wants a database whose history has the first steps and no later one without \
             them: look at its `migrate status`"
                .to_owned(),
        ));
    }
    if engine == Engine::Sqlite {
        return Ok((Place::copy(data).await?, applied));
    }
    let place = Place::new(db).await?;
    match copy(data, &place.db, &steps[..applied]).await {
        Ok(()) => Ok((place, applied)),
        Err(error) => {
            place.close().await?;
            Err(error)
        }
    }
}

async fn copy(
    data: &DatabaseConnection,
    scratch: &DatabaseConnection,
    steps: &[Step],
) -> Result<(), Error> {
    check_seen(data, |_| true).await?;
    go(scratch, &steps.iter().collect::<Vec<_>>(), Direction::Up).await?;
    let from = LiveSchema::read(data).await?;
    let to = LiveSchema::read(scratch).await?;
    let back = postgres::unguard(scratch, &to).await?;
    for (table, columns) in postgres::copied(&from, &to) {
        let clear = format!("DELETE FROM {}", quoted(&table));
        scratch.execute_unprepared(&clear).await?;
        copy_table(data, scratch, &table, &columns).await?;
    }
    for statement in back {
        scratch.execute_unprepared(&statement).await?;
    }
    Ok(())
}

async fn copy_table(
    data: &DatabaseConnection,
    scratch: &DatabaseConnection,
    table: &str,
    columns: &[String],
) -> Result<(), Error> {
    let engine = Engine::of(data)?;
    let literals: Vec<String> = columns
        .iter()
        .map(|name| literal_of(engine, name))
        .collect();
    if literals.is_empty() {
        return Ok(());
    }
    let sql = format!("SELECT {} FROM {}", literals.join(", "), quoted(table));
    let mut rows = data
        .stream_raw(Statement::from_string(engine.backend(), sql))
        .await?;
    let head = postgres::insert(table, columns);
    let mut batch = Vec::new();
    while let Some(row) = rows.try_next().await? {
        let values = (0..columns.len()).map(|at| row.try_get_by_index::<String>(at));
        let values = values.collect::<Result<Vec<_>, _>>()?;
        batch.push(format!("({})", values.join(", ")));
        if batch.len() == BATCH {
            let sql = format!("{head}{}", std::mem::take(&mut batch).join(", "));
            scratch.execute_unprepared(&sql).await?;
        }
    }
    if !batch.is_empty() {
        let sql = format!("{head}{}", batch.join(", "));
        scratch.execute_unprepared(&sql).await?;
    }
    Ok(())
}
