//! Chance for the demo: the same throws in every demo, and moments with the rhythm of a working week.

use chrono::{DateTime, Datelike, SubsecRound, TimeDelta, Timelike, Utc};
use entity::id::TypedId;

use super::DAYS;
use crate::chance::{Chance, SeededChance, bytes};
use crate::secret::hexadecimal;

/// How busy each day of the week is, from Monday, in percent.
const WEEK: [u64; 7] = [88, 100, 97, 94, 76, 19, 14];

/// How busy each hour of the day is (UTC), in percent.
const DAY: [u64; 24] = [
    4, 3, 2, 2, 3, 8, 22, 48, 78, 96, 100, 92, 66, 84, 98, 95, 82, 61, 40, 30, 24, 18, 12, 7,
];

/// A source of throws. Each chapter has its own, so that one can grow without moving the others.
#[derive(Debug)]
pub(super) struct Dice(SeededChance);

impl Dice {
    /// The dice of the chapter `name`.
    pub(super) fn of(name: &str) -> Self {
        let seed = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |seed, byte| {
            (seed ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Self(SeededChance::new(seed))
    }

    fn throw(&self) -> u64 {
        u64::from_be_bytes(bytes(&self.0))
    }

    /// A number from `low` to `high`, both included.
    pub(super) fn number<T: TryFrom<u64> + Default>(&self, low: u64, high: u64) -> T {
        T::try_from(low + self.throw() % (high - low + 1)).unwrap_or_default()
    }

    /// Yes, this many times in a hundred.
    pub(super) fn percent(&self, chance: u64) -> bool {
        self.throw() % 100 < chance
    }

    /// One of `list`.
    pub(super) fn pick<'a, T>(&self, list: &'a [T]) -> &'a T {
        &list[self.number::<usize>(0, list.len() as u64 - 1)]
    }

    /// One of these words.
    pub(super) fn word(&self, words: &[&'static str]) -> &'static str {
        self.pick::<&'static str>(words)
    }

    /// One of `list`, the first ones much more often than the last.
    pub(super) fn favour<'a, T>(&self, list: &'a [T]) -> &'a T {
        &list[self.favoured(list.len())]
    }

    /// A place in a list of `length`, the first ones much more often than the last.
    pub(super) fn favoured(&self, length: usize) -> usize {
        let spread = self.number::<u64>(0, length as u64 - 1);
        self.number(0, spread)
    }

    /// So many bytes, in hex.
    pub(super) fn hex<const N: usize>(&self) -> String {
        hexadecimal(&bytes::<N>(&self.0))
    }

    /// A stretch of time between two numbers of seconds.
    pub(super) fn seconds(&self, low: u64, high: u64) -> TimeDelta {
        TimeDelta::milliseconds(self.number(low * 1_000, high * 1_000))
    }

    /// An id, UUID version 7, of a row that was made at `at`.
    pub(super) fn id<I: TypedId>(&self, at: DateTime<Utc>) -> I {
        let millis = u64::try_from(at.timestamp_millis()).unwrap_or(0);
        I::from(uuid::Builder::from_unix_timestamp_millis(millis, &bytes(&self.0)).into_uuid())
    }

    /// An id that says nothing of a time.
    pub(super) fn uuid(&self) -> uuid::Uuid {
        uuid::Builder::from_random_bytes(bytes(&self.0)).into_uuid()
    }

    /// Source of bytes, for those who take one.
    pub(super) fn chance(&self) -> &dyn Chance {
        &self.0
    }

    /// `count` moments of the demo's time in order, the last at least `before` ago: more by day than
    /// by night, fewer at the weekend, and more of late than in the beginning.
    ///
    /// How many throws that takes depends on the moment, so they come from dice of their own: what
    /// is said and done in the demo is the same whenever it is made.
    pub(super) fn moments(
        &self,
        now: DateTime<Utc>,
        count: usize,
        before: TimeDelta,
    ) -> Vec<DateTime<Utc>> {
        let (begin, stretch) = (now - TimeDelta::days(DAYS), TimeDelta::days(DAYS) - before);
        let own = Self(SeededChance::new(self.throw()));
        let length = u64::try_from(stretch.num_milliseconds()).unwrap_or(1);
        let mut moments = Vec::with_capacity(count);
        while moments.len() < count {
            let offset = own.number::<u64>(0, length);
            let passed = TimeDelta::milliseconds(i64::try_from(offset).unwrap_or(0));
            let at = (begin + passed).trunc_subsecs(3);
            let weekday = WEEK[at.weekday().num_days_from_monday() as usize];
            let busy = weekday * DAY[at.hour() as usize] * (55 + 45 * offset / length) / 10_000;
            if own.percent(busy) {
                moments.push(at);
            }
        }
        moments.sort_unstable();
        moments
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_chapter_throws_the_same_and_the_week_is_felt() {
        let now = DateTime::from_timestamp(1_780_000_000, 0).unwrap();
        let moments = |name| Dice::of(name).moments(now, 4_000, TimeDelta::hours(1));
        let seen = moments("a");
        assert_eq!(seen, moments("a"));
        assert_ne!(seen, moments("b"));
        assert!(seen[0] >= now - TimeDelta::days(DAYS));
        assert!(seen[3_999] <= now - TimeDelta::hours(1));
        let on = |day: chrono::Weekday| seen.iter().filter(|at| at.weekday() == day).count();
        assert!(on(chrono::Weekday::Tue) > 3 * on(chrono::Weekday::Sun));
        let at = |hour| seen.iter().filter(|at| at.hour() == hour).count();
        assert!(at(10) > 5 * at(3));
    }
}
