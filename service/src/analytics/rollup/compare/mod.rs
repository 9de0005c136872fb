//! Comparing rollups with the rows that they sum up.
//!
//! What is compared is read in one statement, so in one snapshot: rows, rollup and open deltas. A
//! write that is committed is in the rows and in a delta, or in neither; a fold moves an amount from
//! the deltas to the rollup, or has not yet. So what differs is an error, however much is written
//! meanwhile, and adding the difference to the rollup mends it also when the rollup has moved on.
//!
//! What is not told apart by person is mended by the sums of people, which were mended before in the
//! same transaction, and not by the rows: those may have moved on in between, and then one of the two
//! would have what the other lacks.

mod store;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use entity::conversation::token_consumption::{TokenTask, TokenType};
use entity::id::{ThreadId, UserId};

pub(super) use self::store::{LIMIT, apart, compare, edge, thread_page};
use super::sums::{Additions, Amount, Dims, day, moment, month, month_around};
use super::{DAY, HOUR, QUARTER};

/// A rollup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Grain {
    Quarters,
    Hours,
    Days,
    Users,
    UserDays,
    UserMonths,
    Threads,
}

/// How long the buckets of a rollup are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Width {
    Seconds(i64),
    Month,
}

impl Grain {
    /// Those that are compared day by day.
    pub(super) const BY_TIME: [Self; 5] = [
        Self::Users,
        Self::UserDays,
        Self::Quarters,
        Self::Hours,
        Self::Days,
    ];

    /// The one that it is a sum of, where that tells as much as the rows.
    pub(super) const fn finer(self) -> Option<Self> {
        match self {
            Self::Quarters => Some(Self::Users),
            Self::Hours | Self::Days => Some(Self::Quarters),
            Self::UserMonths => Some(Self::UserDays),
            Self::Users | Self::UserDays | Self::Threads => None,
        }
    }

    /// The column that says when, and how long a bucket is.
    pub(super) const fn time(self) -> (&'static str, Width) {
        match self {
            Self::Days | Self::UserDays => ("day", Width::Seconds(DAY)),
            Self::UserMonths => ("month", Width::Month),
            Self::Hours => ("bucket_start", Width::Seconds(HOUR)),
            Self::Quarters | Self::Users | Self::Threads => {
                ("bucket_start", Width::Seconds(QUARTER))
            }
        }
    }

    /// Its table.
    pub(super) const fn table(self) -> &'static str {
        match self {
            Self::Quarters => "token_rollups",
            Self::Hours => "token_hour_rollups",
            Self::Days => "token_day_rollups",
            Self::Users => "token_user_rollups",
            Self::UserDays => "user_day_rollups",
            Self::UserMonths => "user_month_rollups",
            Self::Threads => "thread_rollups",
        }
    }
}

impl Grain {
    /// The bucket that a moment falls into: its first moment, and the first of the next (in seconds
    /// since 1970).
    pub(super) fn around(self, moment: i64) -> (i64, i64) {
        match self.time().1 {
            Width::Seconds(width) => {
                let start = moment - moment.rem_euclid(width);
                (start, start + width)
            }
            Width::Month => month_around(moment),
        }
    }
}

/// Which part of a rollup is compared. Times are seconds since 1970, on the edge of a day.
#[derive(Clone, Copy, Debug)]
pub(super) enum Part {
    /// From one moment up to, and without, another; not by thread.
    Time(i64, i64),
    /// What a person has, from a moment on; only where people are told apart.
    Person(UserId, i64),
    /// The threads of a person that moved after a moment; only by thread.
    Moved(UserId, DateTime<Utc>),
    /// Threads after one, up to and with another; only by thread.
    Threads(Option<ThreadId>, Option<ThreadId>),
}

/// A sum that is not what the rows say.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Difference {
    /// The rollup: its table.
    pub rollup: &'static str,
    /// The bucket or day that it is of.
    pub at: Option<DateTime<Utc>>,
    /// The person that it is of.
    pub user_id: Option<UserId>,
    /// The thread that it is of.
    pub thread_id: Option<ThreadId>,
    /// The model that it is of.
    pub model: Option<String>,
    /// The task that it is of.
    pub task: Option<TokenTask>,
    /// The type of tokens that it is of.
    #[serde(rename = "type")]
    pub kind: Option<TokenType>,
    /// How many tokens are missing; too many, where it is negative.
    pub tokens: i64,
    /// How many messages are missing.
    pub messages: i64,
    /// What else it is of, in words.
    pub of: Option<String>,
    /// How many runs, outputs of stages or people are missing, where it is a sum of those.
    pub count: i64,
}

/// The sums that were wrong: how many in each rollup, and the first of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Differences {
    /// How many, by table.
    pub counts: BTreeMap<&'static str, u64>,
    /// Some of them.
    pub first: Vec<Difference>,
}

impl Differences {
    /// How many are told one by one.
    const TOLD: usize = 20;

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }

    pub(super) fn add(&mut self, others: Self) {
        for (rollup, count) in others.counts {
            *self.counts.entry(rollup).or_default() += count;
        }
        let room = Self::TOLD.saturating_sub(self.first.len());
        self.first.extend(others.first.into_iter().take(room));
    }

    pub(super) fn note(&mut self, found: &[Difference]) {
        for one in found {
            *self.counts.entry(one.rollup).or_default() += 1;
            if self.first.len() < Self::TOLD {
                self.first.push(one.clone());
            }
        }
    }
}

impl Difference {
    /// What the sum of a person lacks.
    pub(super) fn of_person(
        grain: Grain,
        at: DateTime<Utc>,
        user: Option<UserId>,
        amount: Amount,
    ) -> Self {
        Self {
            rollup: grain.table(),
            at: Some(at),
            user_id: user,
            tokens: amount.count,
            messages: amount.messages,
            ..Self::default()
        }
    }

    /// How much is missing.
    pub(super) fn amount(&self) -> Amount {
        Amount {
            count: self.tokens,
            messages: self.messages,
        }
    }

    /// The bucket that it is of, in seconds since 1970.
    pub(super) fn bucket(&self) -> Option<i64> {
        self.at.map(|moment| moment.timestamp())
    }

    fn dims(&self) -> Option<Dims> {
        Some(Dims {
            model: self.model.clone()?,
            task: self.task?,
            kind: self.kind?,
        })
    }
}

/// What mends the differences of `grain`.
pub(super) fn mending(grain: Grain, found: &[Difference]) -> Additions {
    let mut additions = Additions::default();
    for one in found {
        let amount = one.amount();
        let bucket = one.bucket().unwrap_or_default();
        match (grain, one.dims(), one.user_id, one.thread_id) {
            (Grain::Quarters, Some(dims), ..) => additions.quarters.add((bucket, dims), amount),
            (Grain::Hours, Some(dims), ..) => additions.hours.add((bucket, dims), amount),
            (Grain::Days, Some(dims), ..) => additions.days.add((day(bucket), dims), amount),
            (Grain::Users, Some(dims), Some(user), _) => {
                additions.users.add((bucket, user, dims), amount);
            }
            (Grain::UserDays, _, Some(user), _) => {
                additions.user_days.add((day(bucket), user), amount);
            }
            (Grain::UserMonths, _, Some(user), _) => {
                additions.user_months.add((month(bucket), user), amount);
            }
            (Grain::Threads, _, _, Some(thread)) => additions.threads.add(thread, amount),
            _ => {}
        }
    }
    additions
}

/// The moment of a row's bucket.
fn at(seconds: Option<i64>) -> Option<DateTime<Utc>> {
    seconds.map(moment)
}
