//! `lock_timeout` and `statement_timeout`.

use sea_orm_migration::sea_orm::sqlx::postgres::PgPoolOptions;
use sea_orm_migration::sea_orm::sqlx::{self, AssertSqlSafe, Executor as _};
use sea_orm_migration::sea_orm::{ConnectionTrait, DbErr, RuntimeErr};

use super::Timeouts;

/// `lock_not_available`.
const NOT_AVAILABLE: &str = "55P03";

pub(super) fn every_session(timeouts: Timeouts, pool: PgPoolOptions) -> PgPoolOptions {
    pool.after_connect(move |connection, _| {
        Box::pin(async move {
            let set = AssertSqlSafe(settings(timeouts, "SET"));
            connection.execute(sqlx::raw_sql(set)).await?;
            Ok(())
        })
    })
}

pub(super) async fn within(timeouts: Timeouts, tx: &impl ConnectionTrait) -> Result<(), DbErr> {
    tx.execute_unprepared(&settings(timeouts, "SET LOCAL"))
        .await?;
    Ok(())
}

fn settings(timeouts: Timeouts, set: &str) -> String {
    let lock = timeouts.lock.as_millis();
    let statement = timeouts.statement.map(|most| {
        let most = most.as_millis();
        format!("; {set} statement_timeout = {most}")
    });
    format!(
        "{set} lock_timeout = {lock}{}",
        statement.unwrap_or_default()
    )
}

pub(super) fn is_too_long(error: &DbErr) -> bool {
    let (DbErr::Exec(RuntimeErr::SqlxError(error)) | DbErr::Query(RuntimeErr::SqlxError(error))) =
        error
    else {
        return false;
    };
    let error = error.as_database_error();
    let code = error.and_then(sqlx::error::DatabaseError::code);
    code.as_deref() == Some(NOT_AVAILABLE)
}
