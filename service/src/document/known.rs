//! Trusted documents that were asked for a moment ago, and hashes that were found to name none.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use moka::sync::Cache;

use crate::settings::Settings;
use crate::signal::Signal;

/// The most that the memory holds, in bytes.
const BYTES: u64 = 16 * 1024 * 1024;
/// What an entry takes beside its text, about.
const ENTRY: usize = 256;

/// The text that a hash names, if it names one.
type Text = Option<Arc<str>>;

/// What hashes name, as found a moment ago.
#[derive(Debug)]
pub struct Known {
    texts: Cache<String, Text>,
    /// How often something changed: a look-up that began before does not count after.
    changed: AtomicU64,
}

impl Known {
    /// An empty memory. What it knows is as fresh as what is known of callers.
    pub fn new(settings: &Settings) -> Self {
        let weigh = |hash: &String, text: &Text| {
            let bytes = hash.len() + text.as_ref().map_or(0, |text| text.len()) + ENTRY;
            u32::try_from(bytes).unwrap_or(u32::MAX)
        };
        let texts = Cache::builder()
            .max_capacity(BYTES)
            .weigher(weigh)
            .time_to_live(settings.caller_cache);
        Self {
            texts: texts.build(),
            changed: AtomicU64::new(0),
        }
    }

    /// Forget what `signal` may be about.
    pub fn hear(&self, signal: &Signal) {
        if matches!(signal, Signal::DocumentChanged(_) | Signal::Missed) {
            self.changed.fetch_add(1, Ordering::SeqCst);
            self.texts.invalidate_all();
        }
    }

    pub(super) fn get(&self, hash: &str) -> Option<Text> {
        self.texts.get(hash)
    }

    /// How often something has changed so far.
    pub(super) fn seen(&self) -> u64 {
        self.changed.load(Ordering::SeqCst)
    }

    /// Remember what `hash` names, unless something changed since `seen`.
    pub(super) fn remember(&self, hash: &str, text: Text, seen: u64) {
        self.texts.insert(hash.to_owned(), text);
        if self.seen() != seen {
            self.texts.invalidate(hash);
        }
    }
}

#[cfg(test)]
mod tests {
    use entity::id::TrustedDocumentId;

    use super::*;

    #[test]
    fn what_changed_meanwhile_is_not_remembered() {
        let known = Known::new(&Settings::default());
        let before = known.seen();
        known.remember("a", None, before);
        assert_eq!(known.get("a"), Some(None));
        known.hear(&Signal::DocumentChanged(TrustedDocumentId(
            uuid::Uuid::nil(),
        )));
        assert_eq!(known.get("a"), None);
        known.remember("a", None, before);
        assert_eq!(known.get("a"), None);
    }
}
