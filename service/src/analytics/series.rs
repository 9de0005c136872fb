//! The buckets of a range, in order.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use super::calendar::Bucket;
use super::cover::Stretch;
use super::rollup::QUARTER;
use crate::check::Check;
use crate::error::Result;

/// The most buckets that one series has.
pub const BUCKETS: usize = 1_000;

/// A stretch of time: from its first moment up to, and without, its last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Range {
    /// The first moment.
    pub from: DateTime<Utc>,
    /// The moment after the last.
    pub to: DateTime<Utc>,
}

impl Range {
    /// Whole quarters of an hour: the least that rollups tell apart.
    #[must_use]
    pub(super) fn widened(self) -> Self {
        let edge = |seconds: i64| DateTime::from_timestamp(seconds, 0).unwrap_or_default();
        let from = self.from.timestamp();
        // A moment within a second is after the second's begin.
        let to = self.to.timestamp() + i64::from(self.to.timestamp_subsec_nanos() > 0);
        Self {
            from: edge(from - from.rem_euclid(QUARTER)),
            to: edge(to + (-to).rem_euclid(QUARTER)),
        }
    }
}

/// The buckets that a range touches.
#[derive(Clone, Debug)]
pub(super) struct Buckets {
    /// Where each begins.
    pub starts: Vec<DateTime<Utc>>,
}

impl Buckets {
    /// The buckets of `range`, or what is wrong with it.
    pub(super) fn of(range: Range, bucket: Bucket, zone: Tz) -> Result<Self> {
        let mut check = Check::default();
        if range.from >= range.to {
            check.wrong("/range/to", "must be after from");
        } else if range.from < DateTime::UNIX_EPOCH {
            check.wrong("/range/from", "must not be before 1970");
        } else if range.to.timestamp() > 253_402_300_799 {
            check.wrong("/range/to", "must not be after the year 9999");
        }
        check.done()?;

        let mut starts = Vec::new();
        let mut start = bucket.start(range.from, zone);
        while start < range.to {
            if starts.len() == BUCKETS {
                let mut check = Check::default();
                let detail = format!("has more than {BUCKETS} buckets");
                check.wrong("/range", detail);
                check.done()?;
            }
            starts.push(start);
            start = bucket.next(start, zone);
        }
        Ok(Self { starts })
    }

    /// What of a range is in which of them.
    pub(super) fn stretches(&self, range: Range) -> Vec<Stretch> {
        let (from, to) = (range.from.timestamp(), range.to.timestamp());
        let starts = self.starts.iter().map(DateTime::timestamp);
        let ends = starts.clone().skip(1).chain([to]);
        let stretch = |(at, (start, end)): (i64, (i64, i64))| Stretch {
            at,
            from: start.max(from),
            to: end.min(to),
            minus: false,
        };
        (0..).zip(starts.zip(ends)).map(stretch).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn range(from: &str, to: &str) -> Range {
        Range {
            from: at(from),
            to: at(to),
        }
    }

    #[test]
    fn a_range_has_the_buckets_it_touches() {
        let range = range("2026-01-01T10:30:00Z", "2026-01-03T00:00:00Z");
        let buckets = Buckets::of(range, Bucket::Day, Tz::UTC).unwrap();
        assert_eq!(
            buckets.starts,
            [at("2026-01-01T00:00:00Z"), at("2026-01-02T00:00:00Z")]
        );
    }

    #[test]
    fn buckets_are_cut_by_the_range() {
        let range = range("2026-01-01T10:30:00Z", "2026-01-02T12:00:00Z");
        let buckets = Buckets::of(range, Bucket::Day, Tz::UTC).unwrap();
        let stretch = |bucket, from: &str, to: &str| Stretch {
            at: bucket,
            from: at(from).timestamp(),
            to: at(to).timestamp(),
            minus: false,
        };
        assert_eq!(
            buckets.stretches(range),
            [
                stretch(0, "2026-01-01T10:30:00Z", "2026-01-02T00:00:00Z"),
                stretch(1, "2026-01-02T00:00:00Z", "2026-01-02T12:00:00Z"),
            ]
        );
    }

    #[test]
    fn a_range_is_widened_to_quarters() {
        let odd = range("2026-01-01T10:29:59.9Z", "2026-01-01T10:30:00.000001Z");
        let even = range("2026-01-01T10:15:00Z", "2026-01-01T10:45:00Z");
        assert_eq!(odd.widened(), even);
        assert_eq!(even.widened(), even);
    }

    #[test]
    fn a_range_is_bounded() {
        let hours = Bucket::Hour;
        for (range, pointer) in [
            (
                range("2026-01-02T00:00:00Z", "2026-01-02T00:00:00Z"),
                "/range/to",
            ),
            (
                range("1969-12-31T00:00:00Z", "2026-01-02T00:00:00Z"),
                "/range/from",
            ),
            (
                range("2026-01-01T00:00:00Z", "+10000-01-01T00:00:00Z"),
                "/range/to",
            ),
            (
                range("2026-01-01T00:00:00Z", "2026-02-11T16:00:01Z"),
                "/range",
            ),
        ] {
            let error = Buckets::of(range, hours, Tz::UTC).unwrap_err();
            assert_eq!(error.code(), "invalid");
            assert_eq!(error.fields()[0].pointer, pointer);
        }
        let most = range("2026-01-01T00:00:00Z", "2026-02-11T16:00:00Z");
        let buckets = Buckets::of(most, hours, Tz::UTC).unwrap();
        assert_eq!(buckets.starts.len(), BUCKETS);
    }
}
