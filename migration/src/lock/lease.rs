//! A row with an end, for where sessions are not one's own: behind a pooler of transactions an
//! advisory lock would belong to whoever comes next.
//!
//! The row is renewed while the work goes on. Of a process that dies it runs out.

use std::future::ready;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use sea_orm_migration::sea_orm::sqlx::postgres::PgPool;
use sea_orm_migration::sea_orm::sqlx::{self, AssertSqlSafe, Executor as _};
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend, DbErr, Statement};
use tokio::runtime::Handle;
use tokio::task::{AbortHandle, JoinHandle};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::Waits;
use super::holder::Queue;
use super::postgres::{self, LEASE_CREATE, LEASE_GIVE, LEASE_HELD, LEASE_RENEW, LEASE_TAKE};
use crate::error::Error;
use crate::schema::literal;
use crate::{history, private};

/// How often it is renewed. It runs out after three times as long.
const RENEWAL: Duration = Duration::from_secs(10);

/// After so long without a renewal it may run out before the next one.
const STALE: Duration = Duration::from_secs(20);

/// The row, while it is ours.
pub(super) struct Lease {
    pool: PgPool,
    holder: String,
    renewal: AbortHandle,
    is_given: bool,
    /// Says when it is somebody else's, or may be.
    pub(super) lost: CancellationToken,
    /// By which transactions under it are known.
    pub(super) key: i64,
}

/// What gives back the leases of those who ended early, and takes away what they made for a while.
static LEFT: Mutex<Vec<JoinHandle<()>>> = Mutex::new(Vec::new());

/// How long that may take.
const GIVING: Duration = Duration::from_secs(10);

/// Whoever ends early, because of an error or because it was told to, keeps nobody out.
impl Drop for Lease {
    fn drop(&mut self) {
        self.renewal.abort();
        if self.is_given {
            return;
        }
        let (pool, holder) = (self.pool.clone(), self.holder.clone());
        owe(async move {
            // Where the database is gone, it runs out.
            affects(&pool, LEASE_GIVE, &holder).await.ok();
        });
    }
}

/// Have `task` done before the program ends, by whoever waits in [`settle`].
pub(crate) fn owe(task: impl Future<Output = ()> + Send + 'static) {
    if let (Ok(runtime), Ok(mut left)) = (Handle::try_current(), LEFT.lock()) {
        left.push(runtime.spawn(task));
    }
}

/// Wait until what those owe who ended early is done.
pub(crate) async fn settle() {
    let left = LEFT.lock().map(|mut left| std::mem::take(&mut *left));
    let all = futures::future::join_all(left.unwrap_or_default());
    tokio::time::timeout(GIVING, all).await.ok();
}

/// Renew it until it is somebody else's, or may be.
async fn renewed(pool: PgPool, holder: String, lost: CancellationToken) {
    let mut renewed_at = Instant::now();
    loop {
        tokio::time::sleep(RENEWAL).await;
        match affects(&pool, LEASE_RENEW, &holder).await {
            Ok(true) => renewed_at = Instant::now(),
            Err(error) if renewed_at.elapsed() < STALE => {
                warn!("the lease of this migration could not be renewed yet: {error}");
            }
            _ => return lost.cancel(),
        }
    }
}

/// Whoever we are, for those who wait for us: no other process has this name.
fn name(actor: &str) -> String {
    // It is written between quotes, whatever the server takes a backslash for, and printed.
    let plain = |one: &char| !one.is_control() && *one != '\\';
    let actor: String = actor.chars().filter(plain).collect();
    let host = host().map_or_else(String::new, |host| format!(" at {host}"));
    let (pid, since) = (std::process::id(), history::now());
    let random = private::number();
    format!("{actor}{host}, pid {pid}, since {since} ({random:016x})")
}

/// What this machine or container is called, where the system says so in a file.
fn host() -> Option<String> {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").ok()?;
    let name = name.trim();
    (!name.is_empty()).then(|| name.to_owned())
}

/// `sql` about the row of `holder`, in words that a pooler understands.
fn about(sql: &str, holder: &str) -> String {
    sql.replace("$holder", &literal(holder))
}

async fn affects(pool: &PgPool, sql: &str, holder: &str) -> Result<bool, Error> {
    let sql = sqlx::raw_sql(AssertSqlSafe(about(sql, holder)));
    let done = pool.execute(sql).await;
    Ok(done.map_err(Error::query)?.rows_affected() > 0)
}

impl Lease {
    /// Take it for `actor`, waiting for it at most as long as `wait`. Whoever has a session's lock instead
    /// is waited for with the lease in hand: no other session begins then.
    pub(super) async fn take(
        pool: &PgPool,
        actor: &str,
        wait: Duration,
        waits: Waits<'_>,
    ) -> Result<Self, Error> {
        let holder = name(actor);
        affects(pool, LEASE_CREATE, &holder).await?;
        let mut queue = Queue::new(wait, waits);
        while !affects(pool, LEASE_TAKE, &holder).await? {
            let who = async {
                let mut session = pool.acquire().await.map_err(Error::query)?;
                postgres::lease(&mut session).await
            };
            queue.pass(who).await?;
        }
        // From here on it is given back, whatever fails.
        let mut lease = Self::kept(pool.clone(), holder);
        let mut session = pool.acquire().await.map_err(Error::query)?;
        lease.key = postgres::key(&mut session).await?;
        while let Some(other) = postgres::holder(&mut session, lease.key).await? {
            queue.pass(ready(Ok(Some(other)))).await?;
        }
        postgres::unmarked(&mut session, lease.key, &mut queue).await?;
        Ok(lease)
    }

    /// The row that is `holder`'s, renewed from now on.
    #[expect(
        clippy::disallowed_methods,
        reason = "it is renewed while whoever holds it works, and ends with them"
    )]
    fn kept(pool: PgPool, holder: String) -> Self {
        let lost = CancellationToken::new();
        let renewed = renewed(pool.clone(), holder.clone(), lost.clone());
        Self {
            pool,
            holder,
            renewal: tokio::spawn(renewed).abort_handle(),
            is_given: false,
            lost,
            key: 0,
        }
    }

    /// Whether it is ours still; nobody takes it over before the transaction `at` ends.
    pub(super) async fn is_held(&self, at: &impl ConnectionTrait) -> Result<bool, DbErr> {
        let ask = about(LEASE_HELD, &self.holder);
        let found = at
            .query_one_raw(Statement::from_string(DbBackend::Postgres, ask))
            .await?;
        Ok(found.is_some())
    }

    /// Let the next one in.
    pub(super) async fn give_back(mut self) -> Result<(), Error> {
        self.is_given = true;
        if affects(&self.pool, LEASE_GIVE, &self.holder).await? {
            return Ok(());
        }
        Err(Error::LockLost("this run".to_owned()))
    }
}
