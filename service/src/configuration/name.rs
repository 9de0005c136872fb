//! What settings and flags are named by: a key, and where it holds.

use crate::check::Check;

/// The environment that stands for every one.
pub const EVERYWHERE: &str = "all";
/// The most characters of a key, and of an environment's name.
const LONGEST: usize = 255;

/// A setting or a flag, by its name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name {
    /// The key.
    pub key: String,
    /// Where it holds: an environment, or [`EVERYWHERE`].
    pub environment: String,
}

impl Name {
    /// What is wrong with a name that something is to be kept under.
    pub(super) fn check(&self, check: &mut Check, key: &str) {
        let plain = |letter: u8, more: &[u8]| {
            letter.is_ascii_lowercase() || letter.is_ascii_digit() || more.contains(&letter)
        };
        check.text(key, &self.key, true, LONGEST);
        if !self.key.bytes().all(|letter| plain(letter, b"._-")) {
            check.wrong(
                key,
                "must have small letters, digits, `.`, `_` and `-` only",
            );
        }
        check.text("/environment", &self.environment, true, LONGEST);
        if !self.environment.bytes().all(|letter| plain(letter, b"_-")) {
            let detail = "must have small letters, digits, `_` and `-` only";
            check.wrong("/environment", detail);
        }
    }
}
