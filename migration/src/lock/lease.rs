//! A row with an end, for where sessions are not one's own: behind a pooler of transactions an
//! advisory lock would belong to whoever comes next.
//!
//! The row is renewed while the work goes on. Of a process that dies it runs out.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use sea_orm_migration::sea_orm::sqlx::postgres::PgPool;
use sea_orm_migration::sea_orm::sqlx::{self, AssertSqlSafe, Executor as _, Row as _};
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend, DbErr, Statement};
use tokio::runtime::Handle;
use tokio::task::{AbortHandle, JoinHandle};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::postgres::{
    self, LEASE_CREATE, LEASE_GIVE, LEASE_HELD, LEASE_HOLDER, LEASE_RENEW, LEASE_TAKE,
};
use super::{ASK_AGAIN, Waits};
use crate::error::Error;

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

/// Whoever we are: no other process has this name.
fn name() -> String {
    use std::hash::{BuildHasher as _, RandomState};
    let random = RandomState::new().hash_one(std::process::id());
    format!("pid {} {random:016x}", std::process::id())
}

/// One statement, in words that a pooler understands.
async fn affects(pool: &PgPool, sql: &str, holder: &str) -> Result<bool, Error> {
    let sql = sql.replace("$holder", &format!("'{holder}'"));
    let done = pool.execute(sqlx::raw_sql(AssertSqlSafe(sql))).await;
    Ok(done.map_err(Error::query)?.rows_affected() > 0)
}

impl Lease {
    /// Take it, waiting for it at most as long as `wait`.
    #[expect(
        clippy::disallowed_methods,
        reason = "it is renewed while whoever holds it works, and ends with them"
    )]
    pub(super) async fn take(
        pool: &PgPool,
        wait: Duration,
        waits: Waits<'_>,
    ) -> Result<Self, Error> {
        let holder = name();
        affects(pool, LEASE_CREATE, &holder).await?;
        let began = Instant::now();
        let mut told = false;
        while !affects(pool, LEASE_TAKE, &holder).await? {
            if began.elapsed() >= wait {
                return Err(Error::Locked {
                    waited: began.elapsed(),
                });
            }
            if !told {
                told = true;
                let row = pool.fetch_optional(sqlx::raw_sql(LEASE_HOLDER)).await;
                let row = row.map_err(Error::query)?;
                let holder: String = row.map_or_else(String::new, |row| row.get(0));
                waits(&holder);
            }
            tokio::time::sleep(ASK_AGAIN).await;
        }
        let lost = CancellationToken::new();
        let renewed = renewed(pool.clone(), holder.clone(), lost.clone());
        let renewal = tokio::spawn(renewed).abort_handle();
        // From here on it is given back, whatever fails.
        let mut lease = Self {
            pool: pool.clone(),
            holder,
            renewal,
            is_given: false,
            lost,
            key: 0,
        };
        let mut session = pool.acquire().await.map_err(Error::query)?;
        lease.key = postgres::key(&mut session).await?;
        let left = wait.saturating_sub(began.elapsed());
        postgres::unmarked(&mut session, lease.key, left).await?;
        Ok(lease)
    }

    /// Whether it is ours still; nobody takes it over before the transaction `at` ends.
    pub(super) async fn is_held(&self, at: &impl ConnectionTrait) -> Result<bool, DbErr> {
        let ask = LEASE_HELD.replace("$holder", &format!("'{}'", self.holder));
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
