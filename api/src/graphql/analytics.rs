//! What was spent and done, over time.

use async_graphql::{Context, Enum, InputObject, Object, SimpleObject};
use chrono::{DateTime, Utc};
use entity::conversation::token_consumption;
use service::analytics::{self, Question, Tz};
use uuid::Uuid;

use super::caller;
use super::scalar::BigInt;
use crate::error::ApiError;

#[derive(Debug, Default)]
pub(super) struct AnalyticsQuery;

#[Object]
impl AnalyticsQuery {
    /// Figures over time: of everybody for staff, of themselves for others.
    async fn analytics(&self) -> Analytics {
        Analytics
    }
}

/// Figures over time.
#[derive(Debug)]
struct Analytics;

#[Object]
impl Analytics {
    /// The tokens that were spent at models.
    async fn token_usage(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Of messages of what time.")] range: TimeRange,
        #[graphql(desc = "How finely; a series has at most 1,000 buckets.")] bucket: Bucket,
        #[graphql(default, desc = "Told apart by what; by nothing gives one series.")]
        group_by: Vec<TokenDimension>,
        #[graphql(default_with = "Tz::UTC", desc = "By whose clocks (IANA name).")] time_zone: Tz,
        #[graphql(
            default = 20,
            desc = "How many series, 1 to 100, the largest first; the rest comes as one more."
        )]
        top: i32,
    ) -> Result<TokenUsage, ApiError> {
        let question = Question {
            range: range.into(),
            bucket: bucket.into(),
            zone: time_zone,
            group_by: group_by.into_iter().map(Into::into).collect(),
            top: usize::try_from(top).unwrap_or(0),
        };
        let usage = analytics::token_usage(caller(context)?, question).await?;
        Ok(usage.into())
    }
}

/// From one moment up to, and without, another.
#[derive(Clone, Copy, Debug, InputObject)]
struct TimeRange {
    from: DateTime<Utc>,
    to: DateTime<Utc>,
}

impl From<TimeRange> for analytics::Range {
    fn from(range: TimeRange) -> Self {
        Self {
            from: range.from,
            to: range.to,
        }
    }
}

/// How long a bucket is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "analytics::Bucket")]
pub(super) enum Bucket {
    /// From full hour to full hour.
    Hour,
    /// From midnight to midnight.
    Day,
    /// From Monday to Monday.
    Week,
    /// From the first to the first.
    Month,
}

/// What tokens are told apart by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "analytics::Dimension")]
enum TokenDimension {
    /// The model that they were spent at.
    Model,
    /// What the model was asked for.
    Task,
    /// Whether they were read or written.
    Type,
    /// Whose thread it was.
    User,
}

/// What the model was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "token_consumption::TokenTask")]
enum TokenTask {
    /// The answer itself.
    ChatCompletion,
    /// The choice of tools.
    ToolSelection,
    /// Something a tool needed.
    CallWithinTool,
}

/// What the tokens were.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "token_consumption::TokenType")]
enum TokenType {
    /// Read, and new to the provider.
    InputNoncached,
    /// Read, and known to the provider.
    InputCached,
    /// Written.
    Completion,
}

/// Tokens over time.
#[derive(Debug, SimpleObject)]
struct TokenUsage {
    /// How many in the range.
    total: BigInt,
    /// The largest first, the rest last.
    series: Vec<TokenSeries>,
}

/// The tokens of one group. What it was not grouped by is null.
#[derive(Debug, SimpleObject)]
struct TokenSeries {
    model: Option<String>,
    task: Option<TokenTask>,
    #[graphql(name = "type")]
    kind: Option<TokenType>,
    user_id: Option<Uuid>,
    /// Whether this is all that did not come among the first.
    others: bool,
    /// How many in the range.
    total: BigInt,
    /// Every bucket of the range, in order; the first and the last may be cut by it.
    points: Vec<TokenPoint>,
}

/// The tokens of one bucket.
#[derive(Debug, SimpleObject)]
struct TokenPoint {
    /// Where the bucket begins.
    start: DateTime<Utc>,
    tokens: BigInt,
}

impl From<analytics::TokenUsage> for TokenUsage {
    fn from(usage: analytics::TokenUsage) -> Self {
        Self {
            total: BigInt(usage.total),
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
            points: points
                .map(|point| TokenPoint {
                    start: point.start,
                    tokens: BigInt(point.tokens),
                })
                .collect(),
        }
    }
}
