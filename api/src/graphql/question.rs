//! What a request asks, whichever way it came: a document or its hash, variables, an operation.

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::error::Door;

/// What a request says.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Params {
    pub query: Option<String>,
    /// `sha256:` and the hash, as the appendix on persisted documents of GraphQL over HTTP has it.
    pub document_id: Option<String>,
    pub operation_name: Option<String>,
    pub variables: Option<Map<String, Value>>,
    pub extensions: Option<Map<String, Value>>,
}

/// What a request asks.
#[derive(Debug)]
pub(super) struct Question {
    pub document: Named,
    pub operation_name: Option<String>,
    pub variables: Map<String, Value>,
}

/// How a request names its document.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Named {
    /// By its text.
    Text(String),
    /// By its hash.
    Hash(String),
    /// By both, for the server to remember.
    Both { text: String, hash: String },
}

/// What clients that persist their queries by themselves put into `extensions`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Persisted {
    version: u64,
    sha256_hash: String,
}

impl Params {
    /// What they ask, or why they ask nothing.
    pub(super) fn question(self) -> Result<Question, Door> {
        let bad = |detail: &str| Door::Malformed(detail.to_owned());
        let mut extensions = self.extensions.unwrap_or_default();
        let hash = match (extensions.remove("persistedQuery"), self.document_id) {
            (Some(_), Some(_)) => return Err(bad("name the document once")),
            (Some(persisted), None) => {
                let persisted: Persisted = serde_json::from_value(persisted)
                    .map_err(|error| bad(&format!("extensions.persistedQuery: {error}")))?;
                if persisted.version != 1 {
                    return Err(Door::PersistedNotSupported);
                }
                Some(persisted.sha256_hash)
            }
            (None, Some(id)) => {
                let hash = id.strip_prefix("sha256:");
                let hash = hash.ok_or_else(|| bad("documentId: begin with sha256:"))?;
                Some(hash.to_owned())
            }
            (None, None) => None,
        };
        if hash.as_deref().is_some_and(|hash| !is_hash(hash)) {
            return Err(bad(
                "a hash is a SHA-256 in 64 lower-case hexadecimal digits",
            ));
        }
        let document = match (self.query, hash) {
            (Some(text), None) => Named::Text(text),
            (None, Some(hash)) => Named::Hash(hash),
            (Some(text), Some(hash)) if text.is_empty() => Named::Hash(hash),
            (Some(text), Some(hash)) => Named::Both { text, hash },
            (None, None) => return Err(bad("missing field `query`")),
        };
        Ok(Question {
            document,
            operation_name: self.operation_name,
            variables: self.variables.unwrap_or_default(),
        })
    }
}

fn is_hash(text: &str) -> bool {
    let digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    text.len() == 64 && text.bytes().all(digit)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_document_is_named_by_its_text_its_hash_or_both() {
        let hash = "0f".repeat(32);
        let persisted =
            |hash: &str| json!({ "persistedQuery": { "version": 1, "sha256Hash": hash } });
        let text = "{ a }".to_owned();
        let both = Named::Both {
            text: text.clone(),
            hash: hash.clone(),
        };
        let by_hash = || Named::Hash(hash.clone());
        for (params, named) in [
            (json!({ "query": text }), Some(Named::Text(text.clone()))),
            (
                json!({ "query": text, "extensions": { "other": 1 } }),
                Some(Named::Text(text.clone())),
            ),
            (
                json!({ "query": text, "extensions": persisted(&hash) }),
                Some(both),
            ),
            (json!({ "extensions": persisted(&hash) }), Some(by_hash())),
            (
                json!({ "query": "", "extensions": persisted(&hash) }),
                Some(by_hash()),
            ),
            (
                json!({ "documentId": format!("sha256:{hash}") }),
                Some(by_hash()),
            ),
            (json!({ "documentId": hash }), None),
            (
                json!({ "documentId": format!("sha256:{hash}"), "extensions": persisted(&hash) }),
                None,
            ),
            (json!({ "extensions": persisted(&"0F".repeat(32)) }), None),
            (json!({ "extensions": persisted("0f") }), None),
            (
                json!({ "extensions": { "persistedQuery": { "version": 2, "sha256Hash": hash } } }),
                None,
            ),
            (json!({ "extensions": { "persistedQuery": "yes" } }), None),
            (json!({}), None),
        ] {
            let shown = params.to_string();
            let params: Params = serde_json::from_value(params).unwrap();
            let found = params.question().map(|question| question.document).ok();
            assert_eq!(found, named, "{shown}");
        }
    }
}
