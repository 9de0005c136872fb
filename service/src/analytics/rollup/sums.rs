//! Amounts by key: what a write adds, and what that is for each rollup.

use std::collections::BTreeMap;
use std::ops::AddAssign;

use chrono::{DateTime, Datelike, Months, NaiveDate, NaiveTime, Utc};
use entity::conversation::token_consumption::{TokenTask, TokenType};
use entity::id::{ThreadId, UserId};

use super::{DAY, HOUR};
use crate::analytics::sheet::{Kind, read_byte, read_text, write_text};

/// What tokens are told apart by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::analytics) struct Dims {
    pub model: String,
    pub task: TokenTask,
    pub kind: TokenType,
}

impl Kind for Dims {
    fn write(&self, bytes: &mut Vec<u8>) {
        // Numbers that stay, whatever is declared before or after.
        bytes.push(match self.task {
            TokenTask::ChatCompletion => 0,
            TokenTask::ToolSelection => 1,
            TokenTask::CallWithinTool => 2,
        });
        bytes.push(match self.kind {
            TokenType::InputNoncached => 0,
            TokenType::InputCached => 1,
            TokenType::Completion => 2,
        });
        write_text(bytes, &self.model);
    }

    fn read(bytes: &mut &[u8]) -> Option<Self> {
        let task = match read_byte(bytes)? {
            0 => TokenTask::ChatCompletion,
            1 => TokenTask::ToolSelection,
            2 => TokenTask::CallWithinTool,
            _ => return None,
        };
        let kind = match read_byte(bytes)? {
            0 => TokenType::InputNoncached,
            1 => TokenType::InputCached,
            2 => TokenType::Completion,
            _ => return None,
        };
        let model = read_text(bytes)?;
        Some(Self { model, task, kind })
    }
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

    /// All of them, in the order of the keys.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&K, &Amount)> {
        self.0.iter()
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
    pub hours: Map<(i64, Dims)>,
    pub days: Map<(NaiveDate, Dims)>,
    pub users: Map<(i64, UserId, Dims)>,
    pub user_days: Map<(NaiveDate, UserId)>,
    pub user_months: Map<(NaiveDate, UserId)>,
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
        self.user_months.add((month(key.bucket), key.user), whole);
        self.threads.add(key.thread, whole);
        if let Some(dims) = key.dims {
            self.quarters.add((key.bucket, dims.clone()), amount);
            let hour = key.bucket - key.bucket.rem_euclid(HOUR);
            self.hours.add((hour, dims.clone()), amount);
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

/// The first day of the month of UTC that a bucket falls into.
pub(super) fn month(bucket: i64) -> NaiveDate {
    let day = day(bucket);
    day.with_day(1).unwrap_or(day)
}

/// The month of UTC that a moment falls into: its first moment, and that of the next (in seconds since
/// 1970).
pub(in crate::analytics) fn month_around(moment: i64) -> (i64, i64) {
    let first = month(moment);
    let next = first.checked_add_months(Months::new(1)).unwrap_or(first);
    (midnight(first), midnight(next))
}

/// The moment that a day of UTC begins, in seconds since 1970.
pub(super) fn midnight(day: NaiveDate) -> i64 {
    day.and_time(NaiveTime::MIN).and_utc().timestamp()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_fall_into_days_and_months() {
        for (moment, day, month) in [
            ("2026-02-28T23:45:00Z", "2026-02-28", "2026-02-01"),
            ("2026-03-01T00:00:00Z", "2026-03-01", "2026-03-01"),
            ("1969-12-31T23:45:00Z", "1969-12-31", "1969-12-01"),
        ] {
            let bucket = moment.parse::<DateTime<Utc>>().unwrap().timestamp();
            let [day, month] = [day, month].map(|date| date.parse::<NaiveDate>().unwrap());
            assert_eq!(super::day(bucket), day, "{moment}");
            assert_eq!(super::month(bucket), month, "{moment}");
            assert_eq!(super::day(midnight(month)), month);
        }
    }
}
