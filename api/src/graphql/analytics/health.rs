//! Webhooks and jobs over time.

use async_graphql::SimpleObject;
use chrono::{DateTime, Utc};
use service::analytics;

use super::Percentiles;
use crate::graphql::scalar::BigInt;

/// Whether webhooks arrive.
#[derive(Debug, SimpleObject)]
pub(super) struct WebhookHealth {
    /// The deliveries of the range, as they stand now.
    total: Deliveries,
    /// How many attempts these took.
    attempts: BigInt,
    /// How many of the attempts failed.
    failed_attempts: BigInt,
    /// How long the attempts took, in milliseconds.
    durations: Percentiles,
    /// How many endpoints do nothing but fail just now.
    failing_endpoints: BigInt,
    /// How many endpoints are disabled.
    disabled_endpoints: BigInt,
    /// Every bucket of the range, in order.
    points: Vec<DeliveryPoint>,
}

/// Deliveries by where they stand.
#[derive(Debug, SimpleObject)]
struct Deliveries {
    created: BigInt,
    pending: BigInt,
    delivered: BigInt,
    failed: BigInt,
}

/// The deliveries of one bucket.
#[derive(Debug, SimpleObject)]
struct DeliveryPoint {
    /// Where the bucket begins.
    start: DateTime<Utc>,
    #[graphql(flatten)]
    deliveries: Deliveries,
}

impl From<analytics::Deliveries> for Deliveries {
    fn from(deliveries: analytics::Deliveries) -> Self {
        Self {
            created: BigInt(deliveries.created),
            pending: BigInt(deliveries.pending),
            delivered: BigInt(deliveries.delivered),
            failed: BigInt(deliveries.failed),
        }
    }
}

impl From<analytics::WebhookHealth> for WebhookHealth {
    fn from(health: analytics::WebhookHealth) -> Self {
        let points = health.points.into_iter();
        Self {
            total: health.all.into(),
            attempts: BigInt(health.attempts),
            failed_attempts: BigInt(health.failed_attempts),
            durations: health.took.into(),
            failing_endpoints: BigInt(health.failing_endpoints),
            disabled_endpoints: BigInt(health.disabled_endpoints),
            points: points
                .map(|(start, deliveries)| DeliveryPoint {
                    start,
                    deliveries: deliveries.into(),
                })
                .collect(),
        }
    }
}

/// Whether jobs are done.
#[derive(Debug, SimpleObject)]
pub(super) struct JobHealth {
    /// The jobs of the range, as they stand now.
    total: Jobs,
    /// The same by kind, in the order of the alphabet.
    kinds: Vec<JobKind>,
    /// Since when the job has been due that has been waiting longest, of all that wait.
    waiting_since: Option<DateTime<Utc>>,
    /// Every bucket of the range, in order.
    points: Vec<JobPoint>,
}

/// Jobs by where they stand.
#[derive(Debug, SimpleObject)]
struct Jobs {
    created: BigInt,
    queued: BigInt,
    running: BigInt,
    succeeded: BigInt,
    dead: BigInt,
    cancelled: BigInt,
}

/// The jobs of one kind.
#[derive(Debug, SimpleObject)]
struct JobKind {
    kind: String,
    #[graphql(flatten)]
    jobs: Jobs,
}

/// The jobs of one bucket.
#[derive(Debug, SimpleObject)]
struct JobPoint {
    /// Where the bucket begins.
    start: DateTime<Utc>,
    #[graphql(flatten)]
    jobs: Jobs,
}

impl From<analytics::Jobs> for Jobs {
    fn from(jobs: analytics::Jobs) -> Self {
        Self {
            created: BigInt(jobs.created),
            queued: BigInt(jobs.queued),
            running: BigInt(jobs.running),
            succeeded: BigInt(jobs.succeeded),
            dead: BigInt(jobs.dead),
            cancelled: BigInt(jobs.cancelled),
        }
    }
}

impl From<analytics::JobHealth> for JobHealth {
    fn from(health: analytics::JobHealth) -> Self {
        let (kinds, points) = (health.kinds.into_iter(), health.points.into_iter());
        Self {
            total: health.all.into(),
            kinds: kinds
                .map(|(kind, jobs)| JobKind {
                    kind,
                    jobs: jobs.into(),
                })
                .collect(),
            waiting_since: health.waiting_since,
            points: points
                .map(|(start, jobs)| JobPoint {
                    start,
                    jobs: jobs.into(),
                })
                .collect(),
        }
    }
}
