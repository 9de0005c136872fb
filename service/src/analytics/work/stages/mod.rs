//! How long stages took. A person's own are read from the rows, and so are everybody's where they are
//! few: percentiles are exact then. Many are told by the histograms of their rollup, within an error that
//! is stated; their number and mean are exact all the same.

mod postgres;
mod sqlite;
mod store;

use chrono::{DateTime, Utc};
use entity::Scope;

use super::{STAGES, place};
use crate::analytics::edges::{Percentiles, Period, filled};
use crate::analytics::histogram::{Histogram, RELATIVE_ERROR};
use crate::analytics::rollup;
use crate::analytics::series::Buckets;
use crate::analytics::setting::EXACT;
use crate::ctx::Ctx;
use crate::error::{Error, Result};

/// How long one stage took.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StageDurations {
    /// Which one.
    pub stage: i32,
    /// The most by which a percentile is off, as a part of it: 0, where they are exact.
    pub relative_error: f64,
    /// In milliseconds, over the whole period.
    pub all: Percentiles,
    /// In milliseconds, by bucket.
    pub points: Vec<(DateTime<Utc>, Percentiles)>,
}

/// How long the stages took that were brought in a period: of the caller's own runs; of
/// everybody's for staff. `exact` has the percentiles exact, however many they are of.
pub async fn stage_durations(
    ctx: &Ctx,
    period: Period,
    exact: bool,
) -> Result<Vec<StageDurations>> {
    let scope = ctx.actor.reads()?;
    let buckets = period.buckets()?;
    let reader = ctx.analytics()?;
    if scope == Scope::Everyone && !exact && rollup::counts(&reader, "stage_outputs").await? {
        let parts = store::sums(&reader, period.range, &buckets).await?;
        let most = ctx.configuration().get(&EXACT);
        let count: i64 = parts
            .iter()
            .map(|one| i64::from(one.sign) * one.count)
            .sum();
        if count > most {
            return gather(parts, &buckets);
        }
    }
    let rows = store::rows(&reader, scope, period.range, &buckets).await?;
    let mut stages = empty(&buckets, 0.0);
    for row in rows {
        let Some(stage) = of(&mut stages, row.stage) else {
            continue;
        };
        match row.at {
            None => stage.all = row.took,
            Some(at) => stage.points[place(at)].1 = row.took,
        }
    }
    Ok(stages)
}

fn empty(buckets: &Buckets, relative_error: f64) -> Vec<StageDurations> {
    let stage = |stage| StageDurations {
        stage,
        relative_error,
        all: Percentiles::default(),
        points: filled(buckets),
    };
    (1..=STAGES).map(stage).collect()
}

fn of<T>(stages: &mut [T], stage: i32) -> Option<&mut T> {
    stages.get_mut(usize::try_from(stage - 1).ok()?)
}

/// What some outputs took.
#[derive(Clone, Debug, Default)]
struct Took {
    count: i64,
    total: i128,
    histogram: Histogram,
}

impl Took {
    fn merge(&mut self, other: &Self) {
        self.count += other.count;
        self.total += other.total;
        self.histogram += &other.histogram;
    }

    fn told(&self) -> Percentiles {
        if self.count <= 0 {
            return Percentiles::default();
        }
        #[expect(
            clippy::cast_precision_loss,
            reason = "a mean of milliseconds needs no more than a double has"
        )]
        let mean = self.total as f64 / self.count as f64;
        Percentiles {
            count: self.count,
            mean: Some(mean),
            p50: self.histogram.percentile(50),
            p95: self.histogram.percentile(95),
            p99: self.histogram.percentile(99),
        }
    }
}

/// From sums to what is told of them.
fn gather(parts: Vec<store::Part>, buckets: &Buckets) -> Result<Vec<StageDurations>> {
    let mut took: Vec<Vec<Took>> = (0..STAGES)
        .map(|_| vec![Took::default(); buckets.starts.len()])
        .collect();
    for part in parts {
        let times = i64::from(part.sign);
        let Some(took) = of(&mut took, part.stage) else {
            continue;
        };
        let took = &mut took[place(part.at)];
        took.count += part.count * times;
        if let Some(packed) = part.histogram {
            let histogram = Histogram::unpack(&packed)
                .ok_or_else(|| Error::internal("a histogram is none".to_owned()))?;
            took.total += i128::from(part.took * times);
            took.histogram.merge(&histogram, times);
        } else {
            took.total += i128::from(part.took) * i128::from(part.count);
            took.histogram.add(part.took, part.count);
        }
    }
    let mut stages = empty(buckets, RELATIVE_ERROR);
    for (stage, took) in stages.iter_mut().zip(took) {
        let mut all = Took::default();
        for (point, took) in stage.points.iter_mut().zip(&took) {
            all.merge(took);
            point.1 = took.told();
        }
        stage.all = all.told();
    }
    Ok(stages)
}
