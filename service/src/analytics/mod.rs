//! Analytics: questions across domains, and the rollups that answer those about tokens.
//!
//! A question names a time range, a bucket and a time zone, and gets dense series: every bucket of
//! the range, also where nothing happened. People ask about themselves, staff about everybody.
//!
//! Tokens, their cost and who was active are read from the rollups and the open deltas, in one
//! statement. Percentiles do not follow from sums: they are taken from the durations themselves,
//! over ranges that an index serves.

pub(crate) mod calendar;
mod cover;
mod edges;
mod error;
mod health;
mod job;
mod people;
mod postgres;
mod price;
pub(crate) mod rollup;
mod series;
mod sqlite;
mod store;
mod token_usage;
mod work;

pub use calendar::Bucket;
pub use chrono_tz::Tz;
pub use edges::{Percentiles, Period};
pub use error::Error;
pub use health::{Deliveries, JobHealth, Jobs, WebhookHealth, job_health, webhook_health};
pub use job::Reconcile;
pub use people::{ActiveUsers, Cohort, Retention, active_users, retention};
pub use price::{NewPrice, prices, remove_price, set_price};
pub use rollup::{Difference, Differences, Progress, Reconciled, Report, fold, rebuild, reconcile};
pub use series::{BUCKETS, Range};
pub use token_usage::{
    Cost, Dimension, Group, Point, Question, Series, TOP, TokenUsage, token_usage,
};
pub use work::{
    AgentCount, AgentUsage, Executions, RunFunnel, Runs, StageDurations, VideoThroughput, Videos,
    agent_usage, run_funnel, stage_durations, video_throughput,
};
