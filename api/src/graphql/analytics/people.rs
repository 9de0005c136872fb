//! Who is active, and who comes back.

use async_graphql::SimpleObject;
use chrono::{DateTime, Utc};
use service::analytics;

use crate::graphql::scalar::BigInt;

/// How many people were active. Somebody is active on a day of UTC when a message of that day
/// stands in a thread of theirs.
#[derive(Debug, SimpleObject)]
pub(super) struct ActiveUsers {
    /// Up to when what another backend wrote into the shared tables is counted.
    as_of: Option<DateTime<Utc>>,
    /// How many different people in the whole range.
    total: BigInt,
    /// Every bucket of the range, in order.
    points: Vec<ActivePoint>,
}

/// The people of one bucket.
#[derive(Debug, SimpleObject)]
struct ActivePoint {
    /// Where the bucket begins.
    start: DateTime<Utc>,
    /// How many different people.
    users: BigInt,
}

impl From<analytics::ActiveUsers> for ActiveUsers {
    fn from(active: analytics::ActiveUsers) -> Self {
        let points = active.points.into_iter();
        Self {
            as_of: active.as_of,
            total: BigInt(active.all),
            points: points
                .map(|(start, users)| ActivePoint {
                    start,
                    users: BigInt(users),
                })
                .collect(),
        }
    }
}

/// Who came back.
#[derive(Debug, SimpleObject)]
pub(super) struct Retention {
    /// Up to when what another backend wrote into the shared tables is counted.
    as_of: Option<DateTime<Utc>>,
    /// The people by the bucket in which they were first active, the oldest first.
    cohorts: Vec<Cohort>,
}

/// The people who were first active in the same bucket.
#[derive(Debug, SimpleObject)]
struct Cohort {
    /// Where the bucket begins.
    start: DateTime<Utc>,
    /// How many they are.
    size: BigInt,
    /// How many of them were active in that bucket, in the one after it, and so on to the range's
    /// end.
    active: Vec<BigInt>,
}

impl From<analytics::Retention> for Retention {
    fn from(retention: analytics::Retention) -> Self {
        let cohorts = retention.cohorts.into_iter();
        Self {
            as_of: retention.as_of,
            cohorts: cohorts
                .map(|cohort| Cohort {
                    start: cohort.start,
                    size: BigInt(cohort.size),
                    active: cohort.active.into_iter().map(BigInt).collect(),
                })
                .collect(),
        }
    }
}
