//! What agents and workflows did: executions with their events, and the counters that they move.

use chrono::{DateTime, SubsecRound as _, TimeDelta, Utc};
use entity::agent::execution::{self, ExecutionStatus};
use entity::agent::execution_event;
use entity::id::{UserAgentId, UserId, WorkflowId};
use serde_json::{Value, json};

use super::agent::Book;
use super::dice::Dice;
use super::rows::Rows;
use super::text::Words;
use crate::error::Result;

const EXECUTIONS: usize = 1_100;

/// All executions.
pub(super) struct Executed {
    executions: Vec<execution::Model>,
    events: Vec<execution_event::Model>,
}

impl Executed {
    pub(super) async fn put(self, rows: &mut Rows<'_>) -> Result<()> {
        rows.put(execution::Entity, self.executions).await?;
        rows.put(execution_event::Entity, self.events).await
    }
}

/// Whose turn it is.
struct Turn {
    agent: Option<UserAgentId>,
    workflow: Option<WorkflowId>,
    owner: UserId,
    at: DateTime<Utc>,
}

/// The executions of the book's agents and workflows, which count them.
pub(super) fn of(rows: &Rows<'_>, dice: &Dice, book: &mut Book, words: &Words) -> Executed {
    let mut all = Executed {
        executions: Vec::new(),
        events: Vec::new(),
    };
    let moments = dice.moments(rows.now, EXECUTIONS, TimeDelta::minutes(4));
    for (left, at) in (1..=EXECUTIONS).rev().zip(moments) {
        let Some(turn) = turn(dice, book, at) else {
            continue;
        };
        // The last few are waiting or under way.
        let status = match dice.number::<u32>(0, 99) {
            _ if left <= 4 => ExecutionStatus::Pending,
            _ if left <= 10 => ExecutionStatus::Running,
            0..=10 => ExecutionStatus::Failed,
            11..=13 => ExecutionStatus::Cancelled,
            _ => ExecutionStatus::Completed,
        };
        all.story(rows, dice, words, &turn, status);
    }
    all
}

/// Choose who is next among those who are there, and count it.
fn turn(dice: &Dice, book: &mut Book, at: DateTime<Utc>) -> Option<Turn> {
    let agents = book.agents.partition_point(|agent| agent.created_at <= at);
    let flows = book.workflows.partition_point(|flow| flow.created_at <= at);
    if dice.percent(16) && flows > 0 {
        let workflow = &mut book.workflows[dice.favoured(flows)];
        workflow.run_count += 1;
        workflow.last_run_at = Some(at);
        workflow.version += 1;
        workflow.updated_at = at;
        return Some(Turn {
            agent: None,
            workflow: Some(workflow.id),
            owner: workflow.user_id,
            at,
        });
    }
    if agents == 0 {
        return None;
    }
    let agent = &mut book.agents[dice.favoured(agents)];
    agent.execution_count += 1;
    agent.last_used = Some(at);
    agent.version += 1;
    agent.updated_at = at;
    let made_from = agent.template_id;
    let mut templates = book.templates.iter_mut();
    if let Some(template) = templates.find(|row| Some(row.id) == made_from) {
        template.usage_count += 1;
        template.updated_at = at;
    }
    Some(Turn {
        agent: Some(agent.id),
        workflow: None,
        owner: agent.user_id,
        at,
    })
}

impl Executed {
    fn story(
        &mut self,
        rows: &Rows<'_>,
        dice: &Dice,
        words: &Words,
        turn: &Turn,
        status: ExecutionStatus,
    ) {
        let worker = format!("agent-worker-{}", dice.number::<u32>(1, 4));
        let begun = status != ExecutionStatus::Pending;
        let started = begun.then(|| turn.at + dice.seconds(1, 50));
        let took = dice.seconds(4, 170);
        let over = begun && status != ExecutionStatus::Running;
        let ended = started.filter(|_| over).map(|at| at + took);
        let running = status == ExecutionStatus::Running;
        let row = execution::Model {
            id: dice.id(turn.at),
            agent_id: turn.agent,
            workflow_id: turn.workflow,
            user_id: turn.owner,
            status,
            input: json!({ "prompt": words.say(dice, words, "asked") }),
            output: (status == ExecutionStatus::Completed)
                .then(|| json!({ "summary": words.say(dice, words, "done") })),
            error_message: (status == ExecutionStatus::Failed)
                .then(|| words.one(dice, "failed").to_owned()),
            started_at: started,
            completed_at: ended,
            duration_ms: ended.map(|_| took.num_milliseconds()),
            claimed_by: begun.then(|| worker.clone()),
            lease_token: running.then(|| dice.uuid()),
            lease_until: running.then(|| rows.now + TimeDelta::minutes(10)),
            attempt: i32::from(begun),
            version: 1 + i64::from(begun) + i64::from(over),
            created_at: turn.at,
            updated_at: ended.or(started).unwrap_or(turn.at),
        };
        self.note(dice, &row, words);
        self.executions.push(row);
    }

    /// The history of one execution, line by line.
    fn note(&mut self, dice: &Dice, row: &execution::Model, words: &Words) {
        let mut seq = 0;
        let mut add = |at: DateTime<Utc>, kind: &str, data: Value| {
            seq += 1;
            self.events.push(execution_event::Model {
                id: dice.id(at),
                execution_id: row.id,
                seq,
                kind: kind.to_owned(),
                data,
                created_at: at,
                updated_at: at,
            });
        };
        add(row.created_at, "created", json!({}));
        let Some(started) = row.started_at else {
            return;
        };
        add(started, "claimed", json!({ "worker": row.claimed_by }));
        let took = row
            .completed_at
            .map_or(TimeDelta::seconds(9), |end| end - started);
        let said = words.list("said");
        let reached = match row.status {
            ExecutionStatus::Completed => said.len(),
            _ => dice.number(1, said.len() as u64 - 1),
        };
        for (step, number) in said[..reached].iter().zip(1..) {
            let at = (started + took * number / 6).trunc_subsecs(6);
            add(at, "step", json!({ "number": number, "message": step }));
        }
        let end = match row.status {
            ExecutionStatus::Completed => "completed",
            ExecutionStatus::Failed => "failed",
            ExecutionStatus::Cancelled => "cancelled",
            ExecutionStatus::Pending | ExecutionStatus::Running => return,
        };
        let data = row
            .error_message
            .as_ref()
            .map_or(json!({}), |error| json!({ "error": error }));
        add(row.completed_at.unwrap_or(started), end, data);
    }
}
