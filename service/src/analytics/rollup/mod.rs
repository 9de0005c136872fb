//! Rollups: tokens and messages, summed up as they are written.
//!
//! A write puts down a delta in its own transaction ([`said`], [`counted`]); [`fold()`] moves open
//! deltas into the rollups; a read adds the open ones to the rollups in one statement. So the sum of
//! rollups and open deltas is the sum of the rows that they stand for, at every moment and in every
//! snapshot. [`rebuild()`] proves that and mends it, [`reconcile()`] takes in what another backend
//! wrote into the shared tables without a delta.
//!
//! Of tokens there are seven: by the quarter of an hour, the hour and the day; by person and quarter, day and
//! month; by thread. With the days of people goes how many of them were active. Runs and outputs of stages
//! have sums of their own, and deltas that triggers write. Who moves any of them holds the row of
//! `rollup_state`, so there is one at a time, and two that change the same sums cannot wait for each other.

mod active;
mod compare;
mod fold;
mod grain;
mod packs;
mod rebuild;
mod reconcile;
mod runs;
mod stages;
mod standing;
mod store;
mod sums;
mod walk;

pub use compare::{Difference, Differences};
pub use fold::fold;
pub use packs::pack;
pub(super) use rebuild::resume;
pub use rebuild::{Progress, Report, rebuild};
pub use reconcile::{Reconciled, reconcile};
pub(super) use runs::Place;
pub use standing::{Building, Standing, standing};
pub(crate) use store::Which;
pub(super) use sums::{Dims, day, moment, month_around};

use chrono::{DateTime, Utc};
use entity::conversation::thread;
use entity::id::ThreadId;
use sea_orm::{ConnectionTrait, Statement};

use self::sums::{Amount, Key, Sums};
use super::dialect;
use crate::conversation::MessageDetail;
use crate::db::Reader;
use crate::error::Result;
use crate::write::Write;

/// The seconds of the finest bucket: every offset that a time zone has today is a multiple of it.
pub(super) const QUARTER: i64 = 900;
/// The seconds of an hour.
pub(super) const HOUR: i64 = 3_600;
/// The seconds of a day.
pub(super) const DAY: i64 = 86_400;

/// What a model's name is cut at, in characters.
const MODEL: usize = 255;

/// Count messages that the open write puts into a thread.
pub(crate) async fn said(
    tx: &Write,
    thread: &thread::Model,
    details: &[MessageDetail],
) -> Result<()> {
    let mut sums = Sums::default();
    for detail in details {
        let key = |dims| Key {
            bucket: bucket(detail.message.creation_date),
            user: thread.user_id,
            thread: thread.id,
            dims,
        };
        let one = Amount {
            count: 0,
            messages: 1,
        };
        sums.add(key(None), one);
        let mut seen: Vec<Dims> = Vec::new();
        for row in &detail.tokens {
            let dims = Dims {
                model: row.model.chars().take(MODEL).collect(),
                task: row.task,
                kind: row.kind,
            };
            let messages = i64::from(!seen.contains(&dims));
            let count = i64::from(row.count);
            sums.add(key(Some(dims.clone())), Amount { count, messages });
            seen.push(dims);
        }
    }
    store::put(tx, sums).await
}

/// Count rows that stand in the database, `times` over: `-1` before the open write takes them away
/// or changes them, `1` after it changed them.
pub(crate) async fn counted(tx: &Write, which: Which<'_>, times: i64) -> Result<()> {
    let sums = store::raw(tx, which, times).await?;
    store::put(tx, sums).await
}

/// Count the messages of threads that the open write takes away.
pub(crate) async fn gone(tx: &Write, threads: &[ThreadId]) -> Result<()> {
    counted(tx, Which::Threads(threads), -1).await
}

/// Up to when what another backend wrote is in the rollups; `None`, until they were built.
pub(super) async fn as_of(conn: &impl ConnectionTrait) -> Result<Option<DateTime<Utc>>> {
    let state = store::state(conn).await?;
    Ok(state
        .filter(|state| state.built_at.is_some())
        .and_then(|state| state.reconciled_to))
}

/// Whether what stands in `table`, of runs or of stages, can be read from rollups: these were built, and
/// triggers keep them. A table that was another program's has none, so that it is read itself.
pub(super) async fn counts(reader: &Reader, table: &str) -> Result<bool> {
    if !charts_built(reader).await? {
        return Ok(false);
    }
    let ask = dialect::is_counted(reader.engine(), table);
    let ask = Statement::from_string(reader.get_database_backend(), ask);
    let row = reader.query_one_raw(ask).await?;
    Ok(row.map_or(Ok(false), |row| row.try_get_by_index(0))?)
}

/// Whether runs, stages and active people can be read from their rollups: these were built.
pub(super) async fn charts_built(conn: &impl ConnectionTrait) -> Result<bool> {
    let state = store::state(conn).await?;
    Ok(state.is_some_and(|state| state.charts_built_at.is_some()))
}

/// The bucket that a moment falls into, in seconds since 1970.
fn bucket(moment: DateTime<Utc>) -> i64 {
    let seconds = moment.timestamp();
    seconds - seconds.rem_euclid(QUARTER)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_fall_into_quarters_of_an_hour() {
        for (moment, start) in [
            ("2026-03-29T00:14:59.999999Z", "2026-03-29T00:00:00Z"),
            ("2026-03-29T00:15:00Z", "2026-03-29T00:15:00Z"),
            ("1969-12-31T23:59:59.5Z", "1969-12-31T23:45:00Z"),
        ] {
            let moment: DateTime<Utc> = moment.parse().unwrap();
            let start: DateTime<Utc> = start.parse().unwrap();
            assert_eq!(bucket(moment), start.timestamp(), "{moment}");
        }
    }
}
