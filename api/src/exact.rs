//! Whole numbers stay exact: one that has more than 64 bits would be rounded on its way into a JSON
//! column, so it is refused where it stands. A number with a fraction or an exponent is one that may
//! be rounded.

use std::borrow::Cow;
use std::collections::BTreeMap;

use axum::body::{Body, Bytes};
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, Request};
use serde_json::value::RawValue;
use service::error::Common;

/// How many digits a number has at least that may have more than 64 bits.
const DIGITS: usize = 19;

/// The body of a request, and the request as it came.
pub(crate) async fn body<S: Send + Sync>(
    request: Request,
    state: &S,
) -> Result<(Request, Bytes), BytesRejection> {
    let (parts, body) = request.into_parts();
    let request = Request::from_parts(parts.clone(), body);
    let bytes = Bytes::from_request(request, state).await?;
    let request = Request::from_parts(parts, Body::from(bytes.clone()));
    Ok((request, bytes))
}

/// Refuse JSON in which a whole number stands that would be rounded.
pub(crate) fn check(json: &[u8]) -> Result<(), Common> {
    let text = std::str::from_utf8(json).unwrap_or_default();
    let mut path = Vec::new();
    if !(has_run(text) && find(text, &mut path)) {
        return Ok(());
    }
    let steps = path.iter().map(|step| {
        let step = step.replace('~', "~0").replace('/', "~1");
        format!("/{step}")
    });
    let detail = "is a whole number of more than 64 bits: send it as text";
    Err(Common::invalid(steps.collect::<String>(), detail))
}

/// Whether `number` is a whole one that has more than 64 bits.
pub(crate) fn is_wide(number: &str) -> bool {
    let digits = number.strip_prefix('-').unwrap_or(number);
    let whole = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    whole && number.parse::<i64>().is_err() && number.parse::<u64>().is_err()
}

/// Whether so many digits stand in a row anywhere: next to no text has to be looked at closely.
fn has_run(text: &str) -> bool {
    let mut run = 0;
    text.bytes().any(|byte| {
        run = if byte.is_ascii_digit() { run + 1 } else { 0 };
        run == DIGITS
    })
}

/// Find such a number in a JSON value; its place is left in `path`.
fn find(json: &str, path: &mut Vec<String>) -> bool {
    let mut look = |step: Cow<'_, str>, value: &RawValue| {
        if !has_run(value.get()) {
            return false;
        }
        path.push(step.into_owned());
        let found = find(value.get(), path);
        if !found {
            path.pop();
        }
        found
    };
    match json.trim_start().as_bytes().first() {
        Some(b'{') => {
            let members: BTreeMap<String, &RawValue> =
                serde_json::from_str(json).unwrap_or_default();
            let mut members = members.into_iter();
            members.any(|(name, value)| look(name.into(), value))
        }
        Some(b'[') => {
            let items: Vec<&RawValue> = serde_json::from_str(json).unwrap_or_default();
            let mut items = items.into_iter().enumerate();
            items.any(|(at, value)| look(at.to_string().into(), value))
        }
        _ => is_wide(json.trim()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_that_would_be_rounded_is_pointed_at() {
        for (json, pointer) in [
            (r#"{"a":[1,{"b":12345678901234567890123}]}"#, Some("/a/1/b")),
            (r#"{"~/":-9223372036854775809}"#, Some("/~0~1")),
            (" 18446744073709551616 ", Some("")),
            (r#"{"a":1,"a":18446744073709551616}"#, Some("/a")),
            (r#"{"a":18446744073709551615}"#, None),
            (r#"{"a":-9223372036854775808}"#, None),
            (r#"{"a":12345678901234567890123.0}"#, None),
            (r#"{"a":12345678901234567890123e1}"#, None),
            (r#"{"a":"12345678901234567890123"}"#, None),
            (r#"{"12345678901234567890123":1}"#, None),
            ("{", None),
        ] {
            let found = check(json.as_bytes()).err();
            let found = found.map(|error| service::Error::from(error).fields().remove(0).pointer);
            assert_eq!(found.as_deref(), pointer, "{json}");
        }
    }
}
