//! Histograms of durations: how many took how long, in cells that grow with what they hold.
//!
//! Up to 255 every number has a cell of its own; above, each doubling has 128 of equal width. A cell is
//! told by its middle, so no value is told wrong by more than [`RELATIVE_ERROR`]. Cells add up, so a day
//! is its hours, and what is taken away is subtracted.

use std::collections::BTreeMap;
use std::ops::AddAssign;

use super::varint::{read, read_signed, write, write_signed};

/// The most by which a value that a histogram tells is off, as a part of it: half a cell's width.
pub const RELATIVE_ERROR: f64 = 1.0 / 256.0;

/// How many cells a doubling has, as a power of two.
const BITS: u32 = 7;

/// What a packed histogram begins with.
const VERSION: u8 = 1;

/// How many took how long.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Histogram(BTreeMap<u32, i64>);

/// The cell of a value. What is negative is in the first one.
fn cell(value: i64) -> u32 {
    let value = value.max(0).unsigned_abs();
    let bits = u64::BITS - value.leading_zeros();
    let shift = bits.saturating_sub(BITS + 1);
    // At most 55 doublings: far from what a u32 holds.
    u32::try_from(value >> shift).unwrap_or_default() + (shift << BITS)
}

/// The middle of a cell.
fn middle(cell: u32) -> i64 {
    let shift = (cell >> BITS).saturating_sub(1);
    let least = i64::from(cell - (shift << BITS)) << shift;
    least + (((1_i64 << shift) - 1) >> 1)
}

impl Histogram {
    /// Count a value some times.
    pub(super) fn add(&mut self, value: i64, times: i64) {
        self.add_to(cell(value), times);
    }

    fn add_to(&mut self, cell: u32, times: i64) {
        let count = self.0.entry(cell).or_default();
        *count += times;
        if *count == 0 {
            self.0.remove(&cell);
        }
    }

    /// Count another one's values some times.
    pub(super) fn merge(&mut self, other: &Self, times: i64) {
        for (cell, count) in &other.0 {
            self.add_to(*cell, count * times);
        }
    }

    /// Whether nothing is counted.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The least that this part of 100 are not above, within [`RELATIVE_ERROR`] (`percentile_disc`).
    pub(super) fn percentile(&self, percent: i64) -> Option<i64> {
        let all: i64 = self.0.values().sum();
        let place = (all * percent + 99) / 100;
        let mut passed = 0;
        self.0.iter().find_map(|(cell, count)| {
            passed += count;
            (passed >= place && passed > 0).then(|| middle(*cell))
        })
    }

    /// As bytes: of each cell how far it is behind the one before, and its count.
    pub(super) fn pack(&self) -> Vec<u8> {
        let mut bytes = vec![VERSION];
        let mut before = 0;
        for (cell, count) in &self.0 {
            write(&mut bytes, u64::from(cell - before));
            write_signed(&mut bytes, *count);
            before = *cell;
        }
        bytes
    }

    /// From bytes; `None`, where they are none of ours.
    pub(super) fn unpack(bytes: &[u8]) -> Option<Self> {
        let (version, mut rest) = bytes.split_first()?;
        if *version != VERSION {
            return None;
        }
        let (mut cells, mut cell) = (BTreeMap::new(), 0_u32);
        while !rest.is_empty() {
            cell = cell.checked_add(u32::try_from(read(&mut rest)?).ok()?)?;
            cells.insert(cell, read_signed(&mut rest)?);
        }
        Some(Self(cells))
    }
}

impl AddAssign<&Histogram> for Histogram {
    fn add_assign(&mut self, other: &Self) {
        self.merge(other, 1);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(values: &[i64]) -> Histogram {
        let mut histogram = Histogram::default();
        for value in values {
            histogram.add(*value, 1);
        }
        histogram
    }

    /// Values as they come: some alike, some of every size.
    fn values() -> impl Strategy<Value = Vec<i64>> {
        let size = prop_oneof![0_i64..300, 0_i64..100_000, Just(4_096), 0_i64..=i64::MAX];
        prop::collection::vec(size, 1..200)
    }

    #[test]
    fn small_numbers_have_cells_of_their_own() {
        for value in 0..256 {
            assert_eq!(middle(cell(value)), value);
        }
        assert_eq!(cell(256), cell(257));
        assert_eq!(cell(255) + 1, cell(256), "no cell is left out");
        assert_eq!(cell(511) + 1, cell(512));
        assert!(of(&[i64::MAX]).percentile(50).is_some());
        assert_eq!(cell(-5), cell(0));
        assert_eq!(Histogram::default().percentile(50), None);
    }

    #[test]
    fn bytes_that_are_none_of_ours_are_refused() {
        assert_eq!(Histogram::unpack(&[]), None);
        assert_eq!(Histogram::unpack(&[9, 1, 2]), None);
        assert_eq!(Histogram::unpack(&[VERSION, 1]), None);
        assert_eq!(Histogram::unpack(&[VERSION, 0x80]), None);
        assert_eq!(Histogram::unpack(&[VERSION]).unwrap(), Histogram::default());
    }

    proptest! {
        #[test]
        fn a_percentile_is_within_the_error_of_the_exact_one(mut some in values(), percent in 1_i64..=100) {
            let told = of(&some).percentile(percent).unwrap();
            some.sort_unstable();
            let place = (some.len() * usize::try_from(percent).unwrap()).div_ceil(100);
            let exact = some[place - 1];
            let off = (i128::from(told) - i128::from(exact)).abs();
            // In whole numbers: half a cell is a 256th.
            prop_assert!(off * 256 <= i128::from(exact), "{told}, and not {exact}");
        }

        #[test]
        fn what_is_packed_is_what_was(some in values(), less in values()) {
            let mut histogram = of(&some);
            histogram.merge(&of(&less), -1);
            prop_assert_eq!(Histogram::unpack(&histogram.pack()), Some(histogram));
        }

        #[test]
        fn what_is_added_and_taken_away_leaves_nothing(some in values(), more in values()) {
            let mut histogram = of(&some);
            histogram += &of(&more);
            let together: Vec<i64> = some.iter().chain(&more).copied().collect();
            prop_assert_eq!(&histogram, &of(&together));
            histogram.merge(&of(&more), -1);
            histogram.merge(&of(&some), -1);
            prop_assert!(histogram.is_empty());
        }

        #[test]
        fn no_bytes_are_too_much(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            let _ = Histogram::unpack(&bytes);
        }
    }
}
