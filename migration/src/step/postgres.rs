//! Statements that must run by themselves: `CREATE INDEX CONCURRENTLY` takes no transaction, and
//! several statements sent together are one.

use std::sync::Arc;

use sea_orm_migration::sea_orm::sqlx::{self, AssertSqlSafe, Executor as _, PgConnection};
use sea_orm_migration::sea_orm::{ConnectionTrait as _, DatabaseExecutor, DbErr, RuntimeErr};

use crate::timeouts::{self, Timeouts};

/// Run `statement` by itself. An index that an earlier try left invalid is dropped before it is made
/// again. Where the session is `own`, it keeps the timeouts meanwhile, and has those of its role again
/// afterwards; another may be somebody else's in a moment, and is left as it is.
pub(super) async fn run_apart(
    db: &DatabaseExecutor<'_>,
    statement: &str,
    own: Option<Timeouts>,
) -> Result<(), DbErr> {
    let DatabaseExecutor::Connection(db) = db else {
        return db.execute_unprepared(statement).await.map(drop);
    };
    let mut session = db
        .get_postgres_connection_pool()
        .acquire()
        .await
        .map_err(|error| DbErr::Conn(told(error)))?;
    let Some(timeouts) = own else {
        return run(&mut session, statement).await;
    };
    execute(&mut session, &timeouts.of_session()).await?;
    let done = run(&mut session, statement).await;
    let reset = execute(&mut session, timeouts::RESET).await;
    done.and(reset)
}

async fn run(session: &mut PgConnection, statement: &str) -> Result<(), DbErr> {
    if let Some(index) = made_by(statement)
        && is_invalid(session, index).await?
    {
        execute(session, &format!("DROP INDEX CONCURRENTLY {index}")).await?;
    }
    execute(session, statement).await
}

async fn execute(session: &mut PgConnection, sql: &str) -> Result<(), DbErr> {
    let sql = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()));
    let done = session.execute(sql).await;
    done.map(drop).map_err(|error| DbErr::Exec(told(error)))
}

fn told(error: sqlx::Error) -> RuntimeErr {
    RuntimeErr::SqlxError(Arc::new(error))
}

fn made_by(statement: &str) -> Option<&str> {
    let rest = statement
        .strip_prefix("CREATE INDEX CONCURRENTLY IF NOT EXISTS ")
        .or_else(|| statement.strip_prefix("CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS "))?;
    rest.split_whitespace().next()
}

async fn is_invalid(session: &mut PgConnection, index: &str) -> Result<bool, DbErr> {
    let ask = "SELECT EXISTS (SELECT 1 FROM pg_index i
             JOIN pg_class c ON c.oid = i.indexrelid
             JOIN pg_namespace n ON n.oid = c.relnamespace
             WHERE n.nspname = current_schema() AND c.relname = $1 AND NOT i.indisvalid)";
    let found = sqlx::query_scalar(ask).bind(index).fetch_one(session).await;
    found.map_err(|error| DbErr::Query(told(error)))
}
