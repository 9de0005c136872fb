//! Values as JSON, straight into the answer.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD as BASE64;
use chrono::{DateTime, Datelike, Timelike, Utc};
use serde::Serialize;
use uuid::Uuid;

use crate::error::{Error, Result};

pub(super) fn null(out: &mut Vec<u8>) {
    out.extend_from_slice(b"null");
}

pub(super) fn truth(truth: bool, out: &mut Vec<u8>) {
    out.extend_from_slice(if truth { b"true" } else { b"false" });
}

/// Text and numbers; what JSON cannot say (no number) is null.
pub(super) fn value(value: &(impl Serialize + ?Sized), out: &mut Vec<u8>) -> Result<()> {
    serde_json::to_writer(out, value).map_err(Error::internal)
}

/// Text that needs no escape.
pub(super) fn plain(text: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    out.extend_from_slice(text);
    out.push(b'"');
}

pub(super) fn uuid(bytes: &[u8], out: &mut Vec<u8>) -> Result<()> {
    let id = Uuid::from_slice(bytes).map_err(Error::internal)?;
    let mut text = Uuid::encode_buffer();
    plain(id.hyphenated().encode_lower(&mut text).as_bytes(), out);
    Ok(())
}

pub(super) fn bytes(bytes: &[u8], out: &mut Vec<u8>) {
    plain(BASE64.encode(bytes).as_bytes(), out);
}

/// RFC 3339 in UTC, to the microsecond where there is one: as REST writes it.
pub(super) fn time(moment: DateTime<Utc>, out: &mut Vec<u8>) {
    let mut text = *b"\"0000-00-00T00:00:00.000000";
    digits(&mut text[1..5], moment.year().unsigned_abs());
    digits(&mut text[6..8], moment.month());
    digits(&mut text[9..11], moment.day());
    digits(&mut text[12..14], moment.hour());
    digits(&mut text[15..17], moment.minute());
    digits(&mut text[18..20], moment.second());
    let micros = moment.nanosecond() / 1_000 % 1_000_000;
    digits(&mut text[21..27], micros);
    let length = match micros {
        0 => 20,
        _ if micros.is_multiple_of(1_000) => 24,
        _ => 27,
    };
    out.extend_from_slice(&text[..length]);
    out.extend_from_slice(b"Z\"");
}

fn digits(out: &mut [u8], mut number: u32) {
    for digit in out.iter_mut().rev() {
        *digit = b'0' + u8::try_from(number % 10).unwrap_or_default();
        number /= 10;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_rest_writes_them() {
        for text in [
            "2026-11-21T10:59:26Z",
            "2026-01-01T00:00:00.001Z",
            "0001-12-31T23:59:59.999999Z",
            "9999-02-28T01:02:03.000001Z",
        ] {
            let moment: DateTime<Utc> = text.parse().unwrap();
            let mut out = Vec::new();
            time(moment, &mut out);
            assert_eq!(out, serde_json::to_vec(&moment).unwrap(), "{text}");
        }
    }
}
