//! What was spent at models.

use async_graphql::{Enum, SimpleObject};
use chrono::{DateTime, Utc};
use service::analytics;
use uuid::Uuid;

use super::token::{TokenTask, TokenType};
use crate::graphql::scalar::BigInt;

/// What tokens are told apart by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "analytics::Dimension")]
pub(super) enum TokenDimension {
    /// The model that they were spent at.
    Model,
    /// What the model was asked for.
    Task,
    /// Whether they were read or written.
    Type,
    /// Whose thread it was.
    User,
}

/// Tokens over time.
#[derive(Debug, SimpleObject)]
pub(super) struct TokenUsage {
    /// The first moment that is counted.
    from: DateTime<Utc>,
    /// The moment after the last that is counted.
    to: DateTime<Utc>,
    /// Up to when what another backend wrote into the shared tables is counted. What is written
    /// through Chancery is counted to the moment of the answer. Null, until the sums were proven
    /// once.
    as_of: Option<DateTime<Utc>>,
    /// How many in the range.
    total: BigInt,
    /// What they cost, in millionths of a dollar, rounded once; null, when none of them has a price.
    cost_micros: Option<BigInt>,
    /// How many have no price, and are not in the cost.
    unpriced: BigInt,
    /// The largest first, the rest last.
    series: Vec<TokenSeries>,
}

/// The tokens of one group. What it was not grouped by is null.
#[derive(Debug, SimpleObject)]
pub(super) struct TokenSeries {
    model: Option<String>,
    task: Option<TokenTask>,
    #[graphql(name = "type")]
    kind: Option<TokenType>,
    user_id: Option<Uuid>,
    /// Whether this is all that did not come among the first.
    others: bool,
    /// How many in the range.
    total: BigInt,
    /// What they cost, in millionths of a dollar, rounded once; null, when none of them has a price.
    cost_micros: Option<BigInt>,
    /// How many have no price, and are not in the cost.
    unpriced: BigInt,
    /// Every bucket of the range, in order; the first and the last may be cut by it.
    points: Vec<TokenPoint>,
}

/// The tokens of one bucket.
#[derive(Debug, SimpleObject)]
pub(super) struct TokenPoint {
    /// Where the bucket begins.
    start: DateTime<Utc>,
    tokens: BigInt,
    /// What they cost, in millionths of a dollar, rounded once; null, when none of them has a price.
    cost_micros: Option<BigInt>,
    /// How many have no price, and are not in the cost.
    unpriced: BigInt,
}

impl From<analytics::TokenUsage> for TokenUsage {
    fn from(usage: analytics::TokenUsage) -> Self {
        Self {
            from: usage.range.from,
            to: usage.range.to,
            as_of: usage.as_of,
            total: BigInt(usage.total),
            cost_micros: usage.cost.micros().map(BigInt),
            unpriced: BigInt(usage.cost.unpriced),
            series: usage.series.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<analytics::Series> for TokenSeries {
    fn from(series: analytics::Series) -> Self {
        let group = series.group;
        let points = series.points.into_iter();
        Self {
            model: group.model,
            task: group.task.map(Into::into),
            kind: group.kind.map(Into::into),
            user_id: group.user.map(|user| user.0),
            others: series.others,
            total: BigInt(series.total),
            cost_micros: series.cost.micros().map(BigInt),
            unpriced: BigInt(series.cost.unpriced),
            points: points
                .map(|point| TokenPoint {
                    start: point.start,
                    tokens: BigInt(point.tokens),
                    cost_micros: point.cost.micros().map(BigInt),
                    unpriced: BigInt(point.cost.unpriced),
                })
                .collect(),
        }
    }
}
