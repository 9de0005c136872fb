//! A session advisory lock, on a connection taken out of the pool.
//!
//! It is asked for again and again, never waited for inside the server: a statement that waits
//! holds a snapshot, and `CREATE INDEX CONCURRENTLY` in the process that holds the lock would wait
//! for that snapshot in turn.

use std::sync::Arc;
use std::time::{Duration, Instant};

use sea_orm_migration::sea_orm::sqlx::{
    self, AssertSqlSafe, Connection, Executor as _, PgConnection, Row as _,
};
use sea_orm_migration::sea_orm::{
    ConnectionTrait, DatabaseConnection, DbBackend, DbErr, RuntimeErr, Statement,
};
use tracing::warn;

use super::{ASK_AGAIN, Waits};
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

pub(super) const LEASE_CREATE: &str = "CREATE TABLE IF NOT EXISTS chancery_migration_lease (
        name text NOT NULL CONSTRAINT chancery_migration_lease_pkey PRIMARY KEY,
        holder text NOT NULL,
        expires_at timestamptz NOT NULL
    )";

pub(super) const LEASE_TAKE: &str =
    "INSERT INTO chancery_migration_lease AS lease (name, holder, expires_at)
    VALUES ('migrate', $holder, clock_timestamp() + interval '30 seconds')
    ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, expires_at = excluded.expires_at
    WHERE lease.expires_at < clock_timestamp()";

pub(super) const LEASE_RENEW: &str = "UPDATE chancery_migration_lease
    SET expires_at = clock_timestamp() + interval '30 seconds'
    WHERE name = 'migrate' AND holder = $holder";

pub(super) const LEASE_GIVE: &str =
    "DELETE FROM chancery_migration_lease WHERE name = 'migrate' AND holder = $holder";

pub(super) const LEASE_HELD: &str =
    "SELECT 1 FROM chancery_migration_lease WHERE name = 'migrate' AND holder = $holder FOR UPDATE";

pub(super) const LEASE_HOLDER: &str =
    "SELECT format('%s, until %s', holder, expires_at) FROM chancery_migration_lease";

const SESSION: &str = "SELECT pg_backend_pid()";

const KEY: &str = "SELECT hashtextextended('chancery.migrate.' || current_schema(), 0)";

/// The first server that ends sessions for doing nothing.
const KNOWS_IDLE_SESSIONS: u32 = 140_000;

/// How long a look at the sessions may take. Of two runs one must not take a server that is only slow
/// for a pooler: they would hold two locks.
const LOOK: Duration = Duration::from_secs(30);

/// A session of our own, or none where something hands sessions out for a transaction only: then
/// another transaction takes the session that was ours a moment ago, and we have another one.
pub(super) async fn own_session(db: &DatabaseConnection) -> Result<Option<PgConnection>, Error> {
    crate::schema::check_place(db).await?;
    let pool = db.get_postgres_connection_pool();
    let mut ours = pool.acquire().await.map_err(acquire)?.detach();
    let before = session(&mut ours).await?;
    let mut other = pool.acquire().await.map_err(acquire)?;
    other
        .execute(sqlx::raw_sql("BEGIN"))
        .await
        .map_err(Error::query)?;
    let others = session(&mut other).await?;
    // Where the pooler has one session only, it is the other's by now, and ours would wait for its end.
    let is_same = others != before
        && matches!(
            tokio::time::timeout(LOOK, session(&mut ours)).await,
            Ok(Ok(after)) if after == before
        );
    other
        .execute(sqlx::raw_sql("ROLLBACK"))
        .await
        .map_err(Error::query)?;
    Ok(is_same.then_some(ours))
}

async fn session(connection: &mut PgConnection) -> Result<i32, Error> {
    let row = connection.fetch_one(sqlx::raw_sql(SESSION)).await;
    row.and_then(|row| row.try_get(0)).map_err(Error::query)
}

/// A session of our own, whatever is between.
pub(super) async fn any_session(db: &DatabaseConnection) -> Result<PgConnection, Error> {
    let pool = db.get_postgres_connection_pool();
    Ok(pool.acquire().await.map_err(acquire)?.detach())
}

/// A session that has the lock.
pub(super) struct Session {
    connection: PgConnection,
    pid: i32,
    /// By which the lock is known.
    pub(super) key: i64,
}

pub(super) async fn take(
    mut connection: PgConnection,
    wait: Duration,
    waits: Waits<'_>,
) -> Result<Session, Error> {
    stay(&mut connection).await?;
    let began = Instant::now();
    let mut told = false;
    loop {
        let taken: bool = sqlx::query_scalar(TAKE)
            .fetch_one(&mut connection)
            .await
            .map_err(Error::query)?;
        if taken {
            break;
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
                .map_err(Error::query)?;
            waits(holder.as_deref().unwrap_or("unknown"));
        }
        tokio::time::sleep(ASK_AGAIN).await;
    }
    let key = key(&mut connection).await?;
    let left = wait.saturating_sub(began.elapsed());
    unmarked(&mut connection, key, left).await?;
    let pid = session(&mut connection).await?;
    Ok(Session {
        connection,
        pid,
        key,
    })
}

/// A session that does nothing for as long as the steps run is not to be ended for that, and a firewall
/// shall see that it lives.
async fn stay(connection: &mut PgConnection) -> Result<(), Error> {
    let version = connection.server_version_num().unwrap_or_default();
    let mut set = "SET tcp_keepalives_idle = 30; SET tcp_keepalives_interval = 10".to_owned();
    if version >= KNOWS_IDLE_SESSIONS {
        set.push_str("; SET idle_session_timeout = 0");
    }
    let done = connection.execute(sqlx::raw_sql(AssertSqlSafe(set))).await;
    done.map(drop).map_err(Error::query)
}

/// By which the lock is known.
pub(super) async fn key(connection: &mut PgConnection) -> Result<i64, Error> {
    let row = connection.fetch_one(sqlx::raw_sql(KEY)).await;
    row.and_then(|row| row.try_get(0)).map_err(Error::query)
}

/// Whoever has a transaction open under the lock has this, too.
fn mark_of(key: i64) -> i64 {
    key ^ 1
}

/// Have `tx` be seen by whoever has the lock next.
pub(super) async fn mark(tx: &impl ConnectionTrait, key: i64) -> Result<(), DbErr> {
    let mark = format!("SELECT pg_advisory_xact_lock_shared({})", mark_of(key));
    tx.execute_unprepared(&mark).await.map(drop)
}

/// Wait until nobody who had the lock before has a transaction open, who may have lost it unseen.
pub(super) async fn unmarked(
    connection: &mut PgConnection,
    key: i64,
    wait: Duration,
) -> Result<(), Error> {
    let began = Instant::now();
    let ask = format!("SELECT pg_try_advisory_xact_lock({})", mark_of(key));
    loop {
        let asked = sqlx::raw_sql(AssertSqlSafe(ask.clone()));
        let row = connection.fetch_one(asked).await;
        let is_alone: bool = row.and_then(|row| row.try_get(0)).map_err(Error::query)?;
        if is_alone {
            return Ok(());
        }
        if began.elapsed() >= wait {
            return Err(Error::Locked {
                waited: began.elapsed(),
            });
        }
        tokio::time::sleep(ASK_AGAIN).await;
    }
}

impl Session {
    /// Whether it has the lock still, as seen from another session.
    pub(super) async fn is_held(&self, at: &impl ConnectionTrait) -> Result<bool, DbErr> {
        let ask = format!(
            "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1
               AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
               AND (classid::bigint << 32 | objid::bigint) = {} AND pid = {}",
            self.key, self.pid
        );
        let found = at
            .query_one_raw(Statement::from_string(DbBackend::Postgres, ask))
            .await?;
        Ok(found.is_some())
    }

    /// The lock ends with its session. Where that is gone, so is the lock, and what was kept was kept
    /// before.
    pub(super) async fn release(self) {
        if let Err(error) = self.connection.close().await {
            warn!("the lock's session was gone when the migration ended: {error}");
        }
    }
}

fn acquire(error: sqlx::Error) -> Error {
    DbErr::Conn(RuntimeErr::SqlxError(Arc::new(error))).into()
}
