//! A session advisory lock, on a connection taken out of the pool.
//!
//! It is asked for again and again, never waited for inside the server: a statement that waits
//! holds a snapshot, and `CREATE INDEX CONCURRENTLY` in the process that holds the lock would wait
//! for that snapshot in turn.

use std::sync::Arc;
use std::time::{Duration, Instant};

use sea_orm_migration::sea_orm::sqlx::{self, Connection, PgConnection};
use sea_orm_migration::sea_orm::{DatabaseConnection, DbErr, RuntimeErr};
use tracing::info;

use super::ASK_AGAIN;
use crate::error::Error;

/// One lock a schema; advisory locks are each database's own.
const TAKE: &str =
    "SELECT pg_try_advisory_lock(hashtextextended('chancery.migrate.' || current_schema(), 0))";

/// Who has it: the lock's two halves are its key's.
const HOLDER: &str =
    "SELECT format('pid %s (%s)', a.pid, coalesce(nullif(a.application_name, ''), 'unnamed'))
    FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
    WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
      AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND (l.classid::bigint << 32 | l.objid::bigint)
        = hashtextextended('chancery.migrate.' || current_schema(), 0)
    LIMIT 1";

pub(super) async fn take(db: &DatabaseConnection, wait: Duration) -> Result<PgConnection, Error> {
    let pool = db.get_postgres_connection_pool();
    let mut connection = pool.acquire().await.map_err(acquire)?.detach();
    let began = Instant::now();
    let mut told = false;
    loop {
        let taken: bool = sqlx::query_scalar(TAKE)
            .fetch_one(&mut connection)
            .await
            .map_err(query)?;
        if taken {
            return Ok(connection);
        }
        if began.elapsed() >= wait {
            return Err(Error::Locked {
                waited: began.elapsed(),
            });
        }
        if !told {
            told = true;
            let holder: Option<String> = sqlx::query_scalar(HOLDER)
                .fetch_optional(&mut connection)
                .await
                .map_err(query)?;
            info!(
                "another migration is under way: {}",
                holder.as_deref().unwrap_or("unknown")
            );
        }
        tokio::time::sleep(ASK_AGAIN).await;
    }
}

/// The lock ends with its session.
pub(super) async fn release(connection: PgConnection) -> Result<(), Error> {
    connection.close().await.map_err(query)
}

fn acquire(error: sqlx::Error) -> Error {
    DbErr::Conn(RuntimeErr::SqlxError(Arc::new(error))).into()
}

fn query(error: sqlx::Error) -> Error {
    DbErr::Query(RuntimeErr::SqlxError(Arc::new(error))).into()
}
