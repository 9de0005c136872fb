//! Analytics: questions across domains, and the rollups that answer those about tokens.
//!
//! A question names a time range, a bucket and a time zone, and gets dense series: every bucket of
//! the range, also where nothing happened. People ask about themselves, staff about everybody.
//!
//! Tokens, their cost, who was active and how far runs came are read from the rollups and the open
//! deltas, in one statement. Percentiles do not follow from sums: they are taken from the durations
//! themselves, over ranges that an index serves; those of many stages from histograms.

pub(crate) mod calendar;
mod cover;
mod daily;
mod dialect;
mod edges;
mod error;
mod health;
mod histogram;
mod job;
mod most;
mod packed;
mod parts;
mod people;
mod postgres;
mod price;
mod rank;
pub(crate) mod rollup;
mod series;
pub mod setting;
mod sheet;
mod sqlite;
mod store;
mod token_usage;
mod varint;
mod work;

pub use calendar::Bucket;
pub use chrono_tz::Tz;
pub use edges::{Percentiles, Period};
pub use error::Error;
pub use health::{Deliveries, JobHealth, Jobs, WebhookHealth, job_health, webhook_health};
pub use histogram::RELATIVE_ERROR;
pub use job::{Rebuild, Reconcile};
pub use people::{ActiveUsers, Cohort, Retention, active_users, retention};
pub use price::{NewPrice, prices, remove_price, set_price};
pub use rollup::{
    Building, Difference, Differences, Progress, Reconciled, Report, Standing, fold, pack, rebuild,
    reconcile, standing,
};
pub use series::{BUCKETS, Range};
pub use token_usage::{
    Cost, Dimension, Group, Point, Question, Series, TOP, TokenUsage, token_usage,
};
pub use work::{
    AgentCount, AgentUsage, Executions, RunFunnel, Runs, StageDurations, VideoThroughput, Videos,
    agent_usage, run_funnel, stage_durations, video_throughput,
};
