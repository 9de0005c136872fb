//! Asking a provider for tokens (RFC 6749, sections 4.1.3, 5 and 6).

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tracing::warn;
use url::form_urlencoded;

use super::error::Error;
use super::provider::{ClientAuthentication, Provider};
use crate::ctx::Ctx;
use crate::error::{Error as Any, Result};
use crate::outbound::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use crate::outbound::{self, HeaderMap, HeaderValue, Method, Request};

/// The longest time that a token is believed to be good.
const LONGEST: i64 = 10 * 365 * 24 * 60 * 60;

/// What opens an account, as it is sealed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Credentials {
    pub(super) access_token: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) refresh_token: Option<String>,
    #[serde(default = "bearer")]
    pub(super) token_type: String,
    /// Until when somebody is renewing it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) renewing_until: Option<DateTime<Utc>>,
    /// When it was last renewed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) renewed_at: Option<DateTime<Utc>>,
}

fn bearer() -> String {
    "bearer".to_owned()
}

/// What a provider gives.
pub(super) struct Tokens {
    pub(super) credentials: Credentials,
    /// How long it is good, where that is said.
    pub(super) lasts: Option<TimeDelta>,
    /// What was agreed to, where that is said.
    pub(super) scopes: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Granted {
    access_token: String,
    refresh_token: Option<String>,
    token_type: Option<String>,
    expires_in: Option<Value>,
    scope: Option<String>,
}

#[derive(Deserialize)]
struct Denied {
    error: String,
}

/// Ask `provider` for tokens. A provider that says no is [`Error::Refused`], with its own word for it.
pub(super) async fn ask(ctx: &Ctx, provider: &Provider, grant: &[(&str, &str)]) -> Result<Tokens> {
    let (headers, body) = dress(provider, grant)?;
    let request = Request {
        method: Method::POST,
        url: provider.token_url.clone(),
        headers,
        body,
    };
    let called = outbound::call(&ctx.services, request).await;
    let answer = called.map_err(|failure| {
        let cause = std::error::Error::source(&failure).map(ToString::to_string);
        warn!(provider = provider.name, %failure, cause, "a provider gives no tokens");
        Any::from(Error::Unreachable)
    })?;
    read(provider, answer.status, &answer.body)
}

/// The headers and the body of a question: who we are, and what is worth tokens.
fn dress(provider: &Provider, grant: &[(&str, &str)]) -> Result<(HeaderMap, Vec<u8>)> {
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    let form = HeaderValue::from_static("application/x-www-form-urlencoded");
    headers.insert(CONTENT_TYPE, form);
    let mut body = form_urlencoded::Serializer::new(String::new());
    body.extend_pairs(grant);
    let (id, secret) = (&provider.client_id, &provider.client_secret);
    match provider.client_authentication {
        ClientAuthentication::Basic => {
            let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect();
            let (id, secret): (String, String) = (encoded(id), encoded(secret));
            let pair = BASE64_STANDARD.encode(format!("{id}:{secret}"));
            let value = HeaderValue::from_str(&format!("Basic {pair}"));
            let mut value = value.map_err(Any::internal)?;
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        ClientAuthentication::Body => {
            body.append_pair("client_id", id);
            body.append_pair("client_secret", secret);
        }
    }
    Ok((headers, body.finish().into_bytes()))
}

/// What the answer says. Some providers say no with a good status.
fn read(provider: &Provider, status: u16, body: &[u8]) -> Result<Tokens> {
    if let Ok(denied) = serde_json::from_slice::<Denied>(body) {
        // A word of the protocol, or of the provider: short, and of plain letters.
        let word = |letter: &char| letter.is_ascii_alphanumeric() || "_-. ".contains(*letter);
        let why = denied.error.chars().filter(word).take(64).collect();
        return Err(Error::Refused { why }.into());
    }
    let granted: Granted = match serde_json::from_slice(body) {
        Ok(granted) if status == 200 || status == 201 => granted,
        _ => {
            warn!(
                provider = provider.name,
                status, "a provider's answer is none"
            );
            return Err(Error::Unreachable.into());
        }
    };
    let seconds = granted.expires_in.and_then(|value| match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    });
    let lasts = seconds.filter(|seconds| *seconds > 0);
    let scopes = granted.scope.map(|scope| {
        let parts = scope.split([' ', ',']).filter(|part| !part.is_empty());
        parts.take(100).map(str::to_owned).collect()
    });
    Ok(Tokens {
        credentials: Credentials {
            access_token: granted.access_token,
            refresh_token: granted.refresh_token,
            token_type: granted.token_type.unwrap_or_else(bearer),
            renewing_until: None,
            renewed_at: None,
        },
        lasts: lasts.map(|seconds| TimeDelta::seconds(seconds.min(LONGEST))),
        scopes,
    })
}
