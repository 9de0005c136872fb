//! Statements that must run by themselves: `CREATE INDEX CONCURRENTLY` takes no transaction, and
//! several statements sent together are one.

use sea_orm_migration::sea_orm::{ConnectionTrait, DbErr};

/// Run `statement` by itself. An index that an earlier try left invalid is dropped before it is made
/// again.
pub(super) async fn run_apart(db: &impl ConnectionTrait, statement: &str) -> Result<(), DbErr> {
    if let Some(index) = made_by(statement)
        && is_invalid(db, index).await?
    {
        db.execute_unprepared(&format!("DROP INDEX CONCURRENTLY {index}"))
            .await?;
    }
    db.execute_unprepared(statement).await.map(drop)
}

fn made_by(statement: &str) -> Option<&str> {
    let rest = statement
        .strip_prefix("CREATE INDEX CONCURRENTLY IF NOT EXISTS ")
        .or_else(|| statement.strip_prefix("CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS "))?;
    rest.split_whitespace().next()
}

async fn is_invalid(db: &impl ConnectionTrait, index: &str) -> Result<bool, DbErr> {
    use sea_orm_migration::sea_orm::{DbBackend, Statement};
    let found = db
        .query_one_raw(Statement::from_sql_and_values(
            DbBackend::Postgres,
            "SELECT 1 FROM pg_index i
             JOIN pg_class c ON c.oid = i.indexrelid
             JOIN pg_namespace n ON n.oid = c.relnamespace
             WHERE n.nspname = current_schema() AND c.relname = $1 AND NOT i.indisvalid",
            [index.into()],
        ))
        .await?;
    Ok(found.is_some())
}
