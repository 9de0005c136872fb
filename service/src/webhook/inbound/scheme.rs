//! How sources sign: Standard Webhooks, and the ways of GitHub and Stripe.

use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD as BASE64;
use chrono::{DateTime, TimeDelta, Utc};
use entity::webhook::source::WebhookScheme;
use hmac::Mac as _;

use super::Parcel;
use crate::secret::fingerprint;
use crate::webhook::error::Error;
use crate::webhook::signature::{Secrets, key_of, mac};

/// The most signatures that one request is looked through for.
const SIGNATURES: usize = 10;

/// Refuse unless one of the secrets in force signed the parcel, and not too long ago; tells the
/// source's id of it.
pub(super) fn verify(
    scheme: WebhookScheme,
    secrets: &Secrets,
    parcel: Parcel<'_>,
    now: DateTime<Utc>,
    tolerance: Duration,
) -> Result<String, Error> {
    let secrets: Vec<&str> = secrets.in_force(now).collect();
    match scheme {
        WebhookScheme::Standard => standard(&secrets, parcel, now, tolerance),
        WebhookScheme::Github => github(&secrets, parcel),
        WebhookScheme::Stripe => stripe(&secrets, parcel, now, tolerance),
    }
}

/// `webhook-id`, `webhook-timestamp`, and in `webhook-signature` one or more `v1,<base64>`.
fn standard(
    secrets: &[&str],
    parcel: Parcel<'_>,
    now: DateTime<Utc>,
    tolerance: Duration,
) -> Result<String, Error> {
    let need = |name, what| parcel.header(name).ok_or(Error::Unsigned { what });
    let id = need("webhook-id", "one header webhook-id is needed")?;
    let time = need(
        "webhook-timestamp",
        "one header webhook-timestamp is needed",
    )?;
    let signed = need(
        "webhook-signature",
        "one header webhook-signature is needed",
    )?;
    let what = "webhook-timestamp must be whole seconds";
    let seconds = seconds(time).ok_or(Error::Unsigned { what })?;
    let codes = signed.split(' ').filter_map(|one| one.strip_prefix("v1,"));
    let codes = codes.filter_map(|code| BASE64.decode(code).ok());
    let parts = [id.as_bytes(), b".", time.as_bytes(), b".", parcel.body];
    let keys = secrets.iter().map(|secret| key_of(secret));
    one_fits(keys, &parts, codes)?;
    in_time(seconds, now, tolerance)?;
    Ok(id.to_owned())
}

/// `x-hub-signature-256: sha256=<hex>` of the body alone: no time, no id.
fn github(secrets: &[&str], parcel: Parcel<'_>) -> Result<String, Error> {
    let what = "one header x-hub-signature-256 is needed";
    let signed = parcel.header("x-hub-signature-256");
    let signed = signed.ok_or(Error::Unsigned { what })?;
    let code = signed.strip_prefix("sha256=");
    let code = code.and_then(|code| hex::decode(code).ok());
    let what = "x-hub-signature-256 must be sha256= and hexadecimal digits";
    let code = code.ok_or(Error::Unsigned { what })?;
    let keys = secrets.iter().map(|secret| secret.as_bytes().to_vec());
    one_fits(keys, &[parcel.body], [code])?;
    Ok(fingerprint(parcel.body))
}

/// `stripe-signature: t=<seconds>,v1=<hex>`, perhaps several v1; the id stands in the body.
fn stripe(
    secrets: &[&str],
    parcel: Parcel<'_>,
    now: DateTime<Utc>,
    tolerance: Duration,
) -> Result<String, Error> {
    let what = "one header stripe-signature is needed";
    let signed = parcel.header("stripe-signature");
    let signed = signed.ok_or(Error::Unsigned { what })?;
    let parts: Vec<(&str, &str)> = signed
        .split(',')
        .filter_map(|part| part.trim().split_once('='))
        .collect();
    let mut times = parts.iter().filter(|(name, _)| *name == "t");
    let what = "stripe-signature must have one t in whole seconds";
    let (time, None) = (times.next(), times.next()) else {
        return Err(Error::Unsigned { what });
    };
    let (_, time) = time.ok_or(Error::Unsigned { what })?;
    let seconds = seconds(time).ok_or(Error::Unsigned { what })?;
    let codes = parts.iter().filter(|(name, _)| *name == "v1");
    let codes = codes.filter_map(|(_, code)| hex::decode(code).ok());
    let keys = secrets.iter().map(|secret| secret.as_bytes().to_vec());
    one_fits(keys, &[time.as_bytes(), b".", parcel.body], codes)?;
    in_time(seconds, now, tolerance)?;
    // Read only now that it is certain whose words these are.
    let body: Option<serde_json::Value> = serde_json::from_slice(parcel.body).ok();
    let id = body.as_ref().and_then(|body| body["id"].as_str());
    Ok(id.map_or_else(|| fingerprint(parcel.body), str::to_owned))
}

/// Digits only: what others would read as the same number signs something else.
fn seconds(text: &str) -> Option<i64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

/// Refuse unless one of the codes is that of `parts` under one of the keys. Compared in a time that
/// tells nothing of how much of a code is right.
fn one_fits(
    keys: impl Iterator<Item = Vec<u8>>,
    parts: &[&[u8]],
    codes: impl IntoIterator<Item = Vec<u8>>,
) -> Result<(), Error> {
    let codes: Vec<Vec<u8>> = codes.into_iter().take(SIGNATURES).collect();
    for key in keys {
        let right = mac(&key, parts);
        if codes
            .iter()
            .any(|code| right.clone().verify_slice(code).is_ok())
        {
            return Ok(());
        }
    }
    Err(Error::BadSignature)
}

fn in_time(seconds: i64, now: DateTime<Utc>, tolerance: Duration) -> Result<(), Error> {
    let signed = DateTime::from_timestamp(seconds, 0).ok_or(Error::OutOfTime)?;
    let tolerance = TimeDelta::from_std(tolerance).unwrap_or(TimeDelta::MAX);
    if (now - signed).abs() <= tolerance {
        Ok(())
    } else {
        Err(Error::OutOfTime)
    }
}
