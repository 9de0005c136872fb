//! Who is active, and who comes back.
//!
//! Somebody is active on a day of UTC when a message of that day stands in a thread of theirs, be it
//! theirs, the model's or a tool's. Signing in alone, or a run, is not activity. Days are read from
//! the rollup of (day, person) and the open deltas; what is taken back was never there. How many were
//! active is read from sums by day and by how long people were away, so that nobody is told apart.

mod store;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use super::calendar::Bucket;
use super::edges::{Period, filled};
use super::rollup;
use super::series::Range;
use crate::check::Check;
use crate::ctx::Ctx;
use crate::error::Result;

/// The most buckets of a retention: every cohort has one number for each that follows.
const COHORTS: usize = 60;

/// How many people were active.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ActiveUsers {
    /// Up to when what another backend wrote is counted.
    pub as_of: Option<DateTime<Utc>>,
    /// How many different people in the whole period.
    pub all: i64,
    /// How many different people in each bucket.
    pub points: Vec<(DateTime<Utc>, i64)>,
}

/// How many people were active in a period, by days, weeks or months of UTC. Staff only.
pub async fn active_users(ctx: &Ctx, range: Range, bucket: Bucket) -> Result<ActiveUsers> {
    ctx.actor.need_staff()?;
    let scope = ctx.actor.reads()?;
    let period = days(range, bucket)?;
    let buckets = period.buckets()?;
    let reader = ctx.analytics()?;
    let mut answer = ActiveUsers {
        as_of: rollup::as_of(&reader).await?,
        points: filled(&buckets),
        ..ActiveUsers::default()
    };
    let rows = if rollup::charts_built(&reader).await? {
        store::active(&reader, scope, period.range, &buckets).await?
    } else {
        store::told_apart(&reader, scope, period, &buckets).await?
    };
    for row in rows {
        match usize::try_from(row.at) {
            Ok(at) => answer.points[at].1 = row.people,
            Err(_) => answer.all = row.people,
        }
    }
    Ok(answer)
}

/// The people who were first active in the same bucket.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cohort {
    /// Where the bucket begins.
    pub start: DateTime<Utc>,
    /// How many they are.
    pub size: i64,
    /// How many of them were active in that bucket, in the one after it, and so on to the end.
    pub active: Vec<i64>,
}

/// Who came back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Retention {
    /// Up to when what another backend wrote is counted.
    pub as_of: Option<DateTime<Utc>>,
    /// The cohorts of the period, the oldest first.
    pub cohorts: Vec<Cohort>,
}

/// Of the people who were first active in each bucket of a period, how many came back in those
/// that follow. Staff only.
pub async fn retention(ctx: &Ctx, range: Range, bucket: Bucket) -> Result<Retention> {
    ctx.actor.need_staff()?;
    let scope = ctx.actor.reads()?;
    let period = days(range, bucket)?;
    let buckets = period.buckets()?;
    let count = buckets.starts.len();
    let mut check = Check::default();
    if count > COHORTS {
        check.wrong("/range", format!("has more than {COHORTS} buckets"));
    }
    check.done()?;
    let reader = ctx.analytics()?;
    let as_of = rollup::as_of(&reader).await?;
    let cohort = |(at, start): (usize, &DateTime<Utc>)| Cohort {
        start: *start,
        size: 0,
        active: vec![0; count - at],
    };
    let mut cohorts: Vec<Cohort> = buckets.starts.iter().enumerate().map(cohort).collect();
    for row in store::retained(&reader, scope, period.range, &buckets).await? {
        let (Ok(first), Ok(at)) = (usize::try_from(row.first), usize::try_from(row.at)) else {
            continue;
        };
        if let Some(active) = cohorts[first].active.get_mut(at.saturating_sub(first)) {
            *active = row.people;
        }
    }
    for cohort in &mut cohorts {
        cohort.size = cohort.active.first().copied().unwrap_or_default();
    }
    Ok(Retention { as_of, cohorts })
}

/// A period in whole days of UTC.
fn days(range: Range, bucket: Bucket) -> Result<Period> {
    let mut check = Check::default();
    if bucket == Bucket::Hour {
        check.wrong(
            "/bucket",
            "must be DAY, WEEK or MONTH: activity is kept by the day",
        );
    }
    check.done()?;
    Ok(Period {
        range,
        bucket,
        zone: Tz::UTC,
    })
}
