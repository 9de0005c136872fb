//! Extensions in a schema that the connection works in: a place of its own, where that schema is not to be
//! seen, has nothing of them, and the server makes no extension twice.

use sea_orm_migration::sea_orm::{
    ConnectionTrait, DatabaseConnection, DbBackend, DbErr, Statement,
};
use tracing::debug;

use crate::error::Error;
use crate::schema::quoted;
use crate::schema::tokens::{Quotes, bare, tokens};
use crate::sqlstate;

/// In the order in which they were made, so that each has what it requires.
const EXTENSIONS: &str =
    "SELECT e.extname::text, n.nspname::text, n.nspname = ANY (current_schemas(false))
    FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
    WHERE n.nspname <> 'pg_catalog' ORDER BY e.oid";

/// There is no such function or operator, type or operator class, table.
const UNDEFINED: [&str; 3] = ["42883", "42704", "42P01"];

/// There is one already.
const DUPLICATE: &str = "42710";

/// An extension of a database.
struct Extension {
    name: String,
    schema: String,
    /// Whether what it has is found by its bare name.
    is_on_path: bool,
}

/// The extensions of a database.
pub(super) struct Extensions(Vec<Extension>);

impl Extensions {
    pub(super) async fn of(db: &DatabaseConnection) -> Result<Self, DbErr> {
        let ask = Statement::from_string(DbBackend::Postgres, EXTENSIONS);
        let rows = db.query_all_raw(ask).await?;
        let all = rows.iter().map(|row| {
            Ok(Extension {
                name: row.try_get_by_index(0)?,
                schema: row.try_get_by_index(1)?,
                is_on_path: row.try_get_by_index(2)?,
            })
        });
        Ok(Self(all.collect::<Result<_, DbErr>>()?))
    }

    pub(super) fn names(&self) -> impl Iterator<Item = String> {
        self.0.iter().map(|one| one.name.clone())
    }

    /// Whether something may have failed because they are where they are.
    pub(super) fn explain(&self, error: &Error) -> bool {
        let Error::Database(error) = error else {
            return false;
        };
        let code = sqlstate::of(error).unwrap_or_default();
        let is_seen = self.0.iter().any(|one| one.is_on_path);
        (is_seen && UNDEFINED.contains(&code)) || (!self.0.is_empty() && code == DUPLICATE)
    }

    /// Make them in the empty database `db`, but for those that `statements` make by themselves. One that the
    /// role may not make is left out: what uses it will say so.
    pub(super) async fn make(
        &self,
        db: &DatabaseConnection,
        statements: &[String],
    ) -> Result<(), DbErr> {
        let own: Vec<String> = statements.iter().filter_map(|one| made(one)).collect();
        for one in &self.0 {
            let schema = quoted(&one.schema);
            db.execute_unprepared(&format!("CREATE SCHEMA IF NOT EXISTS {schema}"))
                .await?;
            if own.contains(&one.name) {
                continue;
            }
            let name = quoted(&one.name);
            let make = format!("CREATE EXTENSION IF NOT EXISTS {name} SCHEMA {schema}");
            if let Err(error) = db.execute_unprepared(&make).await {
                debug!(%error, extension = one.name, "it is left out");
            }
        }
        Ok(())
    }
}

/// The extension that a statement makes, whatever is there.
fn made(statement: &str) -> Option<String> {
    let all = tokens(statement, Quotes::Postgres).filter(|one| !one.trim().is_empty());
    let all: Vec<&str> = all.take(3).collect();
    let [create, extension, name] = all[..] else {
        return None;
    };
    let is = |token: &str, word: &str| token.eq_ignore_ascii_case(word);
    if !is(create, "CREATE") || !is(extension, "EXTENSION") || is(name, "IF") {
        return None;
    }
    Some(if name.starts_with('"') {
        bare(name)
    } else {
        name.to_lowercase()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_statement_makes_itself_is_known() {
        for (statement, expected) in [
            ("create extension CITEXT", Some("citext")),
            (
                "CREATE EXTENSION \"uuid-ossp\" SCHEMA ext",
                Some("uuid-ossp"),
            ),
            ("CREATE EXTENSION IF NOT EXISTS citext", None),
            ("CREATE TABLE citext (n integer)", None),
        ] {
            assert_eq!(made(statement).as_deref(), expected, "{statement}");
        }
    }
}
