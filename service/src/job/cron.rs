//! When something is due: five or six fields, by the clock of a zone.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use croner::parser::{CronParser, Year};

use crate::error::FieldError;

/// When something is due. Where a zone's clock is set forward, what falls into the hour that is not
/// comes right after it; where it is set back, a fixed time comes once.
#[derive(Clone, Debug)]
pub(super) struct Cron {
    times: croner::Cron,
    zone: Tz,
}

impl Cron {
    /// The times of `expression` (minute, hour, day, month, weekday; a second may stand before) by the
    /// clock of `zone`; or what is wrong with them.
    pub(super) fn new(expression: &str, zone: &str) -> Result<Self, Vec<FieldError>> {
        let parser = CronParser::builder().year(Year::Disallowed).build();
        let times = parser.parse(expression).map_err(|error| {
            let says = format!("is not five or six fields of cron: {error}");
            FieldError::new("/cron", says)
        });
        let zone = zone
            .parse::<Tz>()
            .map_err(|_| FieldError::new("/timeZone", "is not a time zone such as Europe/Berlin"));
        match (times, zone) {
            (Ok(times), Ok(zone)) => Ok(Self { times, zone }),
            (times, zone) => Err([times.err(), zone.err()].into_iter().flatten().collect()),
        }
    }

    /// The first time after `moment`; nothing, where there is none.
    pub(super) fn next(&self, moment: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let here = moment.with_timezone(&self.zone);
        let next = self.times.find_next_occurrence(&here, false).ok()?;
        Some(next.with_timezone(&Utc))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn the_next_time_is_by_the_zones_clock() {
        for (cron, zone, after, next) in [
            (
                "*/10 * * * *",
                "UTC",
                "2026-03-01T12:00:00Z",
                "2026-03-01T12:10:00Z",
            ),
            (
                "*/10 * * * *",
                "UTC",
                "2026-03-01T11:59:59.9Z",
                "2026-03-01T12:00:00Z",
            ),
            (
                "*/5 * * * * *",
                "UTC",
                "2026-03-01T12:00:00.1Z",
                "2026-03-01T12:00:05Z",
            ),
            (
                "30 2 * * *",
                "Asia/Kolkata",
                "2026-03-01T00:00:00Z",
                "2026-03-01T21:00:00Z",
            ),
            (
                "0 7 * * MON",
                "Europe/Berlin",
                "2026-03-01T12:00:00Z",
                "2026-03-02T06:00:00Z",
            ),
            // The clock goes from 2 to 3: what is due at half past two comes at three.
            (
                "30 2 * * *",
                "Europe/Berlin",
                "2026-03-29T00:00:00Z",
                "2026-03-29T01:00:00Z",
            ),
            (
                "30 2 * * *",
                "Europe/Berlin",
                "2026-03-29T02:00:00Z",
                "2026-03-30T00:30:00Z",
            ),
            // And from 3 to 2: half past two is there twice, and the first is meant.
            (
                "30 2 * * *",
                "Europe/Berlin",
                "2026-10-25T00:00:00Z",
                "2026-10-25T00:30:00Z",
            ),
            (
                "30 2 * * *",
                "Europe/Berlin",
                "2026-10-25T00:30:00Z",
                "2026-10-26T01:30:00Z",
            ),
        ] {
            let cron = Cron::new(cron, zone).unwrap();
            assert_eq!(
                cron.next(at(after)),
                Some(at(next)),
                "{cron:?} after {after}"
            );
        }
        let never = Cron::new("0 0 30 2 *", "UTC").unwrap();
        assert_eq!(never.next(at("2026-03-01T12:00:00Z")), None);
    }

    #[test]
    fn what_cannot_be_followed_is_pointed_at() {
        for (cron, zone, pointers) in [
            ("", "UTC", &["/cron"][..]),
            ("* * * *", "UTC", &["/cron"]),
            ("* * * * * * 2026", "UTC", &["/cron"]),
            ("61 * * * *", "UTC", &["/cron"]),
            ("* * * * *", "Berlin", &["/timeZone"]),
            ("often", "there", &["/cron", "/timeZone"]),
        ] {
            let wrong = Cron::new(cron, zone).unwrap_err();
            let found: Vec<&str> = wrong.iter().map(|one| one.pointer.as_str()).collect();
            assert_eq!(found, pointers, "{cron} {zone}");
        }
    }
}
