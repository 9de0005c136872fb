//! Where a schema of `PostgreSQL` is made to be read.

mod extensions;

use sea_orm_migration::sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, Statement,
    TransactionTrait,
};

use self::extensions::Extensions;
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

/// The schema that a connection works in.
const HERE: &str = "SELECT coalesce(current_schema()::text, 'public')";

/// All that it looks into.
const PATH: &str =
    "SELECT name::text FROM unnest(current_schemas(false)) WITH ORDINALITY AS s (name, at)
    ORDER BY at";

/// `read_only_sql_transaction`.
const READ_ONLY: &str = "25006";

/// Begins the numbered part of a transaction, so that it can be told from another.
const NUMBER: &str = "SELECT txid_current()::text";

/// The number of the transaction, where it has one.
const STILL: &str = "SELECT coalesce(txid_current_if_assigned()::text, '')";

/// SQL that makes a schema.
#[derive(Clone, Copy)]
struct Script<'s> {
    statements: &'s [String],
    /// Whether it is our own, and each of them a script; somebody else's may end the transaction.
    is_ours: bool,
}

impl Script<'_> {
    /// What it makes in `tx`, and `here` where it may have chosen another place to work in.
    async fn made(self, tx: &DatabaseTransaction, here: Option<&str>) -> Result<LiveSchema, Error> {
        if self.is_ours {
            for script in self.statements {
                tx.execute_unprepared(script).await?;
            }
        } else {
            run(tx, self.statements).await?;
        }
        if let Some(here) = here {
            tx.execute_unprepared(here).await?;
        }
        let mut made = LiveSchema::read(tx).await?;
        // A right that no script gives comes from what this server gives by itself.
        if !self.statements.iter().any(|one| one.contains("GRANT ")) {
            made.grants.clear();
        }
        Ok(made)
    }
}

/// What our own `scripts` make.
pub(super) async fn made(db: &DatabaseConnection, scripts: &[String]) -> Result<LiveSchema, DbErr> {
    let script = Script {
        statements: scripts,
        is_ours: true,
    };
    anywhere(db, script).await.map_err(|error| match error {
        Error::Database(error) => error,
        error => DbErr::Custom(error.to_string()),
    })
}

/// What `statements` that somebody else wrote make. Where they speak of the schema that `db` works in, by
/// its name, they are made in a database of their own: here they would be about the tables that are there.
pub(super) async fn of_statements(
    db: &DatabaseConnection,
    statements: &[String],
) -> Result<LiveSchema, Error> {
    let script = Script {
        statements,
        is_ours: false,
    };
    let schema = text(db, HERE).await?;
    let Some(named) = statements.iter().find(|one| names(one, &schema)) else {
        return anywhere(db, script).await;
    };
    let head: Vec<&str> = named.split_whitespace().take(6).collect();
    let refusal = format!(
        "{}: what names a schema is read in a database of its own, and the role may make none: leave \
         {schema}. and search_path out of the file, or ALTER ROLE … CREATEDB",
        head.join(" ")
    );
    apart(db, &[schema], None, script, refusal).await
}

/// In a schema of this database; in a database of its own where that wants an extension that is not to be
/// seen from there.
async fn anywhere(db: &DatabaseConnection, script: Script<'_>) -> Result<LiveSchema, Error> {
    let error = match aside(db, script).await {
        Err(error) => error,
        made => return made,
    };
    let extensions = Extensions::of(db).await?;
    if !extensions.explain(&error) {
        return Err(error);
    }
    let path = path(db).await?;
    let place = path.join(", ");
    let told = error.to_string();
    let refusal = format!(
        "{told}: with an extension in the schema {place} this is read in a database of its own, and the role \
         may make none: ALTER ROLE … CREATEDB, or ALTER EXTENSION … SET SCHEMA to one that is not on the \
         search_path"
    );
    match apart(db, &path, Some(&extensions), script, refusal).await {
        Err(Error::Database(other)) if other.to_string() != told => Err(Error::Option(format!(
            "{other}: with an extension in the schema {place} this is read in a database of its own, which has \
             nothing of other schemas: ALTER EXTENSION … SET SCHEMA to one that is not on the search_path"
        ))),
        made => made,
    }
}

/// In an empty schema of this database, from which no other is to be seen.
async fn aside(db: &DatabaseConnection, script: Script<'_>) -> Result<LiveSchema, Error> {
    let here = text(db, HERE).await?;
    let tx = open(db).await?;
    let made = script.made(&tx, None).await;
    let ended = tx.rollback().await;
    let mut made = made?;
    ended?;
    made.extension_schemas.retain(|_, schema| *schema != here);
    Ok(made)
}

/// In a database that has nothing else than the schemas of `path`, and the `extensions`. The `refusal` is what
/// is told where the role may make none.
async fn apart(
    db: &DatabaseConnection,
    path: &[String],
    extensions: Option<&Extensions>,
    script: Script<'_>,
    refusal: String,
) -> Result<LiveSchema, Error> {
    let (other, scratch) = scratch_database(db).await.map_err(|error| {
        if is_forbidden(&error) {
            Error::Option(refusal)
        } else {
            Error::query(error)
        }
    })?;
    let made = beside(&other, path, extensions, script).await;
    let closed = other.close().await;
    scratch.take_away().await.map_err(Error::query)?;
    closed?;
    made
}

async fn beside(
    db: &DatabaseConnection,
    path: &[String],
    extensions: Option<&Extensions>,
    script: Script<'_>,
) -> Result<LiveSchema, Error> {
    if let Some(extensions) = extensions {
        extensions.make(db, script.statements).await?;
    }
    let tx = db.begin().await?;
    let path: Vec<String> = path.iter().map(|name| quoted(name)).collect();
    for schema in &path {
        tx.execute_unprepared(&format!("CREATE SCHEMA IF NOT EXISTS {schema}"))
            .await?;
    }
    let here = format!("SET LOCAL search_path TO {}", path.join(", "));
    tx.execute_unprepared(&here).await?;
    let mut made = script.made(&tx, Some(&here)).await?;
    tx.rollback().await?;
    // A schema of the database itself would have them all, too.
    made.extensions
        .extend(extensions.into_iter().flat_map(Extensions::names));
    Ok(made)
}

/// The schemas that `db` looks into, the one that it works in first.
async fn path(db: &DatabaseConnection) -> Result<Vec<String>, DbErr> {
    let ask = Statement::from_string(DbBackend::Postgres, PATH);
    let rows = db.query_all_raw(ask).await?;
    rows.iter().map(|row| row.try_get_by_index(0)).collect()
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
