//! `lock_timeout` and `statement_timeout`.

use std::sync::Arc;
use std::time::Duration;

use sea_orm_migration::sea_orm::sqlx::postgres::PgConnectOptions;
use sea_orm_migration::sea_orm::sqlx::{self, Executor as _, Row as _};
use sea_orm_migration::sea_orm::{ConnectionTrait, DatabaseConnection, DbErr, RuntimeErr};

use super::Timeouts;
use crate::sqlstate;

/// `lock_not_available`.
const NOT_AVAILABLE: &str = "55P03";

/// Has a session wait as its role does.
pub(crate) const RESET: &str = "RESET lock_timeout; RESET statement_timeout";

pub(super) async fn within(timeouts: Timeouts, tx: &impl ConnectionTrait) -> Result<(), DbErr> {
    tx.execute_unprepared(&settings(timeouts, "SET LOCAL"))
        .await?;
    Ok(())
}

pub(super) fn settings(timeouts: Timeouts, set: &str) -> String {
    // To the server 0 has no end, and it counts whole milliseconds.
    let whole = |time: Duration| time.as_nanos().div_ceil(1_000_000).max(1);
    let lock = whole(timeouts.lock);
    let statement = timeouts.statement.map(|most| {
        let most = whole(most);
        format!("; {set} statement_timeout = {most}")
    });
    format!(
        "{set} lock_timeout = {lock}{}",
        statement.unwrap_or_default()
    )
}

/// Those whose sessions are called as ours is, and no others of this role, wait for whom.
const HOLDERS: &str =
    "SELECT DISTINCT format('pid %s (%s)', h.pid, coalesce(nullif(h.application_name, ''), 'unnamed'))
    FROM pg_stat_activity a
    CROSS JOIN LATERAL unnest(pg_blocking_pids(a.pid)) AS b (pid)
    JOIN pg_stat_activity h ON h.pid = b.pid
    WHERE a.datname = current_database() AND a.wait_event_type = 'Lock'
      AND a.application_name = current_setting('application_name') AND a.application_name <> ''";

/// Who holds the locks that sessions of this program wait for.
pub(super) async fn holders(db: &DatabaseConnection) -> Result<Vec<String>, DbErr> {
    let pool = db.get_postgres_connection_pool();
    let rows = pool.fetch_all(sqlx::raw_sql(HOLDERS)).await;
    let rows = rows.map_err(|error| DbErr::Query(RuntimeErr::SqlxError(Arc::new(error))))?;
    let names = rows.iter().map(|row| row.try_get(0));
    names
        .collect::<Result<_, _>>()
        .map_err(|error| DbErr::Query(RuntimeErr::SqlxError(Arc::new(error))))
}

/// Have every session be known as this process's, unless the address says another name.
pub(crate) fn named(options: PgConnectOptions) -> PgConnectOptions {
    if options.get_application_name().is_some() {
        return options;
    }
    options.application_name(&format!("chancery migrate {}", std::process::id()))
}

pub(super) fn is_too_long(error: &DbErr) -> bool {
    sqlstate::of(error) == Some(NOT_AVAILABLE)
}
