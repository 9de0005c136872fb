//! The sums of one day as bytes: of each kind there is, what it has in every cell of the day.

use std::collections::BTreeMap;

use super::rollup::{DAY, HOUR, QUARTER};
use super::varint::{read, read_signed, write, write_signed};

/// What a sheet begins with.
const VERSION: u8 = 1;

/// How finely a day is told: the coarsest is the least.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Cells {
    /// As one.
    Day,
    /// By its hours.
    Hours,
    /// By its quarters of an hour.
    Quarters,
}

impl Cells {
    /// How many a day has.
    const fn count(self) -> usize {
        match self {
            Self::Day => 1,
            Self::Hours => 24,
            Self::Quarters => 96,
        }
    }

    /// How many bytes say which of them are not empty: a day as one needs none.
    const fn mask(self) -> usize {
        self.count() / 8
    }

    /// The seconds that each has.
    pub(super) const fn seconds(self) -> i64 {
        match self {
            Self::Day => DAY,
            Self::Hours => HOUR,
            Self::Quarters => QUARTER,
        }
    }
}

/// What sums of a day are told apart by.
pub(super) trait Kind: Ord + Sized {
    /// Put it down.
    fn write(&self, bytes: &mut Vec<u8>);

    /// Read what [`Kind::write`] put down.
    fn read(bytes: &mut &[u8]) -> Option<Self>;
}

/// The sums of one day by kind and cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sheet<K> {
    cells: Cells,
    sums: BTreeMap<K, Vec<i64>>,
}

impl<K: Kind + Clone> Sheet<K> {
    /// A sheet of quarters, from amounts at seconds of the day; `None`, where a sum is more than a number holds.
    pub(super) fn of(amounts: impl IntoIterator<Item = (K, i64, i64)>) -> Option<Self> {
        let cells = Cells::Quarters;
        let mut sums: BTreeMap<K, Vec<i64>> = BTreeMap::new();
        for (kind, second, amount) in amounts {
            let row = sums.entry(kind).or_insert_with(|| vec![0; cells.count()]);
            let cell = row.get_mut(usize::try_from(second / QUARTER).ok()?)?;
            *cell = cell.checked_add(amount)?;
        }
        Some(Self { cells, sums })
    }

    /// The same by hours, or as one.
    pub(super) fn by(&self, cells: Cells) -> Option<Self> {
        let each = self.cells.count() / cells.count();
        let added = |row: &Vec<i64>| -> Option<Vec<i64>> {
            let sum = |some: &[i64]| {
                some.iter()
                    .try_fold(0_i64, |sum, one| sum.checked_add(*one))
            };
            row.chunks(each).map(sum).collect()
        };
        let sums = self.sums.iter();
        let sums = sums.map(|(kind, row)| Some((kind.clone(), added(row)?)));
        Some(Self {
            cells,
            sums: sums.collect::<Option<_>>()?,
        })
    }

    /// As bytes: each kind, which of its cells are not empty, and these.
    pub(super) fn pack(&self) -> Vec<u8> {
        let mut bytes = vec![VERSION];
        for (kind, row) in &self.sums {
            kind.write(&mut bytes);
            let begun = bytes.len();
            bytes.resize(begun + self.cells.mask(), 0);
            for (at, sum) in row.iter().enumerate() {
                if self.cells == Cells::Day || *sum != 0 {
                    if let Some(byte) = bytes.get_mut(begun + at / 8)
                        && self.cells != Cells::Day
                    {
                        *byte |= 1 << (at % 8);
                    }
                    write_signed(&mut bytes, *sum);
                }
            }
        }
        bytes
    }
}

/// Read what [`Sheet::pack`] put down, kind by kind; `None`, where it is none of ours.
pub(super) fn unpack<K: Kind>(
    bytes: &[u8],
    cells: Cells,
    mut each: impl FnMut(K, &[i64]),
) -> Option<()> {
    let (version, mut rest) = bytes.split_first()?;
    if *version != VERSION {
        return None;
    }
    let mut row = [0_i64; Cells::Quarters.count()];
    let row = row.get_mut(..cells.count())?;
    while !rest.is_empty() {
        let kind = K::read(&mut rest)?;
        if cells == Cells::Day {
            *row.first_mut()? = read_signed(&mut rest)?;
        } else {
            let (mask, more) = rest.split_at_checked(cells.mask())?;
            rest = more;
            for (at, sum) in row.iter_mut().enumerate() {
                let filled = mask.get(at / 8)? & (1 << (at % 8)) != 0;
                *sum = if filled { read_signed(&mut rest)? } else { 0 };
            }
        }
        each(kind, row);
    }
    Some(())
}

/// Put down a text behind its length.
pub(super) fn write_text(bytes: &mut Vec<u8>, text: &str) {
    write(bytes, text.len() as u64);
    bytes.extend_from_slice(text.as_bytes());
}

/// Read a text whose length is before it.
pub(super) fn read_text(bytes: &mut &[u8]) -> Option<String> {
    let length = usize::try_from(read(bytes)?).ok()?;
    let (text, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    String::from_utf8(text.to_vec()).ok()
}

/// Read one byte.
pub(super) fn read_byte(bytes: &mut &[u8]) -> Option<u8> {
    let (byte, rest) = bytes.split_first()?;
    *bytes = rest;
    Some(*byte)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    impl Kind for String {
        fn write(&self, bytes: &mut Vec<u8>) {
            write_text(bytes, self);
        }

        fn read(bytes: &mut &[u8]) -> Option<Self> {
            read_text(bytes)
        }
    }

    fn read_back(bytes: &[u8], cells: Cells) -> Option<BTreeMap<String, Vec<i64>>> {
        let mut sums = BTreeMap::new();
        unpack(bytes, cells, |kind, row| {
            sums.insert(kind, row.to_vec());
        })?;
        Some(sums)
    }

    proptest! {
        #[test]
        fn a_day_is_read_as_it_was_packed(
            amounts in prop::collection::vec(
                ("[a-cΩ]{0,3}", 0..DAY, -1_000_000_i64..1_000_000_000), 0..200,
            ),
        ) {
            let sheet = Sheet::of(amounts.clone()).unwrap();
            for cells in [Cells::Day, Cells::Hours, Cells::Quarters] {
                let mut sums: BTreeMap<String, Vec<i64>> = BTreeMap::new();
                for (kind, second, amount) in &amounts {
                    let at = usize::try_from(second / cells.seconds()).unwrap();
                    sums.entry(kind.clone()).or_insert_with(|| vec![0; cells.count()])[at] += amount;
                }
                let packed = sheet.by(cells).unwrap().pack();
                prop_assert_eq!(read_back(&packed, cells), Some(sums));
            }
        }
    }

    #[test]
    fn what_no_number_holds_is_not_packed() {
        let amounts = |second| {
            let one = |at| ("a".to_owned(), at, i64::MAX);
            Sheet::of([one(0), one(second)])
        };
        assert_eq!(amounts(0), None);
        let sheet = amounts(QUARTER).unwrap();
        assert_eq!(sheet.by(Cells::Quarters), Some(sheet.clone()));
        assert_eq!(sheet.by(Cells::Hours), None);
        assert_eq!(sheet.by(Cells::Day), None);
    }

    #[test]
    fn bytes_that_are_none_of_ours_are_refused() {
        for bytes in [&[] as &[u8], &[7], &[VERSION, 200], &[VERSION, 1, b'a', 1]] {
            assert_eq!(read_back(bytes, Cells::Hours), None, "{bytes:?}");
        }
        assert_eq!(read_back(&[VERSION], Cells::Hours), Some(BTreeMap::new()));
    }
}
