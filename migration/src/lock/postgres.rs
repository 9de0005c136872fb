//! A session advisory lock, on a connection taken out of the pool.
//!
//! It is asked for again and again, never waited for inside the server: a statement that waits
//! holds a snapshot, and `CREATE INDEX CONCURRENTLY` in the process that holds the lock would wait
//! for that snapshot in turn.

use std::future::ready;
use std::sync::Arc;
use std::time::Duration;

use sea_orm_migration::sea_orm::sqlx::postgres::PgRow;
use sea_orm_migration::sea_orm::sqlx::{
    self, AssertSqlSafe, Connection, Executor as _, PgConnection, Row as _,
};
use sea_orm_migration::sea_orm::{
    ConnectionTrait, DatabaseConnection, DbBackend, DbErr, RuntimeErr, Statement,
};
use tracing::warn;

use super::Waits;
use super::holder::{Holder, Queue};
use crate::error::Error;

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

/// The lease's table, where there is one.
const LEASE_TABLE: &str =
    "SELECT to_regclass(quote_ident(current_schema()) || '.chancery_migration_lease')::text";

/// Who has the lease, and whether it ran out.
const LEASE_HOLDER: &str = "SELECT holder, expires_at::text, expires_at < clock_timestamp()
    FROM $table WHERE name = 'migrate'";

/// Takes a lease away that ran out, so that whoever had it and comes to life again does not renew it.
/// One whose transaction proves just now that it is held is left to that.
const LEASE_END: &str = "DELETE FROM $table WHERE name = 'migrate' AND expires_at < clock_timestamp()
      AND name IN (SELECT name FROM $table WHERE expires_at < clock_timestamp() FOR UPDATE SKIP LOCKED)";

const SESSION: &str = "SELECT pg_backend_pid()";

/// One lock a schema; advisory locks are each database's own.
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
    let before: i32 = one(&mut ours, SESSION).await?;
    let mut other = pool.acquire().await.map_err(acquire)?;
    other
        .execute(sqlx::raw_sql("BEGIN"))
        .await
        .map_err(Error::query)?;
    let others: i32 = one(&mut other, SESSION).await?;
    // Where the pooler has one session only, it is the other's by now, and ours would wait for its end.
    let is_same = others != before
        && matches!(
            tokio::time::timeout(LOOK, one::<i32>(&mut ours, SESSION)).await,
            Ok(Ok(after)) if after == before
        );
    other
        .execute(sqlx::raw_sql("ROLLBACK"))
        .await
        .map_err(Error::query)?;
    Ok(is_same.then_some(ours))
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

/// Take the lock. Somebody behind a pooler may have the lease instead: each takes its own first and then
/// looks for the other, so that of two at the same time one sees the other at least. It is the session
/// that gives way, and whoever has the lease that keeps it.
pub(super) async fn take(
    mut connection: PgConnection,
    wait: Duration,
    waits: Waits<'_>,
) -> Result<Session, Error> {
    stay(&mut connection).await?;
    let key = key(&mut connection).await?;
    let take = format!("SELECT pg_try_advisory_lock({key})");
    let mut queue = Queue::new(wait, waits);
    loop {
        if !one::<bool>(&mut connection, &take).await? {
            queue.pass(holder(&mut connection, key)).await?;
        } else if lease(&mut connection).await?.is_none() {
            break;
        } else {
            let give = format!("SELECT pg_advisory_unlock({key})");
            one::<bool>(&mut connection, &give).await?;
            // Whoever has the lease may be waiting for this lock, so nobody takes it meanwhile.
            while let Some(lease) = lease(&mut connection).await? {
                queue.pass(ready(Ok(Some(lease)))).await?;
            }
        }
    }
    unmarked(&mut connection, key, &mut queue).await?;
    let pid = one(&mut connection, SESSION).await?;
    Ok(Session {
        connection,
        pid,
        key,
    })
}

/// The one value that is asked for, in words that a pooler understands.
async fn one<T>(connection: &mut PgConnection, ask: &str) -> Result<T, Error>
where
    T: for<'r> sqlx::Decode<'r, sqlx::Postgres> + sqlx::Type<sqlx::Postgres>,
{
    let ask = sqlx::raw_sql(AssertSqlSafe(ask.to_owned()));
    let row = connection.fetch_one(ask).await;
    row.and_then(|row| row.try_get(0)).map_err(Error::query)
}

/// Which of the server's locks are granted ones of `key`: its two halves are theirs.
fn granted(key: i64) -> String {
    format!(
        "l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
           AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
           AND (l.classid::bigint << 32 | l.objid::bigint) = {key}"
    )
}

/// Whoever has the lock of `key`.
pub(super) async fn holder(
    connection: &mut PgConnection,
    key: i64,
) -> Result<Option<Holder>, Error> {
    let ask = format!(
        "SELECT l.pid, nullif(a.application_name, ''),
           CASE a.client_port WHEN -1 THEN 'local' ELSE host(a.client_addr) END,
           to_char(a.backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')
         FROM pg_locks l LEFT JOIN pg_stat_activity a ON a.pid = l.pid
         WHERE {} ORDER BY l.pid LIMIT 1",
        granted(key)
    );
    let ask = sqlx::raw_sql(AssertSqlSafe(ask));
    let row = connection.fetch_optional(ask).await.map_err(Error::query)?;
    let read = |row: PgRow| {
        Ok(Holder::Session {
            pid: row.try_get(0)?,
            application: row.try_get(1)?,
            address: row.try_get(2)?,
            since: row.try_get(3)?,
        })
    };
    row.map(read).transpose().map_err(Error::query)
}

/// Whoever has the lease.
pub(super) async fn lease(connection: &mut PgConnection) -> Result<Option<Holder>, Error> {
    let Some(table) = one::<Option<String>>(connection, LEASE_TABLE).await? else {
        return Ok(None);
    };
    let words = |sql: &str| sqlx::raw_sql(AssertSqlSafe(sql.replace("$table", &table)));
    let row = connection.fetch_optional(words(LEASE_HOLDER)).await;
    let Some(row) = row.map_err(Error::query)? else {
        return Ok(None);
    };
    if row.try_get(2).map_err(Error::query)? {
        let ended = connection.execute(words(LEASE_END)).await;
        if ended.map_err(Error::query)?.rows_affected() > 0 {
            return Ok(None);
        }
    }
    Ok(Some(Holder::Lease {
        holder: row.try_get(0).map_err(Error::query)?,
        until: row.try_get(1).map_err(Error::query)?,
    }))
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
    one(connection, KEY).await
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
    queue: &mut Queue<'_>,
) -> Result<(), Error> {
    let mark = mark_of(key);
    let ask = format!("SELECT pg_try_advisory_xact_lock({mark})");
    while !one::<bool>(connection, &ask).await? {
        queue.pass(holder(connection, mark)).await?;
    }
    Ok(())
}

impl Session {
    /// Whether it has the lock still, as seen from another session.
    pub(super) async fn is_held(&self, at: &impl ConnectionTrait) -> Result<bool, DbErr> {
        let locks = granted(self.key);
        let ask = format!(
            "SELECT 1 FROM pg_locks l WHERE {locks} AND l.pid = {}",
            self.pid
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
