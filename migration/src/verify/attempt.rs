//! One step, up and down and up again.

use std::collections::BTreeMap;
use std::time::Duration;

use sea_orm_migration::sea_orm::{ConnectionTrait, DatabaseConnection, DbErr, TransactionTrait};

use super::sums::{self, Sum, View};
use super::{Verified, irreversible};
use crate::engine::Engine;
use crate::error::Error;
use crate::lexer;
use crate::lock::Lock;
use crate::rows::fill;
use crate::schema::{BOOKKEEPING, Change, LiveSchema, Object, Table, difference};
use crate::step::{Direction, Step};

/// How many rows a table is given.
const ROWS: u32 = 4;

/// So many letters of a statement are shown.
const SHOWN: usize = 200;

/// What rows a database has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rows {
    None,
    Made,
    Given,
}

/// One step under test.
pub(super) struct Attempt<'a> {
    db: &'a DatabaseConnection,
    engine: Engine,
    step: &'a Step,
    rows: Rows,
    forgiven: Vec<String>,
    pub(super) verified: Verified,
}

impl<'a> Attempt<'a> {
    pub(super) fn new(
        db: &'a DatabaseConnection,
        engine: Engine,
        step: &'a Step,
        rows: Rows,
    ) -> Self {
        let (forgiven, lines) = irreversible(step, engine);
        Self {
            db,
            engine,
            step,
            rows,
            forgiven,
            verified: Verified {
                step: step.name.to_owned(),
                on: match rows {
                    Rows::None => "no rows",
                    Rows::Made => "made rows",
                    Rows::Given => "given rows",
                },
                irreversible: lines,
                ..Verified::default()
            },
        }
    }

    /// Up, down and up, and with made rows once more with rows that the step itself made room for.
    /// Whether the next step can be tried.
    pub(super) async fn run(&mut self) -> Result<bool, Error> {
        let before = self.schema().await?;
        let old = self.sums(&sums::all(&before)).await?;
        self.verified.rows = old.values().map(|sum| sum.rows).sum();
        if !self.goes(Direction::Up).await {
            return Ok(false);
        }
        let after = self.schema().await?;
        let new = self.sums(&sums::all(&after)).await?;
        if !self.goes(Direction::Down).await {
            return Ok(true);
        }
        self.compare("after going down", &before, &old).await?;
        if !self.goes(Direction::Up).await {
            return Ok(false);
        }
        self.compare("after going up again", &after, &new).await?;
        if self.rows != Rows::Made {
            return Ok(true);
        }
        self.with_own_rows(&before, &after).await
    }

    /// The step's tables and columns have rows, too; going down may take these, and nothing else.
    async fn with_own_rows(
        &mut self,
        before: &LiveSchema,
        after: &LiveSchema,
    ) -> Result<bool, Error> {
        self.fill(before, after, 2).await?;
        let view = sums::common(before, after);
        let held = self.sums(&view).await?;
        self.verified.rows = held.values().map(|sum| sum.rows).sum();
        if self.goes(Direction::Down).await {
            self.compare("after going down with rows of its own", before, &held)
                .await?;
            if !self.goes(Direction::Up).await {
                return Ok(false);
            }
            let nothing = BTreeMap::new();
            self.compare("after going up again over rows of its own", after, &nothing)
                .await?;
            self.fill(before, after, 0).await?;
        }
        Ok(true)
    }

    /// Down from where the database stands.
    pub(super) async fn back(&mut self) -> Result<bool, Error> {
        let before = self.schema().await?;
        let all = self.sums(&sums::all(&before)).await?;
        if !self.goes(Direction::Down).await {
            return Ok(false);
        }
        let after = self.schema().await?;
        let view = sums::common(&before, &after);
        let held: BTreeMap<String, Sum> = all
            .into_iter()
            .filter_map(|(table, sum)| Some((table.clone(), sum.of(view.get(&table)?))))
            .collect();
        self.verified.rows = held.values().map(|sum| sum.rows).sum();
        self.same_rows("after going down", &held, &view).await?;
        Ok(true)
    }

    /// Rows for the tables that the step made, and `more` for those that it changed.
    async fn fill(
        &mut self,
        before: &LiveSchema,
        after: &LiveSchema,
        more: u32,
    ) -> Result<(), Error> {
        let tables: BTreeMap<&String, u32> = after
            .tables
            .iter()
            .map(|(name, table)| {
                let rows = match before.tables.get(name) {
                    None => ROWS,
                    Some(old) if old.plain() != Table::plain(table) => more,
                    Some(_) => 0,
                };
                (name, rows)
            })
            .collect();
        let wanted = |name: &str| {
            let found = tables.iter().find(|(table, _)| **table == name);
            found
                .filter(|_| !BOOKKEEPING.contains(&name))
                .map_or(0, |(_, rows)| *rows)
        };
        let filled = fill(self.db, after, u64::from(more), wanted).await?;
        for (table, said) in filled.refused {
            // A table that the step itself fills may hold no more.
            let view = View::from([(table.clone(), Vec::new())]);
            if self.sums(&view).await?[&table].rows == 0 {
                self.verified.findings.push(format!(
                    "{table} takes no made row, so it is not tried: {said}"
                ));
            }
        }
        Ok(())
    }

    async fn schema(&self) -> Result<LiveSchema, Error> {
        Ok(LiveSchema::read(self.db).await?.without(BOOKKEEPING))
    }

    async fn sums(&self, view: &View) -> Result<BTreeMap<String, Sum>, Error> {
        Ok(sums::sums(self.db, self.engine, view, &self.forgiven).await?)
    }

    /// Whether the database has the schema `expected`, and its rows say what `held` says.
    async fn compare(
        &mut self,
        when: &str,
        expected: &LiveSchema,
        held: &BTreeMap<String, Sum>,
    ) -> Result<(), Error> {
        let actual = self.schema().await?;
        if actual.fingerprint() != expected.fingerprint() {
            for one in difference(expected, &actual) {
                if self.is_forgiven(&one.object) {
                    continue;
                }
                let words = match one.change {
                    Change::Missing => format!("{} is missing", one.object),
                    Change::Added => format!("{} was not there before", one.object),
                    Change::Changed { from, to } => {
                        format!("{} was {from} and is {to}", one.object)
                    }
                };
                self.find(when, &words);
            }
        }
        let mut view = sums::all(&actual);
        view.retain(|table, _| held.contains_key(table));
        for (table, columns) in &mut view {
            columns.retain(|column| held[table].has(column));
        }
        self.same_rows(when, held, &view).await
    }

    /// Whether the step says that the table's columns, or one of them, do not come back as they were.
    fn is_forgiven(&self, object: &Object) -> bool {
        let Object::Order(table) = object else {
            return false;
        };
        let of = |what: &String| what.split('.').next() == Some(table);
        self.forgiven.iter().any(of)
    }

    async fn same_rows(
        &mut self,
        when: &str,
        expected: &BTreeMap<String, Sum>,
        view: &View,
    ) -> Result<(), Error> {
        let actual = self.sums(view).await?;
        for words in sums::changes(expected, &actual, &self.forgiven) {
            self.find(when, &words);
        }
        Ok(())
    }

    fn find(&mut self, when: &str, words: &str) {
        self.verified.findings.push(format!("{when}, {words}"));
    }

    /// Go one way, as a run does: under the lock.
    pub(super) async fn goes(&mut self, direction: Direction) -> bool {
        match self.go(direction).await {
            Ok(()) => true,
            Err(error) => {
                let way = match direction {
                    Direction::Up => "up",
                    Direction::Down => "down",
                };
                self.verified
                    .findings
                    .push(format!("it does not go {way}: {error}"));
                false
            }
        }
    }

    async fn go(&self, direction: Direction) -> Result<(), Error> {
        go(self.db, &[self.step], direction).await
    }
}

/// Rows for every table that has none, after steps that were done and not tried. A table that takes
/// none stays empty.
pub(super) async fn fill_empty(db: &DatabaseConnection) -> Result<(), Error> {
    let schema = LiveSchema::read(db).await?.without(BOOKKEEPING);
    let held = sums::sums(db, schema.engine, &sums::all(&schema), &[]).await?;
    let wanted = |name: &str| match held.get(name) {
        Some(sum) if sum.rows == 0 => ROWS,
        _ => 0,
    };
    fill(db, &schema, 0, wanted).await?;
    Ok(())
}

/// Do or undo `steps`, in their order: under the lock, as a run does, which looks after every key.
pub(super) async fn go(
    db: &DatabaseConnection,
    steps: &[&Step],
    direction: Direction,
) -> Result<(), Error> {
    let engine = Engine::of(db)?;
    let lock = Lock::take(db, Duration::from_secs(5)).await?;
    // A copy may have been so before.
    lock.note_keys().await?;
    for step in steps {
        if step.is_apart(engine) {
            for statement in step.statements(engine, direction) {
                let done = step.run_apart(&lock.db(), statement, None).await;
                done.map_err(|error| within(engine, statement, error))?;
            }
        } else {
            let tx = lock.db().begin().await?;
            if let Err(error) = tx.execute_unprepared(step.script(engine, direction)).await {
                tx.rollback().await?;
                let all = step.statements(engine, direction);
                return Err(match refused(&lock, all).await? {
                    Some(statement) => within(engine, statement, error),
                    None => error.into(),
                });
            }
            tx.commit().await?;
        }
    }
    let tx = lock.db().begin().await?;
    lock.check_keys(&tx).await?;
    tx.commit().await?;
    lock.release().await
}

/// The first of `statements` that the database refuses. Where a script is sent whole, as a run does, its
/// error does not tell.
async fn refused<'s>(lock: &Lock<'_>, statements: Vec<&'s str>) -> Result<Option<&'s str>, Error> {
    let tx = lock.db().begin().await?;
    let mut found = None;
    for statement in statements {
        if tx.execute_unprepared(statement).await.is_err() {
            found = Some(statement);
            break;
        }
    }
    tx.rollback().await?;
    Ok(found)
}

/// The error of a statement, with as much of its words as tells which it is.
fn within(engine: Engine, statement: &str, error: DbErr) -> Error {
    let mut statement = lexer::plain(engine, statement);
    if let Some((end, _)) = statement.char_indices().nth(SHOWN) {
        statement.truncate(end);
        statement.push('…');
    }
    Error::InStatement {
        statement,
        source: Box::new(error.into()),
    }
}
