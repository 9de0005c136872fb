//! Rebuilding: the rollups are proven against the rows, day by day and thread by thread, and mended.

use std::collections::{BTreeMap, BTreeSet};

use entity::id::UserId;

use super::compare::{self, Difference, Differences, Grain, LIMIT, Part};
use super::sums::Amount;
use super::walk::Walk;
use super::{DAY, store};
use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::write::Write;

/// How often one part is mended before we say that it will not settle.
pub(super) const ROUNDS: usize = 500;

/// How far the rebuilding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// What is compared.
    pub stage: &'static str,
    /// How much of it.
    pub done: u64,
    /// Of how much, where that is known.
    pub all: Option<u64>,
    /// How far the whole is, in percent, roughly.
    pub percent: u8,
}

/// What was compared and found.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Report {
    /// How many days.
    pub days: u64,
    /// How many threads.
    pub threads: u64,
    /// How many months of runs.
    pub run_months: u64,
    /// How many days of stages.
    pub stage_days: u64,
    /// Whether what was wrong is mended.
    pub mended: bool,
    /// What was wrong.
    pub differences: Differences,
}

/// Compare every rollup with the rows that it sums up, and, unless this is only a `check`, mend
/// what differs. Only admins and the command line may.
///
/// Writers go on meanwhile: what they write is in both sides of a comparison, or in none. A second
/// rebuild finds nothing to mend.
pub async fn rebuild(
    ctx: &Ctx,
    check: bool,
    tell: &(dyn Fn(Progress) + Send + Sync),
) -> Result<Report> {
    ctx.actor.need_admin()?;
    Walk::begin(ctx, check, false, tell).finish().await
}

/// [`rebuild`], from where one was broken off: for a database from before there were rollups, or one
/// that another backend filled.
pub(in crate::analytics) async fn resume(
    ctx: &Ctx,
    tell: &(dyn Fn(Progress) + Send + Sync),
) -> Result<Report> {
    ctx.actor.need_admin()?;
    Walk::begin(ctx, false, true, tell).finish().await
}

/// What the days of people lack, by person.
pub(super) type Missing = BTreeMap<Option<UserId>, Amount>;

/// Compare a day, and mend it: all of it or, when that is cut off, none. Tells what a check found
/// missing of people's days.
pub(super) async fn settle_day(
    ctx: &Ctx,
    day: i64,
    check: bool,
    differences: &mut Differences,
) -> Result<Vec<Difference>> {
    let engine = ctx.services.db.engine();
    let part = Part::Time(day, day + DAY);
    // A look first: where nothing differs, nobody is kept waiting.
    let mut found = Vec::new();
    for grain in Grain::BY_TIME {
        found.extend(compare::compare(&ctx.read()?, engine, grain, part).await?);
    }
    if check || found.is_empty() {
        differences.note(&found);
        found.retain(|one| one.rollup == Grain::UserDays.table());
        return Ok(found);
    }
    let mut mending = Mending::begin(ctx).await?;
    mending.prove(Grain::Users, part).await?;
    let days = mending.prove(Grain::UserDays, part).await?;
    for grain in [Grain::Quarters, Grain::Hours, Grain::Days] {
        mending.level_within(grain, (day, day + DAY), None).await?;
    }
    mending.level(Grain::UserMonths, &days, None).await?;
    mending.end(differences).await?;
    Ok(Vec::new())
}

/// Compare the months of people with their days, or with what these should be, and mend them.
pub(super) async fn settle_month(
    ctx: &Ctx,
    month: (i64, i64),
    mut missing: Missing,
    check: bool,
    differences: &mut Differences,
) -> Result<()> {
    let engine = ctx.services.db.engine();
    let pair = (Grain::UserMonths, Grain::UserDays);
    let mut found = compare::apart(&ctx.read()?, engine, pair, month, None).await?;
    if check {
        for one in &mut found {
            let amount = missing.remove(&one.user_id).unwrap_or_default();
            one.tokens += amount.count;
            one.messages += amount.messages;
        }
        found.retain(|one| one.tokens != 0 || one.messages != 0);
        found.extend(missing.into_iter().map(|(user, amount)| {
            let moment = super::moment(month.0);
            Difference::of_person(Grain::UserMonths, moment, user, amount)
        }));
        differences.note(&found);
    } else if !found.is_empty() {
        let mut mending = Mending::begin(ctx).await?;
        let months = BTreeSet::from([month.0]);
        mending.level(Grain::UserMonths, &months, None).await?;
        mending.end(differences).await?;
    }
    Ok(())
}

/// Compare some threads, and mend them.
pub(super) async fn settle_threads(
    ctx: &Ctx,
    part: Part,
    check: bool,
    differences: &mut Differences,
) -> Result<()> {
    let engine = ctx.services.db.engine();
    let found = compare::compare(&ctx.read()?, engine, Grain::Threads, part).await?;
    if check || found.is_empty() {
        differences.note(&found);
        return Ok(());
    }
    let mut mending = Mending::begin(ctx).await?;
    mending.prove(Grain::Threads, part).await?;
    mending.end(differences).await
}

/// Sums that are mended in one transaction, the rollups being held.
#[derive(Debug)]
pub(super) struct Mending {
    tx: Write,
    found: Differences,
}

impl Mending {
    pub(super) async fn begin(ctx: &Ctx) -> Result<Self> {
        let tx = ctx.write().await?;
        store::hold(&tx).await?;
        let found = Differences::default();
        Ok(Self { tx, found })
    }

    pub(super) async fn end(self, differences: &mut Differences) -> Result<()> {
        self.tx.commit().await?;
        differences.add(self.found);
        Ok(())
    }

    /// Add what the rows say is missing, and tell which buckets that was in.
    pub(super) async fn prove(&mut self, grain: Grain, part: Part) -> Result<BTreeSet<i64>> {
        let mut touched = BTreeSet::new();
        for _ in 0..ROUNDS {
            let found = compare::compare(&self.tx, self.tx.engine(), grain, part).await?;
            touched.extend(found.iter().filter_map(Difference::bucket));
            if self.mend(grain, &found).await? {
                return Ok(touched);
            }
        }
        Err(unsettled(grain.table()))
    }

    /// Add what sums lack of the finer ones that they are sums of, which were proven before, in the
    /// buckets that some moments fall into; of one person, where one is named.
    pub(super) async fn level(
        &mut self,
        grain: Grain,
        touched: &BTreeSet<i64>,
        user: Option<UserId>,
    ) -> Result<()> {
        for stretch in runs(touched, grain) {
            self.level_within(grain, stretch, user).await?;
        }
        Ok(())
    }

    async fn level_within(
        &mut self,
        grain: Grain,
        stretch: (i64, i64),
        user: Option<UserId>,
    ) -> Result<()> {
        let Some(finer) = grain.finer() else {
            return Ok(());
        };
        let pair = (grain, finer);
        for _ in 0..ROUNDS {
            let found = compare::apart(&self.tx, self.tx.engine(), pair, stretch, user).await?;
            if self.mend(grain, &found).await? {
                return Ok(());
            }
        }
        Err(unsettled(grain.table()))
    }

    /// Tells whether that was all.
    async fn mend(&mut self, grain: Grain, found: &[Difference]) -> Result<bool> {
        store::apply(&self.tx, compare::mending(grain, found)).await?;
        self.found.note(found);
        Ok(found.len() < LIMIT)
    }
}

pub(super) fn unsettled(table: &str) -> Error {
    Error::internal(format!("{table} does not settle"))
}

/// The stretches of whole buckets that some moments fall into.
fn runs(moments: &BTreeSet<i64>, grain: Grain) -> Vec<(i64, i64)> {
    let mut runs: Vec<(i64, i64)> = Vec::new();
    for moment in moments {
        let (start, end) = grain.around(*moment);
        match runs.last_mut() {
            Some((_, last)) if start <= *last => *last = (*last).max(end),
            _ => runs.push((start, end)),
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_side_by_side_are_one_stretch() {
        let moments = BTreeSet::from([-1, 0, 899, 900, 2_700]);
        let quarters = [(-900, 1_800), (2_700, 3_600)];
        assert_eq!(runs(&moments, Grain::Quarters), quarters);
        assert_eq!(runs(&moments, Grain::Days), [(-DAY, DAY)]);
        let months = [(-31 * DAY, 31 * DAY)];
        assert_eq!(runs(&moments, Grain::UserMonths), months);
        assert_eq!(runs(&BTreeSet::new(), Grain::Days), []);
    }
}
