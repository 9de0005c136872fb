//! Rows that refer to rows that are not there. On `SQLite` nobody asks while the steps run, and any
//! program may have left some before: a run answers for those that it makes, and for no others.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use sea_orm_migration::sea_orm::ConnectionTrait;

use super::sqlite;
use crate::engine::Engine;
use crate::error::Error;

/// What refers to nothing, and how many rows of each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Orphans(pub(super) BTreeMap<Orphan, i64>);

/// Rows of one table that refer to the same row of another, which is not there. Of tables that are made
/// anew the rows have other numbers, and their values stay.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Orphan {
    pub(super) from: String,
    pub(super) to: String,
    /// By which columns.
    pub(super) columns: Vec<String>,
    /// What these hold; none where the other table has no such key at all.
    pub(super) values: Option<String>,
}

/// Rows of one table by a key of it: those behind `after`, up to `end`, as SQL writes both.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rows<'r> {
    pub(crate) table: &'r str,
    pub(crate) key: &'r str,
    pub(crate) after: Option<&'r str>,
    pub(crate) end: &'r str,
}

impl Orphans {
    /// What refers to nothing behind `db`; `PostgreSQL` takes no such row.
    pub(crate) async fn of(db: &impl ConnectionTrait) -> Result<Self, Error> {
        match Engine::of(db)? {
            Engine::Sqlite => sqlite::orphans(db).await,
            Engine::Postgres => Ok(Self::default()),
        }
    }

    /// What of `rows` refers to nothing: no other row is looked at. A table that has a key which cannot be
    /// asked is to be left out.
    pub(crate) async fn among(db: &impl ConnectionTrait, rows: &Rows<'_>) -> Result<Self, Error> {
        match Engine::of(db)? {
            Engine::Sqlite => sqlite::among(db, rows).await,
            Engine::Postgres => Ok(Self::default()),
        }
    }

    /// What of the tables that refer to a column of `table` that `is_written` refers to nothing.
    pub(crate) async fn towards(
        db: &impl ConnectionTrait,
        table: &str,
        is_written: impl Fn(&str) -> bool,
    ) -> Result<Self, Error> {
        match Engine::of(db)? {
            Engine::Sqlite => sqlite::towards(db, table, is_written).await,
            Engine::Postgres => Ok(Self::default()),
        }
    }

    /// What of `table`, whole, refers to nothing.
    pub(crate) async fn of_table(db: &impl ConnectionTrait, table: &str) -> Result<Self, Error> {
        match Engine::of(db)? {
            Engine::Sqlite => sqlite::of_table(db, table).await,
            Engine::Postgres => Ok(Self::default()),
        }
    }

    /// Whether `table` has a key that cannot be asked, which hides its others.
    pub(crate) fn is_hidden(&self, table: &str) -> bool {
        let mut all = self.0.keys();
        all.any(|one| one.values.is_none() && one.from.eq_ignore_ascii_case(table))
    }

    /// Refuse what was not there in `before`, also one more of a kind that was.
    pub(crate) fn refuse_more_than(&self, before: &Self) -> Result<(), Error> {
        let is_new =
            |(one, count): &(&Orphan, &i64)| before.0.get(one).is_none_or(|known| known < *count);
        let more = self.0.iter().filter(is_new);
        let more: BTreeSet<String> = more.map(|(one, _)| one.to_string()).collect();
        if more.is_empty() {
            return Ok(());
        }
        Err(Error::Orphans(more.into_iter().collect()))
    }

    /// Take none of those of `table` for known by a column that `is_written`: who made them, nobody can tell.
    pub(crate) fn forget(&mut self, table: &str, is_written: impl Fn(&str) -> bool) {
        self.0.retain(|one, _| {
            let is_its_own = one.from.eq_ignore_ascii_case(table);
            !(is_its_own && one.columns.iter().any(|column| is_written(column)))
        });
    }

    /// Which tables they lead from and to, with the rows of each; nothing where there are none.
    pub(crate) fn told(&self) -> Option<String> {
        let mut rows = BTreeMap::new();
        for (one, count) in &self.0 {
            *rows.entry(one.to_string()).or_insert(0) += count;
        }
        let told = rows.iter().map(|(pair, rows)| match rows {
            0 => pair.clone(),
            1 => format!("{pair}, 1 row"),
            rows => format!("{pair}, {rows} rows"),
        });
        let told: Vec<String> = told.collect();
        (!told.is_empty()).then(|| told.join("; "))
    }
}

impl fmt::Display for Orphan {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            from, to, values, ..
        } = self;
        write!(out, "{from} to {to}")?;
        match values {
            Some(_) => Ok(()),
            None => write!(out, " (by columns that are no key of {to})"),
        }
    }
}
