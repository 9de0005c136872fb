//! Where a schema of `PostgreSQL` is made to be read.

use sea_orm_migration::sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, Statement,
    TransactionTrait,
};

use crate::error::{Error, is_not_allowed};
use crate::schema::tokens::{Quotes, bare, tokens};
use crate::schema::{LiveSchema, quoted};
use crate::sqlstate;
use crate::transient::is_forbidden;
use crate::verify::scratch_database;

/// No other live session has this number.
const OPEN: &str = "DO $$ BEGIN
    EXECUTE 'CREATE SCHEMA chancery_scratch_' || pg_backend_pid();
    PERFORM set_config('search_path', 'chancery_scratch_' || pg_backend_pid(), true);
END $$";

/// `read_only_sql_transaction`.
const READ_ONLY: &str = "25006";

/// Begins the numbered part of a transaction, so that it can be told from another.
const NUMBER: &str = "SELECT txid_current()::text";

/// The number of the transaction, where it has one.
const STILL: &str = "SELECT coalesce(txid_current_if_assigned()::text, '')";

/// What our own `scripts` make.
pub(super) async fn made(db: &DatabaseConnection, scripts: &[String]) -> Result<LiveSchema, DbErr> {
    let tx = open(db).await?;
    for script in scripts {
        tx.execute_unprepared(script).await?;
    }
    let schema = LiveSchema::read(&tx).await?;
    tx.rollback().await?;
    Ok(with_rights_of(scripts, schema))
}

/// A right that no script gives comes from what this server gives by itself.
fn with_rights_of(scripts: &[String], mut schema: LiveSchema) -> LiveSchema {
    if !scripts.iter().any(|script| script.contains("GRANT ")) {
        schema.grants.clear();
    }
    schema
}

/// What `statements` that somebody else wrote make. Where they speak of the schema that `db` works in, by
/// its name, they are made in a database of their own: here they would be about the tables that are there.
pub(super) async fn of_statements(
    db: &DatabaseConnection,
    statements: &[String],
) -> Result<LiveSchema, Error> {
    let schema = text(db, "SELECT coalesce(current_schema()::text, 'public')").await?;
    let Some(named) = statements.iter().find(|one| names(one, &schema)) else {
        let tx = open(db).await?;
        run(&tx, statements).await?;
        let made = LiveSchema::read(&tx).await?;
        tx.rollback().await?;
        return Ok(with_rights_of(statements, made));
    };
    let (other, scratch) = scratch_database(db).await.map_err(|error| {
        if !is_forbidden(&error) {
            return Error::query(error);
        }
        let head: Vec<&str> = named.split_whitespace().take(6).collect();
        Error::Option(format!(
            "{}: what names a schema is read in a database of its own, and the role may make none: leave \
             {schema}. and search_path out of the file, or ALTER ROLE … CREATEDB",
            head.join(" ")
        ))
    })?;
    let made = beside(&other, &schema, statements).await;
    let closed = other.close().await;
    scratch.take_away().await.map_err(Error::query)?;
    closed?;
    made
}

/// The same in a database that has nothing else.
async fn beside(
    db: &DatabaseConnection,
    schema: &str,
    statements: &[String],
) -> Result<LiveSchema, Error> {
    let tx = db.begin().await?;
    let schema = quoted(schema);
    tx.execute_unprepared(&format!("CREATE SCHEMA IF NOT EXISTS {schema}"))
        .await?;
    let here = format!("SET LOCAL search_path TO {schema}");
    tx.execute_unprepared(&here).await?;
    run(&tx, statements).await?;
    tx.execute_unprepared(&here).await?;
    let made = LiveSchema::read(&tx).await?;
    tx.rollback().await?;
    Ok(with_rights_of(statements, made))
}

/// Run each by itself: the server takes no two at once this way, and none runs where the last one ended
/// the transaction.
async fn run(tx: &DatabaseTransaction, statements: &[String]) -> Result<(), Error> {
    let ours = text(tx, NUMBER).await?;
    for one in statements {
        let one = one.replace(" CONCURRENTLY", "");
        tx.execute_raw(Statement::from_string(DbBackend::Postgres, one.clone()))
            .await?;
        if text(tx, STILL).await? != ours {
            return Err(Error::Option(format!(
                "{one}: this ends the transaction in which a file of SQL is read; leave it out"
            )));
        }
    }
    Ok(())
}

async fn text(db: &impl ConnectionTrait, ask: &str) -> Result<String, DbErr> {
    let row = db
        .query_one_raw(Statement::from_string(DbBackend::Postgres, ask))
        .await?;
    row.map_or_else(|| Ok(String::new()), |row| row.try_get_by_index(0))
}

/// Whether a statement speaks of the schema by its name, or chooses another to work in.
fn names(statement: &str, schema: &str) -> bool {
    let all = tokens(statement, Quotes::Postgres).filter(|one| !one.trim().is_empty());
    let all: Vec<&str> = all.collect();
    let is = |at: usize, word: &str| {
        all.get(at)
            .is_some_and(|one| one.eq_ignore_ascii_case(word))
    };
    let chooses = (is(0, "SET") || is(0, "SELECT")) && statement.contains("search_path");
    let makes = is(0, "CREATE") && is(1, "SCHEMA");
    let named = all
        .windows(2)
        .any(|two| two[1] == "." && is_name(two[0], schema));
    chooses || makes || named
}

fn is_name(token: &str, schema: &str) -> bool {
    let is_quoted = token.starts_with('"');
    bare(token) == schema || (!is_quoted && token.eq_ignore_ascii_case(schema))
}

/// A transaction, and an empty schema in it.
async fn open(db: &DatabaseConnection) -> Result<DatabaseTransaction, DbErr> {
    let tx = db.begin().await?;
    tx.execute_unprepared(OPEN).await.map_err(unopened)?;
    Ok(tx)
}

/// Why there is no place for it.
fn unopened(error: DbErr) -> DbErr {
    if is_not_allowed(&error) {
        return DbErr::Custom(
            "to compare, a schema is made in this database and rolled back, and the role may make none: \
             GRANT CREATE ON DATABASE … TO the role that migrates"
                .to_owned(),
        );
    }
    if sqlstate::of(&error) == Some(READ_ONLY) {
        return DbErr::Custom(
            "to compare, a schema is made in this database and rolled back, and the session is read-only: \
             connect to where it may write, or to a copy"
                .to_owned(),
        );
    }
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_that_speaks_of_the_schema_is_known() {
        for (statement, expected) in [
            ("CREATE TABLE public.a (b text)", true),
            ("CREATE TABLE \"public\" . a (b text)", true),
            ("DROP TABLE Public.a", true),
            (
                "SELECT pg_catalog.set_config('search_path', '', false)",
                true,
            ),
            ("SET search_path = other", true),
            ("CREATE SCHEMA public", true),
            ("CREATE TABLE a (b text DEFAULT 'public.x')", false),
            ("CREATE TABLE \"Public\".a (b text)", false),
            (
                "CREATE FUNCTION f() SET search_path = '' AS $$ public.x $$",
                false,
            ),
        ] {
            assert_eq!(names(statement, "public"), expected, "{statement}");
        }
    }
}
