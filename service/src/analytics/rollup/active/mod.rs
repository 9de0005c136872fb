//! How many people were active on which day, told apart by how long they had not been: kept with the
//! days of people, whatever moves those.
//!
//! When somebody becomes active on a day, or is not any more, two numbers change: how long they were away
//! before that day, and before their next one.

mod store;

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use entity::id::UserId;

use super::compare::{Difference, Differences, LIMIT};
use super::rebuild::{ROUNDS, unsettled};
use super::sums::{Amount, Map, midnight, moment};
use crate::ctx::Ctx;
use crate::error::Result;
use crate::write::Write;

/// The table.
const TABLE: &str = "active_rollups";

/// People by day, and by how many days they had not been active; 0 for those who never were.
pub(super) type Counts = BTreeMap<(NaiveDate, i32), i64>;

/// A day on which somebody becomes active, or is not any more, and the active days around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Turn {
    day: NaiveDate,
    /// Whether they were active.
    was: bool,
    before: Option<NaiveDate>,
    after: Option<NaiveDate>,
}

/// What changes in the counts when the days of people get `more`. To be asked before they do.
pub(super) async fn changes(tx: &Write, more: &Map<(NaiveDate, UserId)>) -> Result<Counts> {
    let moved: BTreeMap<(NaiveDate, UserId), i64> = more
        .iter()
        .filter(|(_, amount): &(_, &Amount)| amount.messages != 0)
        .map(|(key, amount)| (*key, amount.messages))
        .collect();
    let keys: Vec<(NaiveDate, UserId)> = moved.keys().copied().collect();
    let standing = store::standing(tx, &keys).await?;
    let mut turned = Vec::new();
    let mut was = BTreeSet::new();
    for (key, messages) in moved {
        let stood = standing.get(&key).copied().unwrap_or_default();
        if (stood > 0) != (stood + messages > 0) {
            turned.push(key);
            if stood > 0 {
                was.insert(key);
            }
        }
    }
    let mut people: BTreeMap<UserId, Vec<Turn>> = BTreeMap::new();
    for (day, user, before, after) in store::around(tx, &turned).await? {
        people.entry(user).or_default().push(Turn {
            day,
            was: was.contains(&(day, user)),
            before,
            after,
        });
    }
    let mut counts = Counts::new();
    for turns in people.values() {
        turn(&mut counts, turns);
    }
    counts.retain(|_, people| *people != 0);
    Ok(counts)
}

/// What one person's turns change. Of the days that matter all those around a turn are known, so that
/// nothing that does not change is told otherwise before than after.
fn turn(counts: &mut Counts, turns: &[Turn]) {
    let mut before: BTreeSet<NaiveDate> = BTreeSet::new();
    for turn in turns {
        before.extend(turn.before);
        before.extend(turn.after);
        if turn.was {
            before.insert(turn.day);
        }
    }
    let mut after = before.clone();
    for turn in turns {
        if turn.was {
            after.remove(&turn.day);
        } else {
            after.insert(turn.day);
        }
    }
    for (days, sign) in [(before, -1), (after, 1)] {
        let mut last: Option<NaiveDate> = None;
        for day in days {
            let gap = last.map_or(0, |last| (day - last).num_days());
            let gap = i32::try_from(gap).unwrap_or(i32::MAX);
            *counts.entry((day, gap)).or_default() += sign;
            last = Some(day);
        }
    }
}

/// Add to the counts. Who calls it holds the rollups.
pub(super) async fn apply(tx: &Write, counts: Counts) -> Result<()> {
    store::apply(tx, counts).await
}

/// Compare the counts with the days of people, and mend them, unless this is only a `check`.
pub(super) async fn settle(ctx: &Ctx, check: bool, differences: &mut Differences) -> Result<()> {
    let engine = ctx.services.db.engine();
    let found = store::compare(&ctx.read()?, engine).await?;
    if check || found.is_empty() {
        note(differences, &found);
        return Ok(());
    }
    let tx = ctx.write().await?;
    super::store::hold(&tx).await?;
    for _ in 0..ROUNDS {
        let found = store::compare(&tx, engine).await?;
        note(differences, &found);
        let whole = found.len() < LIMIT;
        store::apply(&tx, found).await?;
        if whole {
            return tx.commit().await;
        }
    }
    Err(unsettled(TABLE))
}

fn note(differences: &mut Differences, found: &Counts) {
    let difference = |((day, gap), people): (&(NaiveDate, i32), &i64)| Difference {
        rollup: TABLE,
        at: Some(moment(midnight(*day))),
        of: Some(match gap {
            0 => "for the first time".to_owned(),
            gap => format!("after {gap} days"),
        }),
        count: *people,
        ..Difference::default()
    };
    differences.note(&found.iter().map(difference).collect::<Vec<_>>());
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn day(number: u64) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 1, 1).unwrap() + chrono::Days::new(number)
    }

    /// The counts of one person's days, from nothing.
    fn of(days: &BTreeSet<NaiveDate>) -> Counts {
        let mut counts = Counts::new();
        let mut last: Option<NaiveDate> = None;
        for day in days {
            let gap = last.map_or(0, |last| (*day - last).num_days());
            *counts
                .entry((*day, i32::try_from(gap).unwrap()))
                .or_default() += 1;
            last = Some(*day);
        }
        counts
    }

    proptest! {
        #[test]
        fn what_changes_is_told_by_the_days_around(
            days in prop::collection::btree_set(0_u64..60, 0..30),
            turned in prop::collection::btree_set(0_u64..60, 0..20),
        ) {
            let days: BTreeSet<NaiveDate> = days.into_iter().map(day).collect();
            let mut after = days.clone();
            let turns: Vec<Turn> = turned.into_iter().map(|number| {
                let day = day(number);
                let was = days.contains(&day);
                if was { after.remove(&day); } else { after.insert(day); }
                Turn {
                    day,
                    was,
                    before: days.range(..day).next_back().copied(),
                    after: days.range(day..).find(|other| **other > day).copied(),
                }
            }).collect();
            let mut counts = of(&days);
            turn(&mut counts, &turns);
            counts.retain(|_, people| *people != 0);
            prop_assert_eq!(counts, of(&after));
        }

        #[test]
        fn the_counts_of_any_stretch_are_its_people(
            people in prop::collection::vec(prop::collection::btree_set(0_u64..40, 0..20), 0..8),
            from in 0_u64..40,
            long in 1_u64..40,
        ) {
            let mut counts = Counts::new();
            for days in &people {
                let days: BTreeSet<NaiveDate> = days.iter().copied().map(day).collect();
                for (key, some) in of(&days) {
                    *counts.entry(key).or_default() += some;
                }
            }
            let (first, end) = (day(from), day(from + long));
            let within = counts.range((first, 0)..(end, 0));
            let new = within.filter(|((day, gap), _)| {
                *gap == 0 || i64::from(*gap) > (*day - first).num_days()
            });
            let told: i64 = new.map(|(_, some)| *some).sum();
            let active = people.iter().filter(|days| days.range(from..from + long).next().is_some());
            prop_assert_eq!(told, i64::try_from(active.count()).unwrap());
        }
    }
}
