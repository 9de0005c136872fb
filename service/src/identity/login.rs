//! How many failures a sign-in may have.
//!
//! Five within 15 minutes of one account from one address end that pair's tries for the window.
//! From ten of an account (whatever the address) or twenty of an address (whatever the account) on,
//! each failure doubles the wait after the last one, to 15 minutes at most.

use std::time::Duration;

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use entity::identity::login_failure::Model;

const WINDOW: TimeDelta = TimeDelta::minutes(15);
const PAIR: i32 = 5;
const ACCOUNT: i32 = 10;
const ADDRESS: i32 = 20;

/// The start of the window that `now` is in.
pub(super) fn window(now: DateTime<Utc>) -> DateTime<Utc> {
    now.duration_trunc(WINDOW).unwrap_or(now)
}

/// Since when failures count.
pub(super) fn since(now: DateTime<Utc>) -> DateTime<Utc> {
    now - WINDOW
}

/// How long `account` has to wait at `address`, given the failures of either.
pub(super) fn wait(
    rows: &[Model],
    account: &str,
    address: &str,
    now: DateTime<Utc>,
) -> Option<Duration> {
    let until = |limit, growing: bool, which: &dyn Fn(&Model) -> bool| {
        let mine = || rows.iter().filter(|row| which(row));
        let count: i32 = mine().map(|row| row.count).sum();
        let last = mine().map(|row| row.updated_at).max()?;
        let over = u32::try_from(count - limit).ok()?;
        let delay = if growing {
            TimeDelta::seconds(2_i64.saturating_pow(over.min(10))).min(WINDOW)
        } else {
            WINDOW
        };
        Some(last + delay)
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
    .max()
    .and_then(|until| (until - now).to_std().ok())
    .filter(|wait| !wait.is_zero())
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
        let wait = |rows: &[Model]| wait(rows, "a", "1", now).map(|wait| wait.as_secs());
        for (rows, expected) in [
            (vec![], None),
            (vec![row("a", "1", 4, now)], None),
            (vec![row("a", "1", 5, now)], Some(900)),
            (vec![row("a", "2", 9, now)], None),
            (vec![row("a", "2", 10, now)], Some(1)),
            (vec![row("a", "2", 8, now), row("a", "3", 7, now)], Some(32)),
            (vec![row("b", "1", 19, now)], None),
            (vec![row("b", "1", 400, now)], Some(900)),
        ] {
            assert_eq!(wait(&rows), expected, "{rows:?}");
        }
    }
}
