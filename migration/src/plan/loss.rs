//! What a run loses of what is there, counted.

use std::collections::BTreeMap;
use std::fmt;

use sea_orm_migration::sea_orm::{ConnectionTrait, DbErr, Statement};
use serde::Serialize;

use super::track::{Taken, Track};
use super::{Size, planned, postgres, runs, sizes, unknown};
use crate::adopt::Adoption;
use crate::engine::Engine;
use crate::error::Error;
use crate::lexer::{self, Token};
use crate::rows;
use crate::schema::{BOOKKEEPING, Filling, LiveSchema, quoted};
use crate::step::{Direction, Step};

/// Rows that go, or what a column has, or what nobody can tell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Loss {
    /// The step that takes it away.
    pub step: String,
    /// The table, where it is known.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub table: String,
    /// The column; rows where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// How many rows go, or how many have something in the column.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<i64>,
    /// The statement, in few words, where nobody can tell what it takes, and why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unknown: Option<String>,
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let table = &self.table;
        let count = self.count.unwrap_or_default();
        let s = if count == 1 { "" } else { "s" };
        match (&self.unknown, &self.column) {
            (Some(what), _) => write!(f, "what nobody can tell: {what}"),
            (None, None) => write!(f, "{table}: {count} row{s}"),
            (None, Some(column)) => write!(f, "{table}.{column}: {count} value{s}"),
        }
    }
}

/// What `steps` lose, in their order: rows, what stands in columns, and what cannot be told where anything
/// is there. The tables are looked at only where a step may take something away.
pub(crate) async fn losses(
    db: &impl ConnectionTrait,
    steps: impl Iterator<Item = &Step>,
    direction: Direction,
) -> Result<Vec<Loss>, Error> {
    let engine = Engine::of(db)?;
    let adoption = Adoption::of(db).await?;
    let steps: Vec<&Step> = steps.collect();
    let takes = steps.iter().any(|step| {
        let script = runs(adoption.as_ref(), step, engine, direction);
        let mut statements = lexer::split(engine, &script).into_iter();
        statements.any(|sql| may_take(engine, sql))
    });
    if !takes {
        return Ok(Vec::new());
    }
    let hidden = rows::hidden(db).await?;
    let sizes = sizes(db).await?;
    let mut track = track(db, &sizes).await?;
    let mut found: Vec<Loss> = Vec::new();
    for step in steps {
        let way = (engine, direction);
        let planned = planned(step, way, adoption.as_ref(), &sizes, &mut track);
        for one in &planned.statements {
            for taken in &one.taken {
                if let Some(table) = taken.table().filter(|table| hidden.contains(*table)) {
                    return Err(Error::Hidden(vec![table.clone()]));
                }
                let loss = loss(db, step, direction, &one.sql, taken).await?;
                found.extend(loss.filter(|loss| !found.contains(loss)));
            }
        }
    }
    Ok(found)
}

/// Whether a statement may take something away, by its first words.
fn may_take(engine: Engine, sql: &str) -> bool {
    let words = lexer::words(engine, sql);
    let is = |at: usize, word: &str| words.get(at).is_some_and(|one: &Token<'_>| one.is(word));
    let has = |word: &str| words.iter().any(|one| one.is(word));
    is(0, "DELETE")
        || is(0, "TRUNCATE")
        || is(0, "UPDATE")
        || (is(0, "DROP") && is(1, "TABLE"))
        || (is(0, "ALTER") && is(1, "TABLE") && (has("DROP") || has("TYPE")))
        || unknown::why(engine, &words).is_some()
}

/// What a statement takes, counted; none where nothing is there.
async fn loss(
    db: &impl ConnectionTrait,
    step: &Step,
    direction: Direction,
    sql: &str,
    taken: &Taken,
) -> Result<Option<Loss>, Error> {
    let mut loss = Loss {
        step: step.name.to_owned(),
        table: String::new(),
        column: None,
        count: None,
        unknown: None,
    };
    let which = match taken {
        Taken::Unknown(why) => {
            if !is_anything_there(db).await? {
                return Ok(None);
            }
            let text = lexer::plain(Engine::of(db)?, sql);
            let short: String = text.chars().take(60).collect();
            loss.unknown = Some(format!("{short:?}, {why}"));
            return Ok(Some(loss));
        }
        // How far sums are, which are made anew from what they are of.
        Taken::Values { table, .. } if table == "rollup_state" => return Ok(None),
        Taken::Rows { table, which } => {
            loss.table.clone_from(table);
            which
        }
        Taken::Column { table, column } | Taken::Narrowed { table, column } => {
            loss.table.clone_from(table);
            loss.column = Some(column.clone());
            &None
        }
        Taken::Values {
            table,
            column,
            which,
        } => {
            loss.table.clone_from(table);
            loss.column = Some(column.clone());
            which
        }
    };
    // Both are made with their rows: a version, and a copy of what messages say.
    let is_made = loss.table == "alembic_version" || loss.table.starts_with("messages_fts");
    if is_made && direction == Direction::Down {
        return Ok(None);
    }
    let count = count(db, &loss, which.as_deref()).await?;
    loss.count = Some(count);
    Ok((count > 0).then_some(loss))
}

/// Whether there is anything that could be lost.
async fn is_anything_there(db: &impl ConnectionTrait) -> Result<bool, Error> {
    Ok(match Engine::of(db)? {
        Engine::Sqlite => {
            let sizes = sizes(db).await?;
            let mut own = sizes
                .iter()
                .filter(|(name, _)| !BOOKKEEPING.contains(&name.as_str()));
            own.any(|(_, size)| size.rows > 0)
        }
        Engine::Postgres => postgres::is_anything_there(db).await?,
    })
}

/// The tables of `sizes` as they stand before anything runs, with the columns that somebody fills.
pub(super) async fn track(
    db: &impl ConnectionTrait,
    sizes: &BTreeMap<String, Size>,
) -> Result<Track, DbErr> {
    if sizes.is_empty() {
        return Ok(Track::default());
    }
    let live = LiveSchema::read(db).await?;
    let columns = sizes.keys().map(|name| {
        let table = live.tables.get(name);
        let columns = table.iter().flat_map(|table| &table.columns);
        let is_computed =
            |filling: &Option<Filling>| matches!(filling, Some(Filling::Generated(_)));
        let columns = columns.filter(|one| !is_computed(&one.filling));
        (name.clone(), columns.map(|one| one.name.clone()).collect())
    });
    let kinds = sizes.keys().filter_map(|name| {
        let columns = live.tables.get(name)?.columns.iter();
        let kinds = columns.map(|one| (one.name.clone(), one.kind.clone()));
        Some((name.clone(), kinds.collect()))
    });
    Ok(Track::of(&columns.collect()).with_kinds(kinds.collect()))
}

/// How much it is.
async fn count(db: &impl ConnectionTrait, loss: &Loss, which: Option<&str>) -> Result<i64, Error> {
    let backend = Engine::of(db)?.backend();
    let what = loss
        .column
        .as_ref()
        .map_or("*".to_owned(), |one| quoted(one));
    let all = format!("SELECT count({what}) FROM {}", quoted(&loss.table));
    let ask = async |sql: String| {
        let row = db
            .query_one_raw(Statement::from_string(backend, sql))
            .await?;
        Ok::<i64, Error>(row.map_or(Ok(0), |row| row.try_get_by_index(0))?)
    };
    if let Some(which) = which {
        // It may speak of what an earlier statement makes; then it may be all of them.
        if let Ok(some) = ask(format!("{all} WHERE {which}")).await {
            return Ok(some);
        }
    }
    ask(all).await
}
