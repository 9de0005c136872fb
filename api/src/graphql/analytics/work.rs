//! Runs, stages, agents and videos over time.

use async_graphql::SimpleObject;
use chrono::{DateTime, Utc};
use service::analytics;
use uuid::Uuid;

use super::Percentiles;
use crate::graphql::scalar::BigInt;

/// How far the runs of a period came.
#[derive(Debug, SimpleObject)]
pub(super) struct RunFunnel {
    /// All of them, as they stand now.
    total: Runs,
    /// How many brought each stage.
    stages: Vec<StageReached>,
    /// Every bucket of the range, in order.
    points: Vec<RunPoint>,
}

/// Runs by where they stand.
#[derive(Debug, SimpleObject)]
struct Runs {
    created: BigInt,
    pending: BigInt,
    running: BigInt,
    completed: BigInt,
    failed: BigInt,
}

/// How many runs brought a stage.
#[derive(Debug, SimpleObject)]
struct StageReached {
    stage: usize,
    runs: BigInt,
}

/// The runs of one bucket.
#[derive(Debug, SimpleObject)]
struct RunPoint {
    /// Where the bucket begins.
    start: DateTime<Utc>,
    #[graphql(flatten)]
    runs: Runs,
}

impl From<analytics::Runs> for Runs {
    fn from(runs: analytics::Runs) -> Self {
        Self {
            created: BigInt(runs.created),
            pending: BigInt(runs.pending),
            running: BigInt(runs.running),
            completed: BigInt(runs.completed),
            failed: BigInt(runs.failed),
        }
    }
}

impl From<analytics::RunFunnel> for RunFunnel {
    fn from(funnel: analytics::RunFunnel) -> Self {
        let stages = funnel.stages.into_iter().enumerate();
        let points = funnel.points.into_iter();
        Self {
            total: funnel.all.into(),
            stages: stages
                .map(|(place, runs)| StageReached {
                    stage: place + 1,
                    runs: BigInt(runs),
                })
                .collect(),
            points: points
                .map(|(start, runs)| RunPoint {
                    start,
                    runs: runs.into(),
                })
                .collect(),
        }
    }
}

/// How long one stage took.
#[derive(Debug, SimpleObject)]
pub(super) struct StageDurations {
    stage: i32,
    /// Whether the percentiles are exact.
    exact: bool,
    /// The most by which a percentile is off, as a part of it: 0.01 is one in a hundred.
    relative_error: f64,
    /// Over the whole range.
    total: Percentiles,
    /// Every bucket of the range, in order.
    points: Vec<DurationPoint>,
}

/// How long a stage took in one bucket.
#[derive(Debug, SimpleObject)]
struct DurationPoint {
    /// Where the bucket begins.
    start: DateTime<Utc>,
    #[graphql(flatten)]
    took: Percentiles,
}

impl From<analytics::StageDurations> for StageDurations {
    fn from(stage: analytics::StageDurations) -> Self {
        let points = stage.points.into_iter();
        Self {
            stage: stage.stage,
            exact: stage.relative_error <= 0.0,
            relative_error: stage.relative_error,
            total: stage.all.into(),
            points: points
                .map(|(start, took)| DurationPoint {
                    start,
                    took: took.into(),
                })
                .collect(),
        }
    }
}

/// How agents and workflows were used.
#[derive(Debug, SimpleObject)]
pub(super) struct AgentUsage {
    /// All executions of the range, as they stand now.
    total: Executions,
    /// How long those took that came to an end, in milliseconds.
    durations: Percentiles,
    /// The agents that were used most, the most used first.
    agents: Vec<AgentCount>,
    /// How many executions were of other agents, or of workflows.
    others: BigInt,
    /// Every bucket of the range, in order.
    points: Vec<ExecutionPoint>,
}

/// Executions by where they stand.
#[derive(Debug, SimpleObject)]
struct Executions {
    started: BigInt,
    pending: BigInt,
    running: BigInt,
    completed: BigInt,
    failed: BigInt,
    cancelled: BigInt,
}

/// One of the agents that were used most.
#[derive(Debug, SimpleObject)]
struct AgentCount {
    agent_id: Uuid,
    name: String,
    template_id: Option<Uuid>,
    executions: BigInt,
    failed: BigInt,
}

/// The executions of one bucket.
#[derive(Debug, SimpleObject)]
struct ExecutionPoint {
    /// Where the bucket begins.
    start: DateTime<Utc>,
    #[graphql(flatten)]
    executions: Executions,
}

impl From<analytics::Executions> for Executions {
    fn from(executions: analytics::Executions) -> Self {
        Self {
            started: BigInt(executions.started),
            pending: BigInt(executions.pending),
            running: BigInt(executions.running),
            completed: BigInt(executions.completed),
            failed: BigInt(executions.failed),
            cancelled: BigInt(executions.cancelled),
        }
    }
}

impl From<analytics::AgentUsage> for AgentUsage {
    fn from(usage: analytics::AgentUsage) -> Self {
        let points = usage.points.into_iter();
        let agents = usage.agents.into_iter();
        Self {
            total: usage.all.into(),
            durations: usage.took.into(),
            agents: agents
                .map(|agent| AgentCount {
                    agent_id: agent.agent_id.0,
                    name: agent.name,
                    template_id: agent.template_id.map(|id| id.0),
                    executions: BigInt(agent.executions),
                    failed: BigInt(agent.failed),
                })
                .collect(),
            others: BigInt(usage.others),
            points: points
                .map(|(start, executions)| ExecutionPoint {
                    start,
                    executions: executions.into(),
                })
                .collect(),
        }
    }
}

/// How many videos were made.
#[derive(Debug, SimpleObject)]
pub(super) struct VideoThroughput {
    /// In the whole range.
    total: Videos,
    /// How many of those asked for are waited for still.
    open: BigInt,
    /// How long those took that were completed, in whole seconds.
    seconds: Percentiles,
    /// Every bucket of the range, in order.
    points: Vec<VideoPoint>,
}

/// Videos.
#[derive(Debug, SimpleObject)]
struct Videos {
    /// How many were asked for then.
    created: BigInt,
    /// How many were completed then, whenever they were asked for.
    completed: BigInt,
    /// How many of those asked for then have failed.
    failed: BigInt,
}

/// The videos of one bucket.
#[derive(Debug, SimpleObject)]
struct VideoPoint {
    /// Where the bucket begins.
    start: DateTime<Utc>,
    #[graphql(flatten)]
    videos: Videos,
}

impl From<analytics::Videos> for Videos {
    fn from(videos: analytics::Videos) -> Self {
        Self {
            created: BigInt(videos.created),
            completed: BigInt(videos.completed),
            failed: BigInt(videos.failed),
        }
    }
}

impl From<analytics::VideoThroughput> for VideoThroughput {
    fn from(throughput: analytics::VideoThroughput) -> Self {
        let points = throughput.points.into_iter();
        Self {
            total: throughput.all.into(),
            open: BigInt(throughput.open),
            seconds: throughput.took.into(),
            points: points
                .map(|(start, videos)| VideoPoint {
                    start,
                    videos: videos.into(),
                })
                .collect(),
        }
    }
}
