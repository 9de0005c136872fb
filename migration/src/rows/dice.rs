//! Chance that is the same each time: no row is made by real chance, so that a failure comes again.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

/// A stream of numbers that follows from what it was made of.
pub(super) struct Dice(u64);

impl Dice {
    /// The dice of one try at one row.
    pub(super) fn new(parts: &[&str], attempt: u64) -> Self {
        let mut hash = Sha256::new();
        for part in parts {
            hash.update(part.as_bytes());
            hash.update([0]);
        }
        hash.update(attempt.to_le_bytes());
        let bytes = hash.finalize();
        let mut seed = [0; 8];
        seed.copy_from_slice(&bytes[..8]);
        Self(u64::from_le_bytes(seed))
    }

    /// The next number (splitmix64).
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `sides`; 0 where there are none.
    pub(super) fn of(&mut self, sides: u64) -> u64 {
        self.next().checked_rem(sides).unwrap_or_default()
    }

    /// A place in a list of `length`.
    pub(super) fn below(&mut self, length: usize) -> usize {
        let sides = u64::try_from(length).unwrap_or(u64::MAX);
        usize::try_from(self.of(sides)).unwrap_or_default()
    }

    /// One of `list`; the list has some.
    pub(super) fn one<'l, T>(&mut self, list: &'l [T]) -> &'l T {
        &list[self.below(list.len())]
    }

    /// So many bytes, in hexadecimal.
    pub(super) fn hex(&mut self, bytes: usize) -> String {
        let mut text = String::new();
        while text.len() < bytes * 2 {
            let _ = write!(text, "{:016x}", self.next());
        }
        text.truncate(bytes * 2);
        text
    }
}
