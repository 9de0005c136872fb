//! Token usage: what was spent at models, over time.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use entity::conversation::token_consumption::{TokenTask, TokenType};
use entity::id::UserId;

use super::calendar::Bucket;
use super::error::Error;
use super::series::{Buckets, Range};
use super::store::{self, Row};
use crate::check::Check;
use crate::ctx::Ctx;
use crate::error::Result;

/// The most series that one answer has; the rest comes as one more.
pub const TOP: usize = 100;
/// The most groups that a question may make the database answer.
const GROUPS: u64 = 200_000;

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
    /// Of messages of what time.
    pub range: Range,
    /// How finely.
    pub bucket: Bucket,
    /// By whose clocks.
    pub zone: Tz,
    /// Told apart by what; by nothing gives one series.
    pub group_by: Vec<Dimension>,
    /// How many series, the largest first, before the rest is one; at most [`TOP`].
    pub top: usize,
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

/// The tokens of one bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Point {
    /// Where the bucket begins.
    pub start: DateTime<Utc>,
    /// How many tokens.
    pub tokens: i64,
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
    /// Every bucket of the range, in order.
    pub points: Vec<Point>,
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenUsage {
    /// How many tokens in the range.
    pub total: i64,
    /// The series, the largest first, the rest last.
    pub series: Vec<Series>,
}

/// What was spent in the caller's sight: their own threads; all of them for staff.
pub async fn token_usage(ctx: &Ctx, question: Question) -> Result<TokenUsage> {
    let scope = ctx.actor.reads()?;
    let mut check = Check::default();
    if !(1..=TOP).contains(&question.top) {
        check.wrong("/top", format!("must be 1 to {TOP}"));
    }
    check.done()?;
    let buckets = Buckets::of(question.range, question.bucket, question.zone)?;

    let reader = ctx.analytics()?;
    let rows = store::tokens(&reader, scope, &question, GROUPS + 1).await?;
    if rows.len() as u64 > GROUPS {
        return Err(Error::TooMuch(GROUPS).into());
    }
    Ok(fold(rows, &buckets, question.top))
}

/// What a group has in which bucket. Sparse, since most people are idle most of the time.
#[derive(Debug, Default)]
struct Sum {
    total: i64,
    tokens: Vec<(usize, i64)>,
}

/// From the database's groups to series: the largest ones, then the rest as one.
fn fold(rows: Vec<Row>, buckets: &Buckets, top: usize) -> TokenUsage {
    let mut groups: HashMap<Group, Sum> = HashMap::new();
    for row in rows {
        let moment = DateTime::from_timestamp(row.stretch, 0).unwrap_or_default();
        let group = Group {
            model: row.model,
            task: row.task,
            kind: row.kind,
            user: row.user_id,
        };
        let sum = groups.entry(group).or_default();
        sum.total += row.tokens;
        sum.tokens.push((buckets.index(moment), row.tokens));
    }
    let mut groups: Vec<(Group, Sum)> = groups.into_iter().collect();
    groups.sort_by(|(a, most), (b, least)| least.total.cmp(&most.total).then_with(|| a.cmp(b)));
    let rest = groups.split_off(top.min(groups.len()));
    let mut series: Vec<Series> = groups
        .into_iter()
        .map(|(group, sum)| Series {
            group,
            others: false,
            total: sum.total,
            points: points(buckets, sum.tokens),
        })
        .collect();
    if !rest.is_empty() {
        series.push(Series {
            group: Group::default(),
            others: true,
            total: rest.iter().map(|(_, sum)| sum.total).sum(),
            points: points(buckets, rest.into_iter().flat_map(|(_, sum)| sum.tokens)),
        });
    }
    let total = series.iter().map(|series| series.total).sum();
    TokenUsage { total, series }
}

/// Every bucket, with what fell into it.
fn points(buckets: &Buckets, tokens: impl IntoIterator<Item = (usize, i64)>) -> Vec<Point> {
    let empty = |&start: &DateTime<Utc>| Point { start, tokens: 0 };
    let mut points: Vec<Point> = buckets.starts.iter().map(empty).collect();
    for (index, tokens) in tokens {
        points[index].tokens += tokens;
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
        let row = |stretch: i64, model: &str, tokens| Row {
            stretch: stretch * 86_400,
            tokens,
            model: Some(model.to_owned()),
            task: None,
            kind: None,
            user_id: None,
        };
        let rows = vec![
            row(0, "b", 5),
            row(2, "b", 1),
            row(1, "a", 6),
            row(1, "c", 2),
            row(2, "d", 1),
        ];
        let usage = fold(rows, &buckets, 2);
        let told: Vec<_> = usage
            .series
            .iter()
            .map(|series| {
                let tokens: Vec<i64> = series.points.iter().map(|point| point.tokens).collect();
                (
                    series.group.model.as_deref(),
                    series.others,
                    series.total,
                    tokens,
                )
            })
            .collect();
        assert_eq!(usage.total, 15);
        assert_eq!(
            told,
            [
                (Some("a"), false, 6, vec![0, 6, 0]),
                (Some("b"), false, 6, vec![5, 0, 1]),
                (None, true, 3, vec![0, 2, 1]),
            ]
        );
    }
}
