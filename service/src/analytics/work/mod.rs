//! What was worked on: runs and their stages, executions of agents, videos.

mod funnel;
mod stages;
mod store;

use chrono::{DateTime, Utc};
use entity::agent::execution::ExecutionStatus;
use entity::id::{AgentTemplateId, UserAgentId};
use entity::media::video::VideoStatus;

use super::edges::{Percentiles, Period, filled};
use super::token_usage::TOP;
use crate::check::Check;
use crate::ctx::Ctx;
use crate::error::Result;

pub use self::funnel::{RunFunnel, Runs, run_funnel};
pub use self::stages::{StageDurations, stage_durations};

/// How many stages a run has.
const STAGES: i32 = 5;

/// Executions by where they stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are states")]
pub struct Executions {
    pub started: i64,
    pub pending: i64,
    pub running: i64,
    pub completed: i64,
    pub failed: i64,
    pub cancelled: i64,
}

impl Executions {
    fn add(&mut self, status: ExecutionStatus, count: i64) {
        self.started += count;
        *match status {
            ExecutionStatus::Pending => &mut self.pending,
            ExecutionStatus::Running => &mut self.running,
            ExecutionStatus::Completed => &mut self.completed,
            ExecutionStatus::Failed => &mut self.failed,
            ExecutionStatus::Cancelled => &mut self.cancelled,
        } += count;
    }
}

/// One of the agents that were used most.
#[derive(Clone, Debug, PartialEq, Eq, sea_orm::FromQueryResult)]
pub struct AgentCount {
    /// The agent.
    pub agent_id: UserAgentId,
    /// What it is called.
    pub name: String,
    /// What it was made from.
    pub template_id: Option<AgentTemplateId>,
    /// How many executions.
    pub executions: i64,
    /// How many of them failed.
    pub failed: i64,
}

/// How agents and workflows were used.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AgentUsage {
    /// All executions of the period.
    pub all: Executions,
    /// How long those took that came to an end, in milliseconds.
    pub took: Percentiles,
    /// The agents that were used most, the most used first.
    pub agents: Vec<AgentCount>,
    /// How many executions were of other agents, or of workflows.
    pub others: i64,
    /// The executions of each bucket.
    pub points: Vec<(DateTime<Utc>, Executions)>,
}

/// How agents and workflows were used in a period: the caller's own; everybody's for staff.
pub async fn agent_usage(ctx: &Ctx, period: Period, top: usize) -> Result<AgentUsage> {
    let scope = ctx.actor.reads()?;
    let mut check = Check::default();
    if !(1..=TOP).contains(&top) {
        check.wrong("/top", format!("must be 1 to {TOP}"));
    }
    check.done()?;
    let buckets = period.buckets()?;
    let reader = ctx.analytics()?;
    let mut usage = AgentUsage {
        points: filled(&buckets),
        agents: store::agents(&reader, scope, period.range, top).await?,
        took: store::executions_took(&reader, scope, period.range).await?,
        ..AgentUsage::default()
    };
    for row in store::executions(&reader, scope, period.range, &buckets).await? {
        usage.all.add(row.status, row.count);
        usage.points[place(row.at)].1.add(row.status, row.count);
    }
    let named: i64 = usage.agents.iter().map(|agent| agent.executions).sum();
    usage.others = (usage.all.started - named).max(0);
    Ok(usage)
}

/// Videos of one bucket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Videos {
    /// How many were asked for.
    pub created: i64,
    /// How many of all were completed then.
    pub completed: i64,
    /// How many of those asked for have failed.
    pub failed: i64,
}

/// How many videos were made.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct VideoThroughput {
    /// In the whole period.
    pub all: Videos,
    /// How many of those asked for are waited for still.
    pub open: i64,
    /// How long those took that were completed, in whole seconds.
    pub took: Percentiles,
    /// By bucket.
    pub points: Vec<(DateTime<Utc>, Videos)>,
}

/// How many videos were asked for and made in a period: the caller's own; everybody's for staff.
pub async fn video_throughput(ctx: &Ctx, period: Period) -> Result<VideoThroughput> {
    let scope = ctx.actor.reads()?;
    let buckets = period.buckets()?;
    let reader = ctx.analytics()?;
    let mut answer = VideoThroughput {
        points: filled(&buckets),
        took: store::videos_took(&reader, scope, period.range).await?,
        ..VideoThroughput::default()
    };
    for row in store::videos(&reader, scope, period.range, &buckets).await? {
        let point = &mut answer.points[place(row.at)].1;
        for videos in [&mut answer.all, point] {
            videos.created += row.count;
            if row.status == VideoStatus::Failed {
                videos.failed += row.count;
            }
        }
        if matches!(row.status, VideoStatus::Pending | VideoStatus::Processing) {
            answer.open += row.count;
        }
    }
    let made = store::videos_made(&reader, scope, period.range, &buckets).await?;
    for (at, count) in made {
        answer.all.completed += count;
        answer.points[place(at)].1.completed += count;
    }
    Ok(answer)
}

/// A bucket's place.
fn place(at: i32) -> usize {
    usize::try_from(at).unwrap_or_default()
}
