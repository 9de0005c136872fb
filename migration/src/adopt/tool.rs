//! What the tool that built a database says of its state.

use sea_orm_migration::sea_orm::sea_query::{Alias, Expr, ExprTrait, Order, Query};
use sea_orm_migration::sea_orm::{ConnectionTrait, QueryResult};
use serde::{Deserialize, Serialize};

use super::has_table;
use crate::engine::Engine;
use crate::error::Error;
use crate::history;
use crate::step::STEPS;

/// The Python backend's versions, the head last.
const CHAIN: &[&str] = &[
    "02aab0a6eef4",
    "12bd7610cbc2",
    "cd5a73ea91db",
    "6d8986f38d7b",
];

/// The next that is known.
const NEWER: &[&str] = &["25cefa8449c6"];

/// The tables that the Python backend has at its head.
const CONVERSATION: &[&str] = &[
    "complexity_estimation",
    "messages",
    "threads",
    "token_consumption",
    "tool_calls",
    "tool_selection",
];

/// Who built the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
#[value(rename_all = "lowercase")]
pub enum Tool {
    /// Alembic: the Python backend's tables of conversations.
    Alembic,
    /// Prisma Migrate.
    Prisma,
    /// drizzle-kit.
    Drizzle,
    /// `sea-orm-migration`, of another program.
    SeaOrm,
    /// No tool that keeps a table.
    None,
}

impl Tool {
    /// As it is said to `--from`.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Alembic => "alembic",
            Self::Prisma => "prisma",
            Self::Drizzle => "drizzle",
            Self::SeaOrm => "seaorm",
            Self::None => "none",
        }
    }

    /// The tables that must stand.
    pub(super) fn tables(self) -> &'static [&'static str] {
        match self {
            Self::Alembic => CONVERSATION,
            _ => &[],
        }
    }

    /// The state that the tool's own table tells, where it is one to go on from.
    pub(super) async fn revision(self, db: &impl ConnectionTrait) -> Result<Option<String>, Error> {
        let found = Found { db };
        match self {
            Self::Alembic => found.alembic().await.map(Some),
            Self::Prisma => found.prisma().await.map(Some),
            Self::Drizzle => found.drizzle().await.map(Some),
            Self::SeaOrm => found.seaorm().await.map(Some),
            Self::None => found.none().await.map(|()| None),
        }
    }
}

struct Found<'d, C> {
    db: &'d C,
}

impl<C: ConnectionTrait> Found<'_, C> {
    async fn has(&self, table: &str) -> Result<bool, Error> {
        Ok(has_table(self.db, None, table).await?)
    }

    /// The rows of a table, by its first column.
    async fn rows(
        &self,
        schema: Option<&str>,
        table: &str,
        columns: &[&str],
    ) -> Result<Vec<QueryResult>, Error> {
        let mut select = Query::select();
        for column in columns {
            select.column(Alias::new(*column));
        }
        match schema {
            Some(schema) => select.from((Alias::new(schema), Alias::new(table))),
            None => select.from(Alias::new(table)),
        };
        select.order_by(Alias::new(columns[0]), Order::Asc);
        Ok(self.db.query_all(&select).await?)
    }

    async fn alembic(&self) -> Result<String, Error> {
        if !self.has("alembic_version").await? {
            return Err(absent("alembic_version", "alembic"));
        }
        let rows = self.rows(None, "alembic_version", &["version_num"]).await?;
        let heads = texts(&rows)?;
        let head = CHAIN.last().copied().unwrap_or_default();
        let refuse = |why: String| Err(Error::NotAdoptable(why));
        match heads.as_slice() {
            [] => refuse(
                "alembic_version has no row, so nobody knows what the tables are; `alembic stamp` \
                 says it, if it is known"
                    .to_owned(),
            ),
            [one] if one == head => Ok(one.clone()),
            [one] if CHAIN.contains(&one.as_str()) => refuse(format!(
                "the database is at Alembic's revision {one}, which is older than {head}: \
                 `alembic upgrade {head}` first"
            )),
            [one] if NEWER.contains(&one.as_str()) => refuse(format!(
                "the database is at Alembic's revision {one}, which is newer than {head}, the one \
                 that this program knows: use a newer program"
            )),
            [one] => refuse(format!(
                "the database is at Alembic's revision {one}, which this program does not know: it \
                 takes over {head} only"
            )),
            more => refuse(format!(
                "Alembic has {} heads ({}): `alembic merge` them, upgrade to {head}, then adopt",
                more.len(),
                more.join(", ")
            )),
        }
    }

    async fn prisma(&self) -> Result<String, Error> {
        let table = "_prisma_migrations";
        if !self.has(table).await? {
            return Err(absent(table, "prisma"));
        }
        let ended = Alias::new("finished_at");
        let taken_back = Alias::new("rolled_back_at");
        let select = Query::select()
            .column(Alias::new("migration_name"))
            .expr(Expr::col(ended).is_not_null())
            .expr(Expr::col(taken_back).is_not_null())
            .from(Alias::new(table))
            .order_by(Alias::new("started_at"), Order::Asc)
            .order_by(Alias::new("migration_name"), Order::Asc)
            .to_owned();
        let mut last = None;
        let mut open: Vec<String> = Vec::new();
        for row in self.db.query_all(&select).await? {
            let name: String = row.try_get_by_index(0)?;
            let (ended, taken_back): (bool, bool) =
                (row.try_get_by_index(1)?, row.try_get_by_index(2)?);
            match (ended, taken_back) {
                (_, true) => {}
                // A later try of the same may have ended well.
                (true, false) => {
                    open.retain(|one| *one != name);
                    last = Some(name);
                }
                (false, false) => open.push(name),
            }
        }
        if !open.is_empty() {
            return Err(Error::NotAdoptable(format!(
                "Prisma has migrations that failed or are not finished: {}; `prisma migrate \
                 resolve` says how they stand",
                open.join(", ")
            )));
        }
        last.ok_or_else(|| empty(table, "prisma"))
    }

    async fn drizzle(&self) -> Result<String, Error> {
        let table = "__drizzle_migrations";
        let own = has_table(self.db, Some("drizzle"), table).await?;
        if !own && !self.has(table).await? {
            let table = match Engine::of(self.db)? {
                Engine::Sqlite => table.to_owned(),
                Engine::Postgres => format!("drizzle.{table}"),
            };
            return Err(absent(&table, "drizzle"));
        }
        let schema = own.then_some("drizzle");
        let rows = self.rows(schema, table, &["created_at", "hash"]).await?;
        let last = rows.last().ok_or_else(|| empty(table, "drizzle"))?;
        Ok(last.try_get_by_index(1)?)
    }

    async fn seaorm(&self) -> Result<String, Error> {
        let table = "seaql_migrations";
        if !self.has(table).await? {
            return Err(absent(table, "seaorm"));
        }
        let rows = self.rows(None, table, &["version"]).await?;
        let names = texts(&rows)?;
        if let Some(ours) = names.iter().find(|name| is_ours(name)) {
            return Err(Error::NotAdoptable(format!(
                "{table} has steps of ours ({ours}): there is nothing to take over, `migrate up` \
                 goes on"
            )));
        }
        names.last().cloned().ok_or_else(|| empty(table, "seaorm"))
    }

    async fn none(&self) -> Result<(), Error> {
        let Some((table, tool)) = keeper(self.db).await? else {
            return Ok(());
        };
        let tool = tool.word();
        Err(Error::NotAdoptable(format!(
            "{table} says that {tool} keeps this database: say --from {tool}"
        )))
    }
}

/// The tool whose table stands here, and that table.
pub(super) async fn keeper(
    db: &impl ConnectionTrait,
) -> Result<Option<(&'static str, Tool)>, Error> {
    for (table, tool) in [
        ("alembic_version", Tool::Alembic),
        ("_prisma_migrations", Tool::Prisma),
        ("__drizzle_migrations", Tool::Drizzle),
        ("seaql_migrations", Tool::SeaOrm),
    ] {
        let stands = has_table(db, None, table).await?;
        if stands && !(tool == Tool::SeaOrm && is_our_list(db).await?) {
            return Ok(Some((table, tool)));
        }
    }
    let drizzle = "__drizzle_migrations";
    let is_drizzle = has_table(db, Some("drizzle"), drizzle).await?;
    Ok(is_drizzle.then_some(("drizzle.__drizzle_migrations", Tool::Drizzle)))
}

/// Whether the standard list is one that a run of ours made, of which nothing is applied any more.
pub(super) async fn is_our_list(db: &impl ConnectionTrait) -> Result<bool, Error> {
    let is_empty = history::listed(db, "seaql_migrations").await?.is_empty();
    Ok(is_empty && has_table(db, None, "chancery_migrations").await?)
}

/// Whether a step is one of this program.
pub(super) fn is_ours(name: &str) -> bool {
    STEPS.iter().any(|step| step.name == name)
}

fn texts(rows: &[QueryResult]) -> Result<Vec<String>, Error> {
    let texts = rows.iter().map(|row| row.try_get_by_index(0));
    Ok(texts.collect::<Result<_, _>>()?)
}

fn absent(table: &str, tool: &str) -> Error {
    Error::NotAdoptable(format!(
        "there is no {table} here, so {tool} did not build this: say --from none if no tool keeps it"
    ))
}

fn empty(table: &str, tool: &str) -> Error {
    Error::NotAdoptable(format!(
        "{table} has no migration that is applied, so {tool} did not build this: say --from none \
         if no tool keeps it"
    ))
}
