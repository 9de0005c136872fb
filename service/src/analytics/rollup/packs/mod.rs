//! Packs of what is over: what people spent on days and in months, and the tokens and runs of days.
//!
//! A pack says what the sums say that it is made from: whatever moves those takes it away in the same
//! transaction, and it is made anew later.

mod days;
mod store;

use std::collections::BTreeSet;

use chrono::{NaiveDate, TimeDelta};
use entity::analytics::day_pack::PackSubject;
use entity::analytics::run_rollup::RollupGrain;
use entity::id::UserId;

use super::store::try_hold;
use super::sums::{Additions, Amount, Map, day, midnight, month, month_around};
use crate::actor::Actor;
use crate::ctx::Ctx;
use crate::error::{Common, Result};
use crate::write::Write;

pub(super) use self::days::forget as forget_days;

/// How long a bucket is over before it is packed: until then it may well move.
const OVER: TimeDelta = TimeDelta::days(2);

/// How many packs are made at once.
const MOST: usize = 100;

/// Pack what is over, some of it; tells how many packs were made. Only the house itself may.
pub async fn pack(ctx: &Ctx) -> Result<u64> {
    if !matches!(ctx.actor, Actor::System(_)) {
        return Err(Common::Denied.into());
    }
    let over = (ctx.now() - OVER).timestamp();
    let mut made = people(ctx, over).await?;
    for subject in [PackSubject::Tokens, PackSubject::Runs] {
        made += days::pack(ctx, subject, day(over)).await?;
    }
    Ok(made)
}

/// Pack days and months of people that were over at a moment (in seconds since 1970).
async fn people(ctx: &Ctx, over: i64) -> Result<u64> {
    let reader = ctx.read()?;
    let days = store::days(&reader).await?;
    let packed = store::packed(&reader).await?;
    let months: BTreeSet<NaiveDate> = days.iter().map(|day| month(midnight(*day))).collect();
    let months = months
        .into_iter()
        .filter(|first| month_around(midnight(*first)).1 <= over)
        .map(|first| (RollupGrain::Month, first));
    let days = days
        .into_iter()
        .filter(|day| midnight(*day) + super::DAY <= over)
        .map(|day| (RollupGrain::Day, day));
    let mut made = 0;
    let missing = months.chain(days).filter(|key| !packed.contains(key));
    for (grain, start) in missing.take(MOST) {
        let tx = ctx.write().await?;
        if !try_hold(&tx).await? {
            break;
        }
        store::pack(&tx, grain, start).await?;
        tx.commit().await?;
        made += 1;
    }
    Ok(made)
}

/// Take away the packs of what moves.
pub(super) async fn forget(tx: &Write, additions: &Additions) -> Result<()> {
    let starts = |of: &Map<(NaiveDate, UserId)>| -> Vec<NaiveDate> {
        let moved = of
            .iter()
            .filter(|(_, amount): &(_, &Amount)| amount.count != 0);
        let starts: BTreeSet<NaiveDate> = moved.map(|((start, _), _)| *start).collect();
        starts.into_iter().collect()
    };
    store::forget(tx, RollupGrain::Day, &starts(&additions.user_days)).await?;
    store::forget(tx, RollupGrain::Month, &starts(&additions.user_months)).await?;
    days::forget(tx, PackSubject::Tokens, days::moved(additions)).await
}

/// Take away all of them: they are made anew from what was proven.
pub(super) async fn forget_all(tx: &Write) -> Result<()> {
    store::forget_all(tx).await?;
    days::forget_all(tx).await
}
