//! A row with an end, for where sessions are not one's own: behind a pooler of transactions an
//! advisory lock would belong to whoever comes next.
//!
//! The row is renewed while the work goes on. Of a process that dies it runs out.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use sea_orm_migration::sea_orm::sqlx::postgres::PgPool;
use sea_orm_migration::sea_orm::sqlx::{self, AssertSqlSafe, Executor as _, Row as _};
use tokio::runtime::Handle;
use tokio::task::{AbortHandle, JoinHandle};
use tracing::warn;

use super::postgres::{LEASE_CREATE, LEASE_GIVE, LEASE_HOLDER, LEASE_RENEW, LEASE_TAKE};
use super::{ASK_AGAIN, Waits};
use crate::error::Error;

/// How often it is renewed. It runs out after three times as long.
const RENEWAL: Duration = Duration::from_secs(10);

/// The row, while it is ours.
pub(super) struct Lease {
    pool: PgPool,
    holder: String,
    renewal: AbortHandle,
    is_given: bool,
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
        let (renewed, own) = (pool.clone(), holder.clone());
        let renewal = tokio::spawn(async move {
            loop {
                tokio::time::sleep(RENEWAL).await;
                if !affects(&renewed, LEASE_RENEW, &own).await.unwrap_or(false) {
                    warn!("the lease of this migration could not be renewed");
                }
            }
        });
        Ok(Self {
            pool: pool.clone(),
            holder,
            renewal: renewal.abort_handle(),
            is_given: false,
        })
    }

    /// Let the next one in.
    pub(super) async fn give_back(mut self) -> Result<(), Error> {
        self.is_given = true;
        if affects(&self.pool, LEASE_GIVE, &self.holder).await? {
            return Ok(());
        }
        Err(Error::Option(
            "the lease ran out while this migration was under way, and another may have begun: look \
             at `migrate status`"
                .to_owned(),
        ))
    }
}
