//! Days that are over are read packed, one row each, and the rest from the sums: which is which, and what a
//! row says towards each bucket of the answer.

mod store;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{NaiveDate, NaiveTime};

use super::cover::{Piece, Stretch, Unit};
use super::rollup::{DAY, day};
use super::sheet::{Cells, Kind, unpack};
use crate::error::{Error, Result};

pub(super) use self::store::{Subject, days};

/// How often packs are looked for that come or go meanwhile.
pub(super) const TRIES: usize = 3;

/// What a pack of a day is read for.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Need {
    cells: Cells,
    /// Each within the day. A month that is taken off in part may have the same hour twice.
    stretches: Vec<Stretch>,
}

/// What is read from packs, and what from the sums.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    needs: BTreeMap<NaiveDate, Need>,
    /// What is read from the sums.
    pub loose: Vec<Piece>,
}

const fn cells(unit: Unit) -> Option<Cells> {
    match unit {
        Unit::Month => None,
        Unit::Day => Some(Cells::Day),
        Unit::Hour => Some(Cells::Hours),
        Unit::Quarter => Some(Cells::Quarters),
    }
}

/// The moment a day of UTC begins, in seconds since 1970.
fn begins(day: NaiveDate) -> i64 {
    day.and_time(NaiveTime::MIN).and_utc().timestamp()
}

impl Plan {
    /// How `pieces` are read, when these days are `packed`.
    pub(super) fn of(pieces: Vec<Piece>, packed: &BTreeSet<NaiveDate>) -> Self {
        let mut plan = Self {
            needs: BTreeMap::new(),
            loose: Vec::new(),
        };
        for piece in pieces {
            let Some(cells) = cells(piece.source.unit) else {
                plan.loose.push(piece);
                continue;
            };
            let mut loose = Vec::new();
            for stretch in piece.stretches {
                plan.stretch(stretch, cells, packed, &mut loose);
            }
            if !loose.is_empty() {
                plan.loose.push(Piece {
                    source: piece.source,
                    stretches: loose,
                });
            }
        }
        plan
    }

    fn stretch(
        &mut self,
        stretch: Stretch,
        cells: Cells,
        packed: &BTreeSet<NaiveDate>,
        loose: &mut Vec<Stretch>,
    ) {
        let Stretch { mut from, to, .. } = stretch;
        if from >= to {
            return;
        }
        for date in packed.range(day(from)..=day(to - 1)) {
            let begin = begins(*date);
            let within = Stretch {
                from: from.max(begin),
                to: to.min(begin + DAY),
                ..stretch
            };
            if from < within.from {
                loose.push(Stretch {
                    from,
                    to: within.from,
                    ..stretch
                });
            }
            from = within.to;
            let need = self.needs.entry(*date).or_insert_with(|| Need {
                cells,
                stretches: Vec::new(),
            });
            need.cells = need.cells.max(cells);
            need.stretches.push(within);
        }
        if from < to {
            loose.push(Stretch { from, ..stretch });
        }
    }

    /// Which packs are read how finely: from a day up to, and with, another. Between two that follow each
    /// other there is no other pack, so nothing is read in vain.
    fn runs(&self, packed: &BTreeSet<NaiveDate>) -> Vec<(Cells, NaiveDate, NaiveDate)> {
        let mut runs: Vec<(Cells, NaiveDate, NaiveDate)> = Vec::new();
        let mut open = false;
        for day in packed {
            let Some(need) = self.needs.get(day) else {
                open = false;
                continue;
            };
            match runs.last_mut() {
                Some((cells, _, last)) if open && *cells == need.cells => *last = *day,
                _ => runs.push((need.cells, *day, *day)),
            }
            open = true;
        }
        runs
    }

    /// Whether these are the days whose packs were to be read: none came or went meanwhile.
    pub(super) fn is_met<'a>(&self, days: impl Iterator<Item = &'a NaiveDate>) -> bool {
        let days: BTreeSet<&NaiveDate> = days.collect();
        days.into_iter().eq(self.needs.keys())
    }

    /// What a pack says: for each kind and each stretch of the day the sum of what is in it.
    pub(super) fn read<K: Kind>(
        &self,
        day: NaiveDate,
        packed: &[u8],
        mut each: impl FnMut(&K, &Stretch, i64),
    ) -> Result<()> {
        let Some(need) = self.needs.get(&day) else {
            return Ok(());
        };
        let (begin, seconds) = (begins(day), need.cells.seconds());
        // What begins within a stretch is in it, as with the rows of the sums.
        let at = |moment: i64| usize::try_from((moment - begin + seconds - 1) / seconds);
        let place = |moment: i64| at(moment).unwrap_or_default();
        let places: Vec<(usize, usize)> = need
            .stretches
            .iter()
            .map(|one| (place(one.from), place(one.to)))
            .collect();
        let read = unpack(packed, need.cells, |kind: K, row| {
            for (stretch, (from, to)) in need.stretches.iter().zip(&places) {
                let some = row.get(*from..*to).unwrap_or_default();
                let sum = some.iter().fold(0_i64, |sum, one| sum.wrapping_add(*one));
                if sum != 0 {
                    each(&kind, stretch, sum);
                }
            }
        });
        read.ok_or_else(|| Error::internal(format!("the pack of {day} is none")))
    }
}
