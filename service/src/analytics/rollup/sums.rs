//! Amounts by key: what a write adds, and what that is for each rollup.

use std::collections::BTreeMap;
use std::ops::AddAssign;

use chrono::{DateTime, NaiveDate, Utc};
use entity::conversation::token_consumption::{TokenTask, TokenType};
use entity::id::{ThreadId, UserId};

use super::DAY;

/// What tokens are told apart by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Dims {
    pub model: String,
    pub task: TokenTask,
    pub kind: TokenType,
}

/// What a delta is of. Without [`Dims`] it is of messages, whether they cost tokens or not.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub bucket: i64,
    pub user: UserId,
    pub thread: ThreadId,
    pub dims: Option<Dims>,
}

/// How many tokens, of how many messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Amount {
    pub count: i64,
    pub messages: i64,
}

impl Amount {
    fn is_zero(self) -> bool {
        self == Self::default()
    }

    /// Whether adding it may leave nothing of a row.
    pub(super) fn takes(self) -> bool {
        self.count < 0 || self.messages < 0
    }
}

impl AddAssign for Amount {
    fn add_assign(&mut self, other: Self) {
        self.count += other.count;
        self.messages += other.messages;
    }
}

/// Amounts by what they are of.
#[derive(Clone, Debug)]
pub(super) struct Map<K>(BTreeMap<K, Amount>);

impl<K> Default for Map<K> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<K: Ord> Map<K> {
    pub(super) fn add(&mut self, key: K, amount: Amount) {
        *self.0.entry(key).or_default() += amount;
    }

    /// What is left when what cancelled out is left out, in the order of the keys.
    pub(super) fn into_rest(self) -> impl Iterator<Item = (K, Amount)> {
        self.0.into_iter().filter(|(_, amount)| !amount.is_zero())
    }
}

/// What a write adds.
pub(super) type Sums = Map<Key>;

/// What is added to each rollup.
#[derive(Clone, Debug, Default)]
pub(super) struct Additions {
    pub quarters: Map<(i64, Dims)>,
    pub days: Map<(NaiveDate, Dims)>,
    pub users: Map<(i64, UserId, Dims)>,
    pub user_days: Map<(NaiveDate, UserId)>,
    pub threads: Map<ThreadId>,
}

impl Additions {
    /// Add a delta to all of them.
    pub(super) fn add(&mut self, key: Key, amount: Amount) {
        let day = day(key.bucket);
        // By person and by thread every message counts once, whatever it cost.
        let whole = match &key.dims {
            Some(_) => Amount {
                messages: 0,
                ..amount
            },
            None => amount,
        };
        self.user_days.add((day, key.user), whole);
        self.threads.add(key.thread, whole);
        if let Some(dims) = key.dims {
            self.quarters.add((key.bucket, dims.clone()), amount);
            self.days.add((day, dims.clone()), amount);
            self.users.add((key.bucket, key.user, dims), amount);
        }
    }
}

/// The moment of a bucket.
pub(in crate::analytics) fn moment(bucket: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(bucket, 0).unwrap_or_default()
}

/// The day of UTC that a bucket falls into.
pub(in crate::analytics) fn day(bucket: i64) -> NaiveDate {
    moment(bucket - bucket.rem_euclid(DAY)).date_naive()
}
