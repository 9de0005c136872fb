//! What was spent and done, over time.

mod health;
mod people;
mod price;
mod token;
mod usage;
mod work;

use async_graphql::{Context, Enum, InputObject, Object, SimpleObject};
use chrono::{DateTime, Utc};
use service::analytics::{self, Period, Question, Tz};

use self::health::{JobHealth, WebhookHealth};
use self::people::{ActiveUsers, Retention};
pub(super) use self::price::AnalyticsMutation;
use self::price::ModelPrice;
use self::usage::{TokenDimension, TokenUsage};
use self::work::{AgentUsage, RunFunnel, StageDurations, VideoThroughput};
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
        #[graphql(desc = "Of messages of what time; widened to whole quarters of an hour.")]
        range: TimeRange,
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
        // What is not asked for is not summed up.
        let asked = context.look_ahead();
        let series = asked.field("series");
        let points = series.field("points");
        let priced = [&asked, &series, &points]
            .into_iter()
            .any(|part| part.field("costMicros").exists() || part.field("unpriced").exists());
        let question = Question {
            range: range.into(),
            bucket: bucket.into(),
            zone: time_zone,
            group_by: group_by.into_iter().map(Into::into).collect(),
            top: usize::try_from(top).unwrap_or(0),
            points: points.exists(),
            cost: priced,
        };
        let usage = analytics::token_usage(caller(context)?, question).await?;
        Ok(usage.into())
    }

    /// How far the runs came that were created in the range.
    async fn run_funnel(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Of what time.")] range: TimeRange,
        #[graphql(desc = "How finely; a series has at most 1,000 buckets.")] bucket: Bucket,
        #[graphql(default_with = "Tz::UTC", desc = "By whose clocks (IANA name).")] time_zone: Tz,
    ) -> Result<RunFunnel, ApiError> {
        let answer =
            analytics::run_funnel(caller(context)?, period(range, bucket, time_zone)).await?;
        Ok(answer.into())
    }

    /// How long the stages took that were brought in the range, in milliseconds; the first stage first.
    /// Percentiles of many come from histograms: `exact` and `relativeError` say so. Counts and means are
    /// exact.
    async fn stage_durations(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Of what time.")] range: TimeRange,
        #[graphql(desc = "How finely; a series has at most 1,000 buckets.")] bucket: Bucket,
        #[graphql(default_with = "Tz::UTC", desc = "By whose clocks (IANA name).")] time_zone: Tz,
        #[graphql(
            default = false,
            desc = "Whether percentiles shall be exact, however many outputs they are of, and however long it takes."
        )]
        exact: bool,
    ) -> Result<Vec<StageDurations>, ApiError> {
        let period = period(range, bucket, time_zone);
        let answer = analytics::stage_durations(caller(context)?, period, exact).await?;
        Ok(answer.into_iter().map(Into::into).collect())
    }

    /// How agents and workflows were used.
    async fn agent_usage(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Of what time.")] range: TimeRange,
        #[graphql(desc = "How finely; a series has at most 1,000 buckets.")] bucket: Bucket,
        #[graphql(default_with = "Tz::UTC", desc = "By whose clocks (IANA name).")] time_zone: Tz,
        #[graphql(default = 10, desc = "How many agents are named, 1 to 100.")] top: i32,
    ) -> Result<AgentUsage, ApiError> {
        let answer = analytics::agent_usage(
            caller(context)?,
            period(range, bucket, time_zone),
            usize::try_from(top).unwrap_or(0),
        )
        .await?;
        Ok(answer.into())
    }

    /// How many videos were asked for and made.
    async fn video_throughput(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Of what time.")] range: TimeRange,
        #[graphql(desc = "How finely; a series has at most 1,000 buckets.")] bucket: Bucket,
        #[graphql(default_with = "Tz::UTC", desc = "By whose clocks (IANA name).")] time_zone: Tz,
    ) -> Result<VideoThroughput, ApiError> {
        let answer =
            analytics::video_throughput(caller(context)?, period(range, bucket, time_zone)).await?;
        Ok(answer.into())
    }

    /// Whether webhooks arrived at the endpoints.
    async fn webhook_health(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Of what time.")] range: TimeRange,
        #[graphql(desc = "How finely; a series has at most 1,000 buckets.")] bucket: Bucket,
        #[graphql(default_with = "Tz::UTC", desc = "By whose clocks (IANA name).")] time_zone: Tz,
    ) -> Result<WebhookHealth, ApiError> {
        let answer =
            analytics::webhook_health(caller(context)?, period(range, bucket, time_zone)).await?;
        Ok(answer.into())
    }

    /// Whether jobs were done. For staff.
    async fn job_health(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Of what time.")] range: TimeRange,
        #[graphql(desc = "How finely; a series has at most 1,000 buckets.")] bucket: Bucket,
        #[graphql(default_with = "Tz::UTC", desc = "By whose clocks (IANA name).")] time_zone: Tz,
    ) -> Result<JobHealth, ApiError> {
        let answer =
            analytics::job_health(caller(context)?, period(range, bucket, time_zone)).await?;
        Ok(answer.into())
    }

    /// How many people were active. For staff.
    async fn active_users(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Of what time; widened to whole days of UTC.")] range: TimeRange,
        #[graphql(desc = "DAY, WEEK or MONTH, by the clocks of UTC; at most 1,000 of them.")]
        bucket: Bucket,
    ) -> Result<ActiveUsers, ApiError> {
        let answer = analytics::active_users(caller(context)?, range.into(), bucket.into()).await?;
        Ok(answer.into())
    }

    /// Of the people who were first active in each bucket, how many came back. For staff.
    async fn retention(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Of what time; widened to whole days of UTC.")] range: TimeRange,
        #[graphql(desc = "DAY, WEEK or MONTH, by the clocks of UTC; at most 60 of them.")]
        bucket: Bucket,
    ) -> Result<Retention, ApiError> {
        let answer = analytics::retention(caller(context)?, range.into(), bucket.into()).await?;
        Ok(answer.into())
    }

    /// What tokens cost, by model and type, the latest price first. For staff.
    async fn model_prices(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Of this model only.")] model: Option<String>,
    ) -> Result<Vec<ModelPrice>, ApiError> {
        let prices = analytics::prices(caller(context)?, model.as_deref()).await?;
        Ok(prices.into_iter().map(Into::into).collect())
    }
}

/// From one moment up to, and without, another.
#[derive(Clone, Copy, Debug, InputObject)]
pub(super) struct TimeRange {
    pub(super) from: DateTime<Utc>,
    pub(super) to: DateTime<Utc>,
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

fn period(range: TimeRange, bucket: Bucket, zone: Tz) -> Period {
    Period {
        range: range.into(),
        bucket: bucket.into(),
        zone,
    }
}

/// The least that so many of 100 were not above (`percentile_disc`); null where there are none.
#[derive(Debug, SimpleObject)]
struct Percentiles {
    /// How many were measured.
    count: BigInt,
    /// What they took on the average.
    mean: Option<f64>,
    p50: Option<BigInt>,
    p95: Option<BigInt>,
    p99: Option<BigInt>,
}

impl From<analytics::Percentiles> for Percentiles {
    fn from(took: analytics::Percentiles) -> Self {
        Self {
            count: BigInt(took.count),
            mean: took.mean,
            p50: took.p50.map(BigInt),
            p95: took.p95.map(BigInt),
            p99: took.p99.map(BigInt),
        }
    }
}
