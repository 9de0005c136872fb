//! How many failures a sign-in may have.
//!
//! Five within 15 minutes of one account from one address end that pair's tries for the window.
//! From ten of an account (whatever the address) or twenty of an address (whatever the account) on,
//! each failure doubles the wait after the last one, to 15 minutes at most.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use entity::identity::login_failure::Model;
use tokio::sync::{Mutex, MutexGuard};

use crate::error::Limit;

const WINDOW: TimeDelta = TimeDelta::minutes(15);
const PAIR: Limit = limit("sign-in", 5);
const ACCOUNT: Limit = limit("sign-in-account", 10);
const ADDRESS: Limit = limit("sign-in-address", 20);

const fn limit(policy: &'static str, quota: u32) -> Limit {
    Limit {
        policy,
        quota,
        window: Duration::from_mins(15),
    }
}

/// The start of the window that `now` is in.
pub(super) fn window(now: DateTime<Utc>) -> DateTime<Utc> {
    now.duration_trunc(WINDOW).unwrap_or(now)
}

/// Since when failures count.
pub(super) fn since(now: DateTime<Utc>) -> DateTime<Utc> {
    now - WINDOW
}

/// How long `account` has to wait at `address`, given the failures of either, and why.
pub(super) fn wait(
    rows: &[Model],
    account: &str,
    address: &str,
    now: DateTime<Utc>,
) -> Option<(Limit, Duration)> {
    let until = |limit: Limit, growing: bool, which: &dyn Fn(&Model) -> bool| {
        let mine = || rows.iter().filter(|row| which(row));
        let count: i64 = mine().map(|row| i64::from(row.count)).sum();
        let last = mine().map(|row| row.updated_at).max()?;
        let over = u32::try_from(count - i64::from(limit.quota)).ok()?;
        let delay = if growing {
            TimeDelta::seconds(2_i64.saturating_pow(over.min(10))).min(WINDOW)
        } else {
            WINDOW
        };
        Some((limit, last + delay))
    };
    [
        until(PAIR, false, &|row| {
            row.account_hash == account && row.address == address
        }),
        until(ACCOUNT, true, &|row| row.account_hash == account),
        until(ADDRESS, true, &|row| row.address == address),
    ]
    .into_iter()
    .flatten()
    .max_by_key(|(_, until)| *until)
    .and_then(|(limit, until)| Some((limit, (until - now).to_std().ok()?)))
    .filter(|(_, wait)| !wait.is_zero())
}

/// Whose turn it is to sign in: tries for one account from one address go one after another, so that
/// no number of them at the same time is more than the limit. (Other replicas have turns of their own: each
/// may be one try ahead.)
#[derive(Debug, Default)]
pub struct Turns([Mutex<()>; 32]);

impl Turns {
    /// Wait for the turn. Strangers share one now and then, which costs them a moment.
    pub(super) async fn take(&self, account: &str, address: &str) -> MutexGuard<'_, ()> {
        let mut hasher = DefaultHasher::new();
        (account, address).hash(&mut hasher);
        let at = usize::try_from(hasher.finish() % self.0.len() as u64).unwrap_or(0);
        self.0[at].lock().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use entity::id::LoginFailureId;

    fn row(account: &str, address: &str, count: i32, at: DateTime<Utc>) -> Model {
        Model {
            id: LoginFailureId(uuid::Uuid::nil()),
            account_hash: account.into(),
            address: address.into(),
            window_start: window(at),
            count,
            created_at: at,
            updated_at: at,
        }
    }

    #[test]
    fn failures_close_the_pair_and_slow_the_rest() {
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let wait = |rows: &[Model]| {
            wait(rows, "a", "1", now).map(|(limit, wait)| (limit.policy, wait.as_secs()))
        };
        let (account, address) = ("sign-in-account", "sign-in-address");
        for (rows, expected) in [
            (vec![], None),
            (vec![row("a", "1", 4, now)], None),
            (vec![row("a", "1", 5, now)], Some(("sign-in", 900))),
            (vec![row("a", "2", 9, now)], None),
            (vec![row("a", "2", 10, now)], Some((account, 1))),
            (
                vec![row("a", "2", 8, now), row("a", "3", 7, now)],
                Some((account, 32)),
            ),
            (vec![row("b", "1", 19, now)], None),
            (vec![row("b", "1", 400, now)], Some((address, 900))),
        ] {
            assert_eq!(wait(&rows), expected, "{rows:?}");
        }
    }
}
