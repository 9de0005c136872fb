//! Which part of a content is asked for (RFC 9110, section 14).

use std::ops::Range;

use axum::http::header::{IF_RANGE, RANGE};
use axum::http::{HeaderMap, HeaderValue};

/// What of the content is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// All of it.
    Whole,
    /// This much of it.
    Some(Range<u64>),
    /// None of it is in the range.
    None,
}

/// What is asked for of `size` bytes that have this tag and this date. What cannot be read, and more
/// than one range, is answered with the whole, as every server may.
pub(super) fn asked(headers: &HeaderMap, size: u64, tag: &HeaderValue, date: &HeaderValue) -> Part {
    let Some(range) = headers.get(RANGE).and_then(|value| value.to_str().ok()) else {
        return Part::Whole;
    };
    // A weak tag never fits: it has no bytes of its own. Neither does a date but for the very same.
    let fresh = headers
        .get(IF_RANGE)
        .is_none_or(|known| known == tag || known == date);
    if !fresh {
        return Part::Whole;
    }
    of(range, size).unwrap_or(Part::Whole)
}

fn of(range: &str, size: u64) -> Option<Part> {
    let (unit, range) = range.split_once('=')?;
    let (first, last) = range.trim().split_once('-')?;
    let (first, last) = (first.trim(), last.trim());
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return None;
    }
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(first) || !digits(last) {
        return None;
    }
    let number = |text: &str| text.parse::<u64>().unwrap_or(u64::MAX);
    let found = match (first, last) {
        ("", "") => return None,
        ("", last) => size.saturating_sub(number(last))..size,
        (first, "") => number(first)..size,
        (first, last) if number(last) < number(first) => return None,
        (first, last) => number(first)..number(last).saturating_add(1).min(size),
    };
    Some(if found.is_empty() {
        Part::None
    } else {
        Part::Some(found)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_what_it_says() {
        for (range, part) in [
            ("bytes=0-0", Some(Part::Some(0..1))),
            ("bytes=0-99", Some(Part::Some(0..10))),
            ("bytes=3-", Some(Part::Some(3..10))),
            ("bytes=-4", Some(Part::Some(6..10))),
            ("bytes=-40", Some(Part::Some(0..10))),
            ("Bytes = 1-2", Some(Part::Some(1..3))),
            ("bytes=10-", Some(Part::None)),
            ("bytes=-0", Some(Part::None)),
            ("bytes=99999999999999999999999-", Some(Part::None)),
            ("bytes=5-4", None),
            ("bytes=-", None),
            ("bytes=a-b", None),
            ("bytes=0-1,3-4", None),
            ("lines=0-1", None),
            ("nonsense", None),
        ] {
            assert_eq!(of(range, 10), part, "{range}");
        }
        assert_eq!(of("bytes=0-", 0), Some(Part::None));
    }

    #[test]
    fn a_range_of_another_content_is_none() {
        let (tag, date) = ("\"a\"", "Sat, 21 Nov 2026 10:00:00 GMT");
        let asked = |known: Option<&'static str>| {
            let mut headers = HeaderMap::new();
            headers.insert(RANGE, HeaderValue::from_static("bytes=0-1"));
            if let Some(known) = known {
                headers.insert(IF_RANGE, HeaderValue::from_static(known));
            }
            let (tag, date) = (
                HeaderValue::from_static(tag),
                HeaderValue::from_static(date),
            );
            asked(&headers, 10, &tag, &date)
        };
        assert_eq!(asked(None), Part::Some(0..2));
        assert_eq!(asked(Some(tag)), Part::Some(0..2));
        assert_eq!(asked(Some(date)), Part::Some(0..2));
        for other in ["\"b\"", "W/\"a\"", "Sat, 21 Nov 2026 10:00:01 GMT"] {
            assert_eq!(asked(Some(other)), Part::Whole, "{other}");
        }
    }
}
