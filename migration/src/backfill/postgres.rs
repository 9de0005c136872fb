//! How a key is written down.

/// The key `k` as SQL writes it; what it is compared with says of what type it is.
pub(super) const LITERAL: &str = "quote_literal(k::text)";
