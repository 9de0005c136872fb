//! Statements that must run by themselves: `CREATE INDEX CONCURRENTLY` takes no transaction, and
//! several statements sent together are one.

use std::sync::Arc;

use sea_orm_migration::sea_orm::sqlx::{self, AssertSqlSafe, Executor as _, PgConnection};
use sea_orm_migration::sea_orm::{
    ConnectionTrait, DatabaseExecutor, DbBackend, DbErr, RuntimeErr, Statement,
};

use crate::engine::Engine;
use crate::lexer::{self, Kind, Token};
use crate::schema::quoted;
use crate::sqlstate;
use crate::timeouts::{self, Timeouts};

/// `active_sql_transaction`.
const IN_TRANSACTION: &str = "25001";

/// An index that a statement makes or takes away while others write.
struct Index {
    name: String,
    is_made: bool,
}

/// Whether a statement takes no transaction, by its words.
pub(super) fn is_alone(statement: &str) -> bool {
    let words = lexer::words(Engine::Postgres, statement);
    let is_refresh = words.first().is_some_and(|first| first.is("REFRESH"));
    !is_refresh && words.iter().any(|one| one.is("CONCURRENTLY"))
}

/// Whether the server said that a statement takes no transaction.
pub(super) fn needs_no_transaction(error: &DbErr) -> bool {
    sqlstate::of(error) == Some(IN_TRANSACTION)
}

/// Run `statement` by itself. An index that an earlier try left invalid is dropped before it is made
/// again. Where the session is `own`, it keeps the timeouts meanwhile, and has those of its role again
/// afterwards; another may be somebody else's in a moment, and is left as it is.
pub(super) async fn run_apart(
    db: &DatabaseExecutor<'_>,
    statement: &str,
    own: Option<Timeouts>,
) -> Result<(), DbErr> {
    if let Some(index) = index(statement).filter(|index| index.is_made)
        && is_valid(db, &index.name).await? == Some(false)
    {
        let drop = format!("DROP INDEX CONCURRENTLY {}", quoted(&index.name));
        run(db, &drop, own).await?;
    }
    run(db, statement, own).await
}

async fn run(
    db: &DatabaseExecutor<'_>,
    statement: &str,
    own: Option<Timeouts>,
) -> Result<(), DbErr> {
    let (DatabaseExecutor::Connection(db), Some(timeouts)) = (db, own) else {
        return db.execute_unprepared(statement).await.map(drop);
    };
    let session = db.get_postgres_connection_pool().acquire().await;
    let mut session = session.map_err(|error| DbErr::Conn(told(error)))?;
    execute(&mut session, &timeouts.of_session()).await?;
    let done = execute(&mut session, statement).await;
    let reset = execute(&mut session, timeouts::RESET).await;
    done.and(reset)
}

async fn execute(session: &mut PgConnection, sql: &str) -> Result<(), DbErr> {
    let sql = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()));
    let done = session.execute(sql).await;
    done.map(drop).map_err(|error| DbErr::Exec(told(error)))
}

fn told(error: sqlx::Error) -> RuntimeErr {
    RuntimeErr::SqlxError(Arc::new(error))
}

/// Whether what `statement` does is done.
pub(super) async fn is_done(db: &impl ConnectionTrait, statement: &str) -> Result<bool, DbErr> {
    let Some(index) = index(statement) else {
        return Ok(false);
    };
    let valid = is_valid(db, &index.name).await?;
    Ok(if index.is_made {
        valid == Some(true)
    } else {
        valid.is_none()
    })
}

fn index(statement: &str) -> Option<Index> {
    let words = lexer::words(Engine::Postgres, statement);
    let mut words = words.iter().peekable();
    let mut eat = |word: &str| words.next_if(|one| one.is(word)).is_some();
    let is_made = eat("CREATE");
    if !is_made && !eat("DROP") {
        return None;
    }
    eat("UNIQUE");
    if !eat("INDEX") || !eat("CONCURRENTLY") {
        return None;
    }
    for word in ["IF", "NOT", "EXISTS"] {
        eat(word);
    }
    let name = words.next().filter(|one| !one.is("ON"))?;
    // Several, or one of another schema.
    let is_more = |one: &&Token<'_>| one.is(",") || one.is(".");
    if words.peek().is_some_and(is_more) {
        return None;
    }
    let plain = name.plain();
    Some(Index {
        // Without quotes, capitals are none.
        name: match name.kind {
            Kind::Name => plain,
            _ => plain.to_lowercase(),
        },
        is_made,
    })
}

/// Whether an index is valid; none where there is no such index.
async fn is_valid(db: &impl ConnectionTrait, index: &str) -> Result<Option<bool>, DbErr> {
    let found = db
        .query_one_raw(Statement::from_sql_and_values(
            DbBackend::Postgres,
            "SELECT i.indisvalid FROM pg_index i
             JOIN pg_class c ON c.oid = i.indexrelid
             JOIN pg_namespace n ON n.oid = c.relnamespace
             WHERE n.nspname = current_schema() AND c.relname = $1",
            [index.into()],
        ))
        .await?;
    found.map(|row| row.try_get_by_index(0)).transpose()
}
