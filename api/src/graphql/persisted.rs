//! Documents that are named by their hash, and which documents run at all.
//!
//! A setting chooses. `open`: any text runs, and a hash names a trusted document. `apq`: any text
//! runs, and a hash names a text that some known caller sent together with it. `trusted`: only
//! trusted documents run, by hash or by text, whoever asks: an admin's session is the one most
//! worth stealing. Where introspection is open, and so not in production, admins may run what they
//! like and everybody may ask what the schema is, for the sake of `GraphiQL`.

use std::sync::Arc;

use async_graphql::parser::types::ExecutableDocument;
use moka::sync::Cache;
use service::Ctx;
use service::actor::Actor;
use service::document::find_text;
use service::secret::fingerprint;
use service::settings::Documents;

use super::execute::{Api, Stop};
use super::limits;
use super::question::Named;
use crate::error::Door;

/// The most that is kept of what clients sent, in bytes.
const BYTES: u64 = 16 * 1024 * 1024;
/// What an entry takes beside its text, about.
const ENTRY: usize = 256;

/// Documents that clients sent with their hash, in this process.
pub(super) struct Sent(Cache<String, Arc<str>>);

impl Default for Sent {
    fn default() -> Self {
        Self::bounded(BYTES)
    }
}

impl Sent {
    fn bounded(bytes: u64) -> Self {
        let weigh = |hash: &String, text: &Arc<str>| {
            u32::try_from(hash.len() + text.len() + ENTRY).unwrap_or(u32::MAX)
        };
        Self(Cache::builder().max_capacity(bytes).weigher(weigh).build())
    }

    pub(super) fn keep(&self, hash: String, text: Arc<str>) {
        self.0.insert(hash, text);
    }
}

/// The document that a question names.
pub(super) struct Found {
    pub text: Arc<str>,
    /// Whether it may run for being what it is.
    pub trusted: bool,
    /// The hash to keep it under, once it was looked at.
    pub fresh: Option<String>,
}

impl Api {
    /// The text of the document that `named` names.
    pub(super) async fn find(&self, ctx: &Ctx, named: Named) -> Result<Found, Stop> {
        let told = |door| Err(Stop::told(door, None));
        let found = |text| Found {
            text,
            trusted: true,
            fresh: None,
        };
        let (text, hash) = match named {
            Named::Hash(hash) => {
                let text = match self.documents {
                    Documents::Automatic => self.sent.0.get(&hash),
                    Documents::Open | Documents::Trusted => find_text(ctx, &hash).await?,
                };
                return match text {
                    Some(text) => Ok(found(text)),
                    // A client that persists its queries by itself need not try again.
                    None if self.documents == Documents::Open => told(Door::PersistedNotSupported),
                    None => told(Door::PersistedNotFound),
                };
            }
            Named::Text(text) => (text, None),
            Named::Both { text, hash } if fingerprint(text.as_bytes()) == hash => {
                (text, Some(hash))
            }
            Named::Both { .. } => return told(Door::PersistedMismatch),
        };
        let mut found = found(Arc::from(text));
        match self.documents {
            Documents::Open => {}
            // Strangers must not push out what others sent.
            Documents::Automatic => {
                found.fresh = hash.filter(|_| !matches!(ctx.actor, Actor::Anonymous));
            }
            Documents::Trusted => {
                let hash = hash.unwrap_or_else(|| fingerprint(found.text.as_bytes()));
                found.trusted = find_text(ctx, &hash).await?.is_some();
                if !found.trusted && !self.introspection {
                    return told(Door::Untrusted);
                }
            }
        }
        Ok(found)
    }

    /// Refuse a document that is not trusted, with the exceptions that are made outside production.
    pub(super) fn admit(&self, ctx: &Ctx, document: &ExecutableDocument) -> Result<(), Stop> {
        let harmless = ctx.actor.is_admin() || limits::is_introspection(document);
        if self.introspection && harmless {
            return Ok(());
        }
        Err(Stop::told(Door::Untrusted, None))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_clients_send_is_kept_within_bounds() {
        let sent = Sent::bounded(100_000);
        let text: Arc<str> = Arc::from("x".repeat(9_000));
        for number in 0..1_000 {
            sent.keep(format!("{number:064}"), Arc::clone(&text));
        }
        sent.0.run_pending_tasks();
        assert!(sent.0.weighted_size() <= 100_000);
        assert!(sent.0.entry_count() > 0);
    }
}
