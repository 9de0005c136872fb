//! How long stages took, by when they were brought: counts, sums and histograms. Triggers write the
//! deltas.

mod store;

use std::collections::BTreeMap;

use entity::analytics::run_rollup::RollupGrain;
use entity::analytics::stage_delta;

use super::DAY;
use super::compare::{Difference, Differences};
use super::grain::{GRAINS, begin};
use super::store::close;
use super::sums::{moment, month_around};
use crate::analytics::histogram::Histogram;
use crate::ctx::Ctx;
use crate::error::Result;
use crate::write::Write;

/// The table.
const TABLE: &str = "stage_rollups";

/// How many deltas are folded in one write.
const PORTION: u64 = 2_000;

/// Which sum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    grain: RollupGrain,
    start: i64,
    stage: i32,
}

/// How long some outputs took.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Took {
    count: i64,
    total: i64,
    histogram: Histogram,
}

impl Took {
    fn add(&mut self, duration: i64, times: i64) {
        self.count += times;
        // Wrapped, what no number holds comes right again when it goes.
        self.total = self.total.wrapping_add(duration.wrapping_mul(times));
        self.histogram.add(duration, times);
    }

    fn merge(&mut self, other: &Self, times: i64) {
        self.count += other.count * times;
        self.total = self.total.wrapping_add(other.total.wrapping_mul(times));
        self.histogram.merge(&other.histogram, times);
    }

    fn is_nothing(&self) -> bool {
        self.count == 0 && self.total == 0 && self.histogram.is_empty()
    }
}

/// What is added to which sum.
type Additions = BTreeMap<Key, Took>;

/// Outputs of one quarter of an hour that took as long.
#[derive(Clone, Copy, Debug)]
struct Same {
    moment: i64,
    stage: i32,
    duration: i64,
    count: i64,
}

/// Fold some deltas in the open write, which holds the rollups; tells how many, and whether there may
/// be more.
pub(super) async fn fold(tx: &Write) -> Result<(u64, bool)> {
    let (ids, deltas) = store::open(tx, PORTION).await?;
    let some = ids.len() as u64;
    let mut additions = Additions::new();
    for same in deltas {
        enter(&mut additions, &GRAINS, same);
    }
    store::apply(tx, additions).await?;
    close::<stage_delta::Entity>(tx, stage_delta::Column::Id, ids).await?;
    Ok((some, some == PORTION))
}

fn enter(additions: &mut Additions, grains: &[RollupGrain], same: Same) {
    for grain in grains {
        let key = Key {
            grain: *grain,
            start: begin(*grain, same.moment),
            stage: same.stage,
        };
        let took = additions.entry(key).or_default();
        took.add(same.duration, same.count);
    }
}

/// What a day's sums lack of the rows, as a check found: what its month lacks as well.
pub(super) type Missing = Vec<(i32, Lacking)>;

/// What a sum lacks.
#[derive(Clone, Debug, Default)]
pub(super) struct Lacking(Took);

/// Compare the first day with anything in it from `from` on (in seconds since 1970), and mend it, unless
/// this is only a `check`; tells where the next one begins, and what a check found missing of the day.
pub(super) async fn settle_day(
    ctx: &Ctx,
    from: Option<i64>,
    check: bool,
    differences: &mut Differences,
) -> Result<Option<(i64, Missing)>> {
    let engine = ctx.services.db.engine();
    let reader = ctx.read()?;
    let Some(first) = store::next(&reader, engine, from).await? else {
        return Ok(None);
    };
    let start = begin(RollupGrain::Day, first);
    let day = (start, start + DAY);
    let found = compare(store::day(&reader, engine, day).await?);
    if check || found.is_empty() {
        note(differences, &found);
        let days = found.into_iter();
        let days = days.filter(|(key, _)| key.grain == RollupGrain::Day);
        let missing = days.map(|(key, took)| (key.stage, Lacking(took)));
        return Ok(Some((day.1, missing.collect())));
    }
    let tx = ctx.write().await?;
    super::store::hold(&tx).await?;
    let found = compare(store::day(&tx, engine, day).await?);
    note(differences, &found);
    store::apply(&tx, found).await?;
    tx.commit().await?;
    Ok(Some((day.1, Missing::new())))
}

/// Compare the month around a moment with its days, or with what these should be, and mend it.
pub(super) async fn settle_month(
    ctx: &Ctx,
    within: i64,
    missing: Missing,
    check: bool,
    differences: &mut Differences,
) -> Result<()> {
    let month = month_around(within);
    let mut found = months(store::sums(&ctx.read()?, month).await?, month);
    for (stage, lacking) in missing {
        let key = Key {
            grain: RollupGrain::Month,
            start: month.0,
            stage,
        };
        found.entry(key).or_default().merge(&lacking.0, 1);
    }
    found.retain(|_, took| !took.is_nothing());
    if check || found.is_empty() {
        note(differences, &found);
        return Ok(());
    }
    let tx = ctx.write().await?;
    super::store::hold(&tx).await?;
    let found = months(store::sums(&tx, month).await?, month);
    note(differences, &found);
    store::apply(&tx, found).await?;
    tx.commit().await
}

/// What the sums up to a day's lack of the rows.
fn compare((rows, sums): (Vec<Same>, Vec<(Key, Took)>)) -> Additions {
    let finer = &GRAINS[..3];
    let mut lacking = Additions::new();
    for same in rows {
        enter(&mut lacking, finer, same);
    }
    for (key, took) in sums {
        lacking.entry(key).or_default().merge(&took, -1);
    }
    lacking.retain(|_, took| !took.is_nothing());
    lacking
}

/// What a month's sums lack of those of its days.
fn months(sums: Vec<(Key, Took)>, month: (i64, i64)) -> Additions {
    let mut lacking = Additions::new();
    for (key, took) in sums {
        let times = match key.grain {
            RollupGrain::Day => 1,
            RollupGrain::Month => -1,
            _ => continue,
        };
        let key = Key {
            grain: RollupGrain::Month,
            start: month.0,
            ..key
        };
        lacking.entry(key).or_default().merge(&took, times);
    }
    lacking.retain(|_, took| !took.is_nothing());
    lacking
}

fn note(differences: &mut Differences, found: &Additions) {
    let difference = |(key, took): (&Key, &Took)| Difference {
        rollup: TABLE,
        at: Some(moment(key.start)),
        of: Some(format!("{:?}, stage {}", key.grain, key.stage)),
        count: took.count,
        ..Difference::default()
    };
    differences.note(&found.iter().map(difference).collect::<Vec<_>>());
}
