//! Agents: templates, the agents that people make from them, workflows, and the executions of both.
//!
//! Chancery calls no model. An execution is claimed by an external worker, which renews its claim,
//! tells what happens, and ends it; a claim that runs out is given to another, and whatever the first
//! still says is refused by its stale token. Starting an execution counts it at its agent and template
//! in the same transaction.
//!
//! Not here: the accounts that agents need at other services. Those are [`crate::integration`].

mod error;
mod execution;
mod policy;
mod setting;
mod template;
mod user_agent;
mod workflow;

pub use error::Error;
pub use execution::{
    Claimed, EVENTS_AT_ONCE, ExecutionFilter, NewEvent, Subject, after, cancel, claim, complete,
    events, execution, executions, fail, follow, heartbeat, record, start,
};
pub use setting::{
    DEFAULT_MAX_STEPS, DEFAULT_MODEL, DEFAULT_TEMPERATURE, EXECUTION_LEASE, MAX_AGENTS_PER_USER,
};
pub(crate) use template::written as template_written;
pub use template::{
    NewTemplate, TemplateChange, TemplateFilter, create_template, delete_template, tag, template,
    templates, update_template,
};
pub use user_agent::{
    AgentChange, AgentDetail, AgentFilter, NewAgent, agent, agents, create, delete, update,
};
pub(crate) use user_agent::{
    needs as agent_needs, put_back as agent_put_back, written as agent_written,
};
pub(crate) use workflow::written as workflow_written;
pub use workflow::{
    NewWorkflow, WorkflowChange, WorkflowFilter, create_workflow, delete_workflow, update_workflow,
    workflow, workflows,
};

use crate::check::Check;
use serde_json::Value;

/// The most characters of a name and the other short texts.
const SHORT: usize = 255;
/// The most characters of a text that explains.
const LONG: usize = 10_000;
/// The most bytes of steps, configurations and definitions.
const JSON: usize = 256 * 1024;
/// The most entries of a list of names.
const LIST: usize = 50;

/// `json`, where it is given, must be an object of at most [`JSON`] bytes.
fn check_object(check: &mut Check, pointer: &str, json: Option<&Value>) {
    let Some(json) = json else { return };
    if !json.is_object() {
        check.wrong(pointer, "must be an object");
    }
    check.small_json(pointer, json, JSON);
}

/// `json`, where it is given, must be a list of objects of at most [`JSON`] bytes.
fn check_steps(check: &mut Check, pointer: &str, json: Option<&Value>) {
    let Some(json) = json else { return };
    let good = json
        .as_array()
        .is_some_and(|steps| steps.iter().all(Value::is_object));
    if !good {
        check.wrong(pointer, "must be a list of objects");
    }
    check.small_json(pointer, json, JSON);
}
