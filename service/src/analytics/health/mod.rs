//! Whether webhooks arrive and jobs are done.

mod store;

use chrono::{DateTime, Utc};
use entity::platform::job::JobState;
use entity::webhook::delivery::WebhookDeliveryState;

use super::edges::{Percentiles, Period, filled};
use crate::ctx::Ctx;
use crate::error::Result;
use crate::system::oldest_job;

/// Deliveries by where they stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are states")]
pub struct Deliveries {
    pub created: i64,
    pub pending: i64,
    pub delivered: i64,
    pub failed: i64,
}

impl Deliveries {
    fn add(&mut self, state: WebhookDeliveryState, count: i64) {
        self.created += count;
        *match state {
            WebhookDeliveryState::Pending => &mut self.pending,
            WebhookDeliveryState::Delivered => &mut self.delivered,
            WebhookDeliveryState::Failed => &mut self.failed,
        } += count;
    }
}

/// Whether webhooks arrive.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WebhookHealth {
    /// The deliveries of the period, as they stand now.
    pub all: Deliveries,
    /// How many attempts these took.
    pub attempts: i64,
    /// How many of the attempts failed.
    pub failed_attempts: i64,
    /// How long the attempts took, in milliseconds.
    pub took: Percentiles,
    /// How many endpoints do nothing but fail just now.
    pub failing_endpoints: i64,
    /// How many endpoints are disabled.
    pub disabled_endpoints: i64,
    /// The deliveries of each bucket.
    pub points: Vec<(DateTime<Utc>, Deliveries)>,
}

/// Whether the webhooks of a period arrived: at the caller's own endpoints; at all for staff.
pub async fn webhook_health(ctx: &Ctx, period: Period) -> Result<WebhookHealth> {
    let scope = ctx.actor.reads()?;
    let buckets = period.buckets()?;
    let reader = ctx.analytics()?;
    let attempts = store::attempts(&reader, scope, period.range).await?;
    let endpoints = store::endpoints(&reader, scope).await?;
    let mut health = WebhookHealth {
        attempts: attempts.took.count,
        failed_attempts: attempts.failed,
        took: attempts.took,
        failing_endpoints: endpoints.failing,
        disabled_endpoints: endpoints.disabled,
        points: filled(&buckets),
        ..WebhookHealth::default()
    };
    for row in store::deliveries(&reader, scope, period.range, &buckets).await? {
        health.all.add(row.state, row.count);
        let place = usize::try_from(row.at).unwrap_or_default();
        health.points[place].1.add(row.state, row.count);
    }
    Ok(health)
}

/// Jobs by where they stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are states")]
pub struct Jobs {
    pub created: i64,
    pub queued: i64,
    pub running: i64,
    pub succeeded: i64,
    pub dead: i64,
    pub cancelled: i64,
}

impl Jobs {
    fn add(&mut self, state: JobState, count: i64) {
        self.created += count;
        *match state {
            JobState::Queued => &mut self.queued,
            JobState::Running => &mut self.running,
            JobState::Succeeded => &mut self.succeeded,
            JobState::Dead => &mut self.dead,
            JobState::Cancelled => &mut self.cancelled,
        } += count;
    }
}

/// Whether jobs are done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JobHealth {
    /// The jobs of the period, as they stand now.
    pub all: Jobs,
    /// The same by kind, in the order of the alphabet.
    pub kinds: Vec<(String, Jobs)>,
    /// Since when the job has been due that has been waiting longest, of all that wait.
    pub waiting_since: Option<DateTime<Utc>>,
    /// The jobs of each bucket.
    pub points: Vec<(DateTime<Utc>, Jobs)>,
}

/// Whether the jobs of a period were done. Staff only.
pub async fn job_health(ctx: &Ctx, period: Period) -> Result<JobHealth> {
    ctx.actor.need_staff()?;
    ctx.actor.reads()?;
    let buckets = period.buckets()?;
    let reader = ctx.analytics()?;
    let mut health = JobHealth {
        waiting_since: oldest_job(&reader, ctx.now()).await?,
        points: filled(&buckets),
        ..JobHealth::default()
    };
    for row in store::jobs(&reader, period.range, &buckets).await? {
        health.all.add(row.state, row.count);
        let place = usize::try_from(row.at).unwrap_or_default();
        health.points[place].1.add(row.state, row.count);
        match health
            .kinds
            .binary_search_by(|(kind, _)| kind.cmp(&row.kind))
        {
            Ok(at) => health.kinds[at].1.add(row.state, row.count),
            Err(at) => {
                let mut jobs = Jobs::default();
                jobs.add(row.state, row.count);
                health.kinds.insert(at, (row.kind, jobs));
            }
        }
    }
    Ok(health)
}
