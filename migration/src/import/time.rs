//! Moments that are written as text.

use chrono::{DateTime, NaiveDate, NaiveDateTime, SubsecRound as _, Utc};

/// A date as text, to the microsecond. Without a zone it is in UTC.
pub(super) fn iso(text: &str) -> Option<DateTime<Utc>> {
    let text = text.trim();
    let zoned = DateTime::parse_from_rfc3339(text)
        .or_else(|_| DateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f%#z"))
        .or_else(|_| DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f%#z"))
        .map(|time| time.with_timezone(&Utc));
    let plain =
        |format: &str| NaiveDateTime::parse_from_str(text, format).map(|time| time.and_utc());
    zoned
        .or_else(|_| plain("%Y-%m-%dT%H:%M:%S%.f"))
        .or_else(|_| plain("%Y-%m-%d %H:%M:%S%.f"))
        .or_else(|_| plain("%Y-%m-%dT%H:%M"))
        .ok()
        .or_else(|| {
            let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
            day.and_hms_opt(0, 0, 0).map(|time| time.and_utc())
        })
        .map(|time| time.trunc_subsecs(6))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_as_they_are_commonly_written() {
        for (text, read) in [
            (
                "2024-05-20T20:55:13.879Z",
                Some("2024-05-20T20:55:13.879+00:00"),
            ),
            (
                "2024-05-20T22:55:13+02:00",
                Some("2024-05-20T20:55:13+00:00"),
            ),
            (
                "2025-01-25 22:08:26.117+00",
                Some("2025-01-25T22:08:26.117+00:00"),
            ),
            (
                "2025-01-21 14:09:30.118",
                Some("2025-01-21T14:09:30.118+00:00"),
            ),
            ("2025-01-21", Some("2025-01-21T00:00:00+00:00")),
            ("2024-13-45T99:00:00Z", None),
            ("yesterday", None),
            ("", None),
            ("1716238513879", None),
        ] {
            let found = iso(text).map(|time| time.to_rfc3339());
            assert_eq!(found.as_deref(), read, "{text}");
        }
    }
}
