//! Taking over a live database whose tables are ours, built by another tool.
//!
//! The tables that stood before stay the other program's: nothing here makes, changes or fills one of
//! them unless somebody asks for it by name. What the entities want is compared with what stands
//! ([`judge`](judge::judge)); what differs and can be lived with is *accepted*, and put down with the tables in one
//! row of `chancery_adoption`. From then on a step is *trimmed* ([`trim`]): its statements about those
//! tables are left out, as are foreign keys that would lead to them. What is left out and good to
//! have is told by `status` and made by `up --with`.

mod fit;
mod judge;
mod optional;
mod ours;
mod part;
mod postgres;
mod room;
mod sqlite;
mod take;
mod tool;
mod trim;

use std::collections::BTreeSet;

use sea_orm_migration::sea_orm::sea_query::{Alias, Expr, ExprTrait, Query};
use sea_orm_migration::sea_orm::{ConnectionTrait, DbErr};
use serde::{Deserialize, Serialize};

pub(crate) use judge::{Finding, Verdict};
pub(crate) use optional::make;
pub(crate) use ours::unadopted;
pub(crate) use sqlite::FILL_SEARCH;
pub(crate) use take::{Taken, take};
pub use tool::Tool;
pub(crate) use trim::{Trimmed, changes};

use crate::engine::Engine;
use crate::error::Error;

/// The table that says which database was taken over.
const TABLE: &str = "chancery_adoption";

/// Makes it. One row.
const CREATE: &str = "CREATE TABLE IF NOT EXISTS chancery_adoption (
        id text NOT NULL CONSTRAINT chancery_adoption_pkey PRIMARY KEY,
        tool text NOT NULL,
        revision text,
        state text NOT NULL,
        actor text NOT NULL,
        program text NOT NULL,
        at text NOT NULL
    )";

/// The list of steps beside one that another program keeps under the standard name, whoever made the
/// tables that were taken over.
pub(crate) const ASIDE: &str = "chancery_seaql_migrations";

/// What of a step is optional on tables of another program.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, clap::ValueEnum,
)]
#[serde(rename_all = "lowercase")]
pub enum Optional {
    /// Indexes on their tables, made while others write.
    Indexes,
    /// Triggers on their tables: they keep search and sums.
    Triggers,
    /// Foreign keys between our tables and theirs.
    Keys,
}

impl Optional {
    /// As it is said to `up --with`.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Indexes => "indexes",
            Self::Triggers => "triggers",
            Self::Keys => "keys",
        }
    }
}

/// Something that was left out.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct LeftOut {
    /// Which kind.
    pub kind: Optional,
    /// On which table.
    pub table: String,
    /// Its name.
    pub name: String,
}

impl std::fmt::Display for LeftOut {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let kind = match self.kind {
            Optional::Indexes => "index",
            Optional::Triggers => "trigger",
            Optional::Keys => "constraint",
        };
        write!(f, "{kind} {}.{}", self.table, self.name)
    }
}

/// What is known of a database that was taken over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Adoption {
    /// Who built it.
    pub tool: Tool,
    /// The state that the tool said it was in.
    pub revision: Option<String>,
    /// The last step that was known then: what the tables lack of later ones is lacking indeed.
    pub known: String,
    /// Our tables that stood.
    pub tables: BTreeSet<String>,
    /// Our types that stood.
    pub types: BTreeSet<String>,
    /// Our functions that stood, by signature.
    pub functions: BTreeSet<String>,
    /// The differences that were found and accepted, as `drift` says them.
    pub accepted: BTreeSet<String>,
    /// What was left out, and `up --with` makes.
    pub left_out: BTreeSet<LeftOut>,
}

impl Adoption {
    /// What is known of the database behind `db`; nothing, where it was always ours.
    pub(crate) async fn of(db: &impl ConnectionTrait) -> Result<Option<Self>, Error> {
        if !has_table(db, None, TABLE).await? {
            return Ok(None);
        }
        let select = Query::select()
            .column(Alias::new("state"))
            .from(Alias::new(TABLE))
            .to_owned();
        let Some(row) = db.query_one(&select).await? else {
            return Ok(None);
        };
        let state: String = row.try_get_by_index(0)?;
        let read = serde_json::from_str(&state);
        read.map(Some).map_err(|error| {
            Error::Option(format!(
                "{TABLE} was written by another version of the program, or by hand: {error}"
            ))
        })
    }

    /// Whether `table` is the other program's.
    pub(crate) fn has(&self, table: &str) -> bool {
        self.tables.contains(table)
    }

    /// Put down what is known.
    async fn write(&self, db: &impl ConnectionTrait) -> Result<(), Error> {
        let update = Query::update()
            .table(Alias::new(TABLE))
            .value(Alias::new("state"), self.text()?)
            .and_where(Expr::col(Alias::new("id")).eq("adoption"))
            .to_owned();
        db.execute(&update).await?;
        Ok(())
    }

    /// Accept no difference of `object` any more, and tell whether one was accepted.
    fn settle(&mut self, object: &str) -> bool {
        let before = self.accepted.len();
        let of = |one: &String| {
            let rest = one.strip_prefix(object);
            rest.is_some_and(|rest| rest.starts_with(" is"))
        };
        self.accepted.retain(|one| !of(one));
        self.accepted.len() < before
    }

    fn text(&self) -> Result<String, Error> {
        serde_json::to_string(self).map_err(|source| Error::Kept {
            table: TABLE,
            source,
        })
    }

    /// Put down, with what a run left out besides.
    pub(crate) async fn leave_out(
        &mut self,
        db: &impl ConnectionTrait,
        more: &[LeftOut],
    ) -> Result<(), Error> {
        let before = self.left_out.len();
        self.left_out.extend(more.iter().cloned());
        if self.left_out.len() > before {
            self.write(db).await?;
        }
        Ok(())
    }
}

/// Whether there is a table, in the schema that `db` works in or in one that is named, where the
/// engine has such.
pub(crate) async fn has_table(
    db: &impl ConnectionTrait,
    schema: Option<&str>,
    table: &str,
) -> Result<bool, DbErr> {
    match (Engine::of(db)?, schema) {
        (Engine::Sqlite, None) => sqlite::has_table(db, table).await,
        (Engine::Sqlite, Some(_)) => Ok(false),
        (Engine::Postgres, schema) => postgres::has_table(db, schema, table).await,
    }
}
