//! How a key is written down.

/// The key `k` as SQL writes it.
pub(super) const LITERAL: &str = "quote(k)";
