//! Handing a video to the generator.

use std::time::Duration;

use entity::media::video::Model;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{GENERATOR, GENERATOR_KEY};
use crate::ctx::Ctx;
use crate::error::Result;
use crate::nft;
use crate::outbound::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER};
use crate::outbound::{self, Answer, HeaderMap, HeaderName, HeaderValue, Method, Request};

/// The longest that the generator may ask us to wait.
const LONGEST: Duration = Duration::from_hours(1);
/// The most characters of what the generator calls a job.
const NAME: usize = 255;

/// What the generator says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// It has it, and calls it so.
    Taken(String),
    /// It will never make this one.
    Refused(String),
    /// Not now.
    Later {
        /// Why.
        why: String,
        /// When it wants to be asked again.
        after: Option<Duration>,
    },
}

#[derive(Deserialize)]
struct Taken {
    id: String,
}

/// Hand a video over. However often that is done, the generator takes on one `job_id` once.
pub(super) async fn submit(ctx: &Ctx, row: &Model) -> Result<Said> {
    let Some(url) = ctx.configuration().get(&GENERATOR) else {
        return Ok(later("no generator is set up"));
    };
    let held = nft::latest(&ctx.read()?, &row.nft_id).await?;
    let nft = held.map(|held| {
        json!({
            "chain": held.chain, "standard": held.standard,
            "contract_address": held.contract_address, "token_id": held.token_id,
        })
    });
    let body = json!({
        "job_id": row.job_id, "video_id": row.id, "nft_id": row.nft_id, "nft": nft,
        "title": row.title, "description": row.description, "metadata": row.metadata,
    });
    let Some(headers) = headers(row, ctx.configuration().get(&GENERATOR_KEY)) else {
        return Ok(later("its key is no header"));
    };
    let request = Request {
        method: Method::POST,
        url,
        headers,
        body: body.to_string().into_bytes(),
    };
    Ok(match outbound::call(&ctx.services, request).await {
        Ok(answer) => read(&answer),
        Err(failure) => later(&failure.to_string()),
    })
}

fn headers(row: &Model, key: Option<String>) -> Option<HeaderMap> {
    let mut headers = HeaderMap::new();
    let json = HeaderValue::from_static("application/json");
    headers.insert(ACCEPT, json.clone());
    headers.insert(CONTENT_TYPE, json);
    let name = HeaderValue::from_str(&row.job_id).ok()?;
    headers.insert(HeaderName::from_static("idempotency-key"), name);
    if let Some(key) = key {
        let mut value = HeaderValue::from_str(&format!("Bearer {key}")).ok()?;
        value.set_sensitive(true);
        headers.insert(AUTHORIZATION, value);
    }
    Some(headers)
}

fn read(answer: &Answer) -> Said {
    let status = answer.status;
    match status {
        200..=202 if !answer.cut => match serde_json::from_slice::<Taken>(&answer.body) {
            Ok(Taken { id }) if is_name(&id) => Said::Taken(id),
            _ => later("its answer names no job"),
        },
        // Something is wrong with this one, and will be.
        400 | 413 | 422 => Said::Refused(
            reason(&answer.body).unwrap_or_else(|| format!("the generator refused it ({status})")),
        ),
        _ => Said::Later {
            why: format!("it answered {status}"),
            after: retry_after(&answer.headers),
        },
    }
}

/// Whether `id` is a name that every engine keeps.
pub(super) fn is_name(id: &str) -> bool {
    !id.trim().is_empty() && id.chars().count() <= NAME && !id.contains('\0')
}

/// Why it refused, as it says: `error`, `message` or `detail`.
fn reason(body: &[u8]) -> Option<String> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let said = ["error", "message", "detail"].into_iter();
    let said = said.filter_map(|name| body[name].as_str().or(body[name]["message"].as_str()));
    said.map(str::trim)
        .find(|text| !text.is_empty())
        .map(str::to_owned)
}

fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse();
    seconds
        .ok()
        .map(|seconds| Duration::from_secs(seconds).min(LONGEST))
}

fn later(why: &str) -> Said {
    Said::Later {
        why: why.to_owned(),
        after: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_generator_says_is_told_apart() {
        let said = |status, body: &str| {
            read(&Answer {
                status,
                headers: HeaderMap::new(),
                body: body.as_bytes().to_vec(),
                cut: false,
            })
        };
        assert_eq!(said(202, r#"{"id":"g-1"}"#), Said::Taken("g-1".to_owned()));
        for body in ["", "{}", r#"{"id":""}"#, r#"{"id":7}"#, "[]"] {
            assert!(matches!(said(200, body), Said::Later { .. }), "{body}");
        }
        let long = json!({ "id": "x".repeat(256) }).to_string();
        assert!(matches!(said(200, &long), Said::Later { .. }));
        let why = || Said::Refused("too long".to_owned());
        assert_eq!(said(422, r#"{"error":"too long"}"#), why());
        assert_eq!(said(400, r#"{"error":{"message":"too long"}}"#), why());
        assert!(matches!(said(400, "<html>"), Said::Refused(_)));
        for status in [204, 301, 401, 403, 404, 409, 429, 500, 503] {
            assert!(matches!(said(status, "{}"), Said::Later { .. }), "{status}");
        }
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, HeaderValue::from_static("7"));
        assert_eq!(retry_after(&headers), Some(Duration::from_secs(7)));
        headers.insert(RETRY_AFTER, HeaderValue::from_static("999999"));
        assert_eq!(retry_after(&headers), Some(LONGEST));
    }
}
