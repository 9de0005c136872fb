//! Token usage: what was spent at models, over time.

use std::collections::HashMap;
use std::ops::AddAssign;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use entity::conversation::token_consumption::{TokenTask, TokenType};
use entity::id::UserId;

use super::calendar::Bucket;
use super::cover::Stretch;
use super::daily;
use super::error::Error;
use super::series::{Buckets, Range};
use super::store::{self, Row};
use super::{most, rollup};
use crate::check::Check;
use crate::ctx::Ctx;
use crate::error::Result;

/// The most series that one answer has; the rest comes as one more.
pub const TOP: usize = 100;
/// The most groups that a question may make the database answer.
const GROUPS: u64 = 200_000;

/// The most points that one answer has, of all its series.
const POINTS: usize = 50_000;

/// What tokens are told apart by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dimension {
    /// The model that they were spent at.
    Model,
    /// What the model was asked for.
    Task,
    /// Whether they were read or written.
    Type,
    /// Whose thread it was.
    User,
}

/// A question about tokens.
#[derive(Clone, Debug)]
pub struct Question {
    /// Of messages of what time; widened to whole quarters of an hour.
    pub range: Range,
    /// How finely.
    pub bucket: Bucket,
    /// By whose clocks.
    pub zone: Tz,
    /// Told apart by what; by nothing gives one series.
    pub group_by: Vec<Dimension>,
    /// How many series, the largest first, before the rest is one; at most [`TOP`].
    pub top: usize,
    /// Whether the series have points, or are sums alone.
    pub points: bool,
    /// Whether they are priced.
    pub cost: bool,
}

impl Question {
    /// What of the range is in which bucket; without buckets, all of it in one.
    pub(super) fn stretches(&self, buckets: Option<&Buckets>) -> Vec<Stretch> {
        match buckets {
            Some(buckets) => buckets.stretches(self.range),
            None => vec![Stretch {
                at: 0,
                from: self.range.from.timestamp(),
                to: self.range.to.timestamp(),
                minus: false,
            }],
        }
    }
}

/// What the tokens of one series have in common. `None` where it was not asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Group {
    /// The model.
    pub model: Option<String>,
    /// What it was asked for.
    pub task: Option<TokenTask>,
    /// Whether they were read or written.
    pub kind: Option<TokenType>,
    /// Whose thread it was.
    pub user: Option<UserId>,
}

/// What tokens cost. Nothing, while it was not asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// Micro-dollars times a million, before they are rounded.
    exact: i128,
    /// How many tokens have a price.
    priced: i64,
    /// How many tokens have none: they are not in the sum.
    pub unpriced: i64,
}

impl Cost {
    /// What `tokens` of one price cost.
    fn of(tokens: i64, price: Option<i64>) -> Self {
        match price {
            Some(price) => Self {
                exact: i128::from(tokens) * i128::from(price),
                priced: tokens,
                unpriced: 0,
            },
            None => Self {
                unpriced: tokens,
                ..Self::default()
            },
        }
    }

    /// Millionths of a dollar, rounded once, half up; `None`, when no token of them has a price.
    pub fn micros(self) -> Option<i64> {
        if self.priced == 0 && self.unpriced != 0 {
            return None;
        }
        let rounded = (self.exact + 500_000).div_euclid(1_000_000);
        Some(i64::try_from(rounded).unwrap_or(i64::MAX))
    }
}

impl AddAssign for Cost {
    fn add_assign(&mut self, other: Self) {
        self.exact += other.exact;
        self.priced += other.priced;
        self.unpriced += other.unpriced;
    }
}

/// The tokens of one bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Point {
    /// Where the bucket begins.
    pub start: DateTime<Utc>,
    /// How many tokens.
    pub tokens: i64,
    /// What they cost.
    pub cost: Cost,
}

/// The tokens of one group, over time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Series {
    /// What they have in common; nothing, when this is the rest.
    pub group: Group,
    /// Whether this is all that did not come among the first.
    pub others: bool,
    /// How many tokens in the range.
    pub total: i64,
    /// What they cost.
    pub cost: Cost,
    /// Every bucket of the range, in order; none, where sums alone were asked for.
    pub points: Vec<Point>,
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenUsage {
    /// The range, in whole quarters of an hour.
    pub range: Range,
    /// Up to when what another backend wrote into the shared tables is counted; what is written
    /// through Chancery is counted to the moment of the answer. `None`, until the rollups were
    /// built.
    pub as_of: Option<DateTime<Utc>>,
    /// How many tokens in the range.
    pub total: i64,
    /// What they cost.
    pub cost: Cost,
    /// The series, the largest first, the rest last.
    pub series: Vec<Series>,
}

/// What was spent in the caller's sight: their own threads; all of them for staff.
pub async fn token_usage(ctx: &Ctx, mut question: Question) -> Result<TokenUsage> {
    let scope = ctx.actor.reads()?;
    let mut check = Check::default();
    if !(1..=TOP).contains(&question.top) {
        check.wrong("/top", format!("must be 1 to {TOP}"));
    }
    check.done()?;
    let buckets = Buckets::of(question.range, question.bucket, question.zone)?;
    question.range = question.range.widened();
    let mut seen = Vec::new();
    question.group_by.retain(|dimension| {
        let fresh = !seen.contains(dimension);
        seen.push(*dimension);
        fresh
    });

    let buckets = question.points.then_some(&buckets);
    let reader = ctx.analytics()?;
    // Before the sums, so that it is never ahead of them.
    let as_of = rollup::as_of(&reader).await?;
    let mut rows = daily::tokens(&reader, scope, &question, buckets).await?;
    if rows.is_none() && buckets.is_none() {
        rows = most::tokens(&reader, scope, &question).await?;
    }
    let rows = match rows {
        Some(rows) => rows,
        None => store::tokens(&reader, scope, &question, buckets, GROUPS + 1).await?,
    };
    if rows.len() as u64 > GROUPS {
        return Err(Error::TooMuch(GROUPS).into());
    }
    let mut usage = gather(rows, buckets)?;
    usage.range = question.range;
    usage.as_of = as_of;
    Ok(usage)
}

/// What a group has in which bucket. Sparse, since most people are idle most of the time.
#[derive(Debug, Default)]
struct Sum {
    total: i64,
    cost: Cost,
    parts: Vec<(i64, i64, Cost)>,
}

/// From the database's groups to series: the largest ones, then the rest as one.
fn gather(rows: Vec<Row>, buckets: Option<&Buckets>) -> Result<TokenUsage> {
    let mut groups: HashMap<(bool, Group), Sum> = HashMap::new();
    let (mut total, mut spent) = (0, Cost::default());
    for row in rows {
        let group = Group {
            model: row.model,
            task: row.task,
            kind: row.kind,
            user: row.user_id,
        };
        let others = row.others.is_some_and(|others| others != 0);
        let cost = Cost::of(row.tokens, row.price);
        let sum = groups.entry((others, group)).or_default();
        sum.total += row.tokens;
        sum.cost += cost;
        sum.parts.push((row.stretch, row.tokens, cost));
        total += row.tokens;
        spent += cost;
    }
    let each = buckets.map_or(0, |buckets| buckets.starts.len());
    if groups.len() * each > POINTS {
        return Err(Error::TooManyPoints(POINTS).into());
    }
    let mut groups: Vec<((bool, Group), Sum)> = groups.into_iter().collect();
    groups.sort_by(|((rest, a), most), ((other, b), least)| {
        let by_size = least.total.cmp(&most.total);
        rest.cmp(other).then(by_size).then_with(|| a.cmp(b))
    });
    let series = groups.into_iter().map(|((others, group), sum)| Series {
        group,
        others,
        total: sum.total,
        cost: sum.cost,
        points: buckets.map_or(Vec::new(), |buckets| points(buckets, sum.parts)),
    });
    Ok(TokenUsage {
        range: Range::default(),
        as_of: None,
        total,
        cost: spent,
        series: series.collect(),
    })
}

/// Every bucket, with what fell into it.
fn points(buckets: &Buckets, parts: Vec<(i64, i64, Cost)>) -> Vec<Point> {
    let empty = |&start: &DateTime<Utc>| Point {
        start,
        tokens: 0,
        cost: Cost::default(),
    };
    let mut points: Vec<Point> = buckets.starts.iter().map(empty).collect();
    for (bucket, tokens, cost) in parts {
        let place = usize::try_from(bucket).unwrap_or_default();
        if let Some(point) = points.get_mut(place) {
            point.tokens += tokens;
            point.cost += cost;
        }
    }
    points
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_series_come_first_and_the_rest_is_one() {
        let day = |day: i64| DateTime::from_timestamp(day * 86_400, 0).unwrap();
        let range = Range {
            from: day(0),
            to: day(3),
        };
        let buckets = Buckets::of(range, Bucket::Day, Tz::UTC).unwrap();
        let row = |stretch: i64, model: Option<&str>, tokens, price| Row {
            stretch,
            tokens,
            price,
            others: Some(i32::from(model.is_none())),
            model: model.map(str::to_owned),
            task: None,
            kind: None,
            user_id: None,
        };
        let rows = vec![
            row(1, None, 2, Some(1)),
            row(2, None, 1, None),
            row(0, Some("b"), 5, Some(499_999)),
            row(2, Some("b"), 1, Some(1_500_001)),
            row(1, Some("a"), 6, None),
        ];
        let usage = gather(rows, Some(&buckets)).unwrap();
        let told: Vec<_> = usage
            .series
            .iter()
            .map(|series| {
                let tokens: Vec<i64> = series.points.iter().map(|point| point.tokens).collect();
                (
                    series.group.model.as_deref(),
                    series.others,
                    tokens,
                    series.cost.micros(),
                    series.cost.unpriced,
                )
            })
            .collect();
        assert_eq!(usage.total, 15);
        assert_eq!(usage.cost.micros(), Some(4));
        assert_eq!(
            told,
            [
                (Some("a"), false, vec![0, 6, 0], None, 6),
                (Some("b"), false, vec![5, 0, 1], Some(4), 0),
                (None, true, vec![0, 2, 1], Some(0), 1),
            ]
        );
    }

    #[test]
    fn a_cost_is_rounded_once() {
        let mut cost = Cost::default();
        assert_eq!(cost.micros(), Some(0), "nothing costs nothing");
        for _ in 0..3 {
            cost += Cost::of(1, Some(400_000));
        }
        assert_eq!(cost.micros(), Some(1), "1.2, and not three times 0");
        assert_eq!(Cost::of(1, Some(500_000)).micros(), Some(1));
        assert_eq!(Cost::of(i64::MAX, Some(1_000_000)).micros(), Some(i64::MAX));
        assert_eq!(Cost::of(7, None).micros(), None, "unpriced is not free");
    }
}
