//! Calendars: how moments fall into hours, days, weeks and months of a time zone.

use chrono::{
    DateTime, Datelike, Days, Duration as Span, NaiveDate, NaiveTime, Offset, TimeDelta, TimeZone,
    Timelike, Utc,
};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

/// How long a bucket of a series is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bucket {
    /// From full hour to full hour.
    Hour,
    /// From midnight to midnight.
    Day,
    /// From Monday to Monday (ISO 8601).
    Week,
    /// From the first to the first.
    Month,
}

impl Bucket {
    /// Where the bucket begins that `moment` falls into, by the clocks of `zone`.
    pub(super) fn start(self, moment: DateTime<Utc>, zone: Tz) -> DateTime<Utc> {
        let local = moment.with_timezone(&zone);
        let day = local.date_naive();
        match self {
            // In real minutes, so that the hour that is lived twice in autumn is two buckets.
            Self::Hour => {
                let into = i64::from(local.minute() * 60 + local.second());
                since_change(moment.timestamp() - into, moment, zone)
            }
            Self::Day => midnight(day, zone),
            Self::Week => {
                let past = day.weekday().num_days_from_monday();
                midnight(day - Days::new(past.into()), zone)
            }
            Self::Month => midnight(day - Days::new(day.day0().into()), zone),
        }
    }

    /// Where the bucket after that of `start` begins.
    pub(super) fn next(self, start: DateTime<Utc>, zone: Tz) -> DateTime<Utc> {
        // The least that a bucket lasts, then by quarters: clocks are put back and forth.
        let mut moment = start
            + match self {
                Self::Hour => Span::minutes(30),
                Self::Day => Span::hours(22),
                Self::Week => Span::days(6),
                Self::Month => Span::days(27),
            };
        loop {
            let bucket = self.start(moment, zone);
            if bucket > start {
                return bucket;
            }
            moment += TimeDelta::minutes(15);
        }
    }
}

/// The moment `start`, in seconds since 1970; or when the clocks were changed after it, if they were
/// before `moment`: where they move by half an hour, an hour that reached back over that would lie
/// across the one before.
fn since_change(start: i64, moment: DateTime<Utc>, zone: Tz) -> DateTime<Utc> {
    let at = |seconds| DateTime::from_timestamp(seconds, 0).unwrap_or(moment);
    let offset = |moment: DateTime<Utc>| moment.with_timezone(&zone).offset().fix();
    let now = offset(moment);
    let (mut before, mut since) = (start, moment.timestamp());
    if offset(at(before)) == now {
        return at(start);
    }
    while since - before > 1 {
        let middle = before.midpoint(since);
        if offset(at(middle)) == now {
            since = middle;
        } else {
            before = middle;
        }
    }
    at(since)
}

/// The first moment of a day: midnight, or when the clocks skip it, what they show next.
pub(crate) fn midnight(day: NaiveDate, zone: Tz) -> DateTime<Utc> {
    let mut local = day.and_time(NaiveTime::MIN);
    loop {
        if let Some(moment) = zone.from_local_datetime(&local).earliest() {
            return moment.to_utc();
        }
        local += TimeDelta::minutes(15);
    }
}

#[cfg(test)]
mod tests {
    use chrono_tz::{America, Asia, Australia, Europe};
    use proptest::prelude::*;

    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn moments_fall_into_the_buckets_of_their_zone() {
        for (bucket, zone, moment, start, next) in [
            (
                Bucket::Hour,
                Tz::UTC,
                "2026-03-29T00:59:59Z",
                "2026-03-29T00:00:00Z",
                "2026-03-29T01:00:00Z",
            ),
            (
                Bucket::Hour,
                Asia::Kathmandu,
                "2026-03-29T00:59:59Z",
                "2026-03-29T00:15:00Z",
                "2026-03-29T01:15:00Z",
            ),
            // The hour between two and three is lived twice.
            (
                Bucket::Hour,
                Europe::Berlin,
                "2026-10-25T01:30:00Z",
                "2026-10-25T01:00:00Z",
                "2026-10-25T02:00:00Z",
            ),
            // The clocks go back by half an hour: what is left of an hour is one of its own.
            (
                Bucket::Hour,
                Australia::Lord_Howe,
                "2026-04-04T14:59:59Z",
                "2026-04-04T14:00:00Z",
                "2026-04-04T15:00:00Z",
            ),
            (
                Bucket::Hour,
                Australia::Lord_Howe,
                "2026-04-04T15:10:00Z",
                "2026-04-04T15:00:00Z",
                "2026-04-04T15:30:00Z",
            ),
            // A day of 23 hours, and one of 25.
            (
                Bucket::Day,
                Europe::Berlin,
                "2026-03-29T12:00:00Z",
                "2026-03-28T23:00:00Z",
                "2026-03-29T22:00:00Z",
            ),
            (
                Bucket::Day,
                Europe::Berlin,
                "2026-10-25T12:00:00Z",
                "2026-10-24T22:00:00Z",
                "2026-10-25T23:00:00Z",
            ),
            // A day that begins at one.
            (
                Bucket::Day,
                America::Santiago,
                "2026-09-06T12:00:00Z",
                "2026-09-06T04:00:00Z",
                "2026-09-07T03:00:00Z",
            ),
            (
                Bucket::Week,
                Tz::UTC,
                "2026-01-01T00:00:00Z",
                "2025-12-29T00:00:00Z",
                "2026-01-05T00:00:00Z",
            ),
            (
                Bucket::Month,
                Asia::Kolkata,
                "2026-02-28T18:29:59Z",
                "2026-01-31T18:30:00Z",
                "2026-02-28T18:30:00Z",
            ),
        ] {
            let found = bucket.start(at(moment), zone);
            assert_eq!(found, at(start), "{bucket:?} of {moment} in {zone}");
            assert_eq!(
                bucket.next(found, zone),
                at(next),
                "after {start} in {zone}"
            );
        }
    }

    proptest! {
        #[test]
        fn buckets_follow_each_other_without_gaps(
            seconds in 0..4_000_000_000_i64,
            zone in prop::sample::select(&[
                Tz::UTC, Europe::Berlin, Asia::Kathmandu, Asia::Kolkata, America::Santiago,
                Australia::Lord_Howe,
            ]),
            bucket in prop::sample::select(&[
                Bucket::Hour, Bucket::Day, Bucket::Week, Bucket::Month,
            ]),
        ) {
            let moment = DateTime::from_timestamp(seconds, 0).unwrap();
            let start = bucket.start(moment, zone);
            let next = bucket.next(start, zone);
            prop_assert!(start <= moment && moment < next);
            prop_assert_eq!(bucket.start(start, zone), start);
            prop_assert_eq!(bucket.start(next - Span::seconds(1), zone), start);
        }
    }
}
