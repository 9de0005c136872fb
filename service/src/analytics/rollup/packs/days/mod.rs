//! The tokens and the runs of days that are over, packed: a chart reads one row a day.

mod store;

use std::collections::BTreeSet;

use chrono::NaiveDate;
use entity::analytics::day_pack::PackSubject;

use super::MOST;
use crate::analytics::rollup::store::try_hold;
use crate::analytics::rollup::sums::{Additions, day};
use crate::analytics::sheet::{Cells, Kind, Sheet};
use crate::ctx::Ctx;
use crate::error::Result;

pub(in crate::analytics::rollup) use self::store::{forget, forget_all};

/// A day by its quarters, by its hours and as one.
struct Packed {
    totals: Vec<u8>,
    hours: Vec<u8>,
    quarters: Vec<u8>,
}

/// Pack some days before another that have sums and no pack; tells how many.
pub(super) async fn pack(ctx: &Ctx, subject: PackSubject, before: NaiveDate) -> Result<u64> {
    let reader = ctx.read()?;
    let packed = store::packed(&reader, subject).await?;
    let days = store::days(&reader, subject, before).await?;
    let missing = days.into_iter().filter(|day| !packed.contains(day));
    let mut made = 0;
    for day in missing.take(MOST) {
        let tx = ctx.write().await?;
        if !try_hold(&tx).await? {
            break;
        }
        let packed = match subject {
            PackSubject::Tokens => packed_of(store::tokens(&tx, day).await?),
            PackSubject::Runs => packed_of(store::runs(&tx, day).await?),
        };
        // A sum that no number holds is told by those who read the sums, or not at all.
        if let Some(packed) = packed {
            store::put(&tx, subject, day, packed).await?;
            tx.commit().await?;
            made += 1;
        }
    }
    Ok(made)
}

fn packed_of<K: Kind + Clone>(amounts: Vec<(K, i64, i64)>) -> Option<Packed> {
    let sheet = Sheet::of(amounts)?;
    Some(Packed {
        totals: sheet.by(Cells::Day)?.pack(),
        hours: sheet.by(Cells::Hours)?.pack(),
        quarters: sheet.pack(),
    })
}

/// The days on which tokens move.
pub(super) fn moved(additions: &Additions) -> BTreeSet<NaiveDate> {
    let days = additions.days.iter();
    let days = days.map(|((day, _), amount)| (*day, amount.count));
    let finer = additions.hours.iter().chain(additions.quarters.iter());
    let finer = finer.map(|((at, _), amount)| (day(*at), amount.count));
    let moved = days.chain(finer).filter(|(_, count)| *count != 0);
    moved.map(|(day, _)| day).collect()
}
