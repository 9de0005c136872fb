//! A service that people can connect, as the operator declares it.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use url::Url;

use crate::configuration::SettingValue;

/// How we say who we are when we ask for a token (RFC 6749, section 2.3.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientAuthentication {
    /// In the header.
    #[default]
    Basic,
    /// In the body.
    Body,
}

/// A service that people can connect.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provider {
    /// What agents call it: `a-z`, `0-9`, `-` and `_`.
    pub name: String,
    /// Where people agree.
    pub authorize_url: Url,
    /// Where we get tokens.
    pub token_url: Url,
    /// Who we are there.
    pub client_id: String,
    /// What proves it.
    pub client_secret: String,
    /// What we ask for.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// What else the provider wants to be told where people agree.
    #[serde(default)]
    pub authorize_parameters: BTreeMap<String, String>,
    /// How we say who we are.
    #[serde(default)]
    pub client_authentication: ClientAuthentication,
}

impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Provider")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl SettingValue for Provider {
    const WHAT: &'static str = "a provider";

    fn from_json(json: &Value) -> Option<Self> {
        let provider = Self::deserialize(json).ok()?;
        let named =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte);
        let web = |url: &Url| matches!(url.scheme(), "http" | "https") && url.has_host();
        let good = (1..=64).contains(&provider.name.len())
            && provider.name.bytes().all(named)
            // The list of providers has this place.
            && provider.name != "providers"
            && web(&provider.authorize_url)
            && web(&provider.token_url);
        good.then_some(provider)
    }

    fn to_json(&self) -> Value {
        json!(self)
    }

    fn schema() -> Value {
        let text = json!({ "type": "string" });
        let url = json!({ "type": "string", "format": "uri" });
        json!({
            "type": "object",
            "additionalProperties": false,
            "required": ["name", "authorize_url", "token_url", "client_id", "client_secret"],
            "properties": {
                "name": { "type": "string", "pattern": "^[a-z0-9_-]{1,64}$" },
                "authorize_url": url,
                "token_url": url,
                "client_id": text,
                "client_secret": text,
                "scopes": { "type": "array", "items": text },
                "authorize_parameters": { "type": "object", "additionalProperties": text },
                "client_authentication": { "enum": ["basic", "body"] },
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_is_read_whole_or_not_at_all_and_shows_no_secret() {
        let good = json!({
            "name": "git-hub_1", "authorize_url": "https://example.com/a",
            "token_url": "https://example.com/t", "client_id": "id", "client_secret": "hidden",
        });
        let provider = Provider::from_json(&good).unwrap();
        assert!(!format!("{provider:?}").contains("hidden"));
        assert_eq!(provider.client_authentication, ClientAuthentication::Basic);
        for (member, value) in [
            ("name", json!("Git Hub")),
            ("name", json!("")),
            ("name", json!("providers")),
            ("token_url", json!("/t")),
            ("token_url", json!("ftp://example.com/")),
            ("authorize_url", json!("javascript:alert(1)")),
            ("client_secret", json!(7)),
            ("client_authentication", json!("none")),
            ("other", json!(1)),
        ] {
            let mut bad = good.clone();
            bad[member] = value;
            assert!(Provider::from_json(&bad).is_none(), "{bad}");
        }
    }
}
