//! What the agent domain refuses.

use entity::agent::execution::ExecutionStatus;
use entity::id::{AgentTemplateId, ExecutionId, UserAgentId, WorkflowId};

use crate::error::{FieldError, Kind, Refusal, refusals};

refusals! {
    /// What the agent domain refuses.
    pub enum Error {
        /// No such template.
        TemplateNotFound(AgentTemplateId) => NotFound, "agent_template.not_found",
            "there is no template {0}",
            "Check the id. One that is no longer offered answers the same.";
        /// No such agent, or not the caller's.
        AgentNotFound(UserAgentId) => NotFound, "agent.not_found",
            "there is no agent {0}",
            "Check the id. An agent of somebody else answers the same.";
        /// The person has as many agents as they may.
        LimitExceeded { limit: i64 } => Conflict, "agent.limit_exceeded",
            "you have as many agents as you may: {limit}",
            "Delete an agent, or ask an admin to raise `features.max_agents_per_user`. Alias: `AGENT_LIMIT_EXCEEDED`.";
        /// The agent needs accounts that are not connected.
        IntegrationRequired { missing: Names } => Conflict, "agent.integration_required",
            "connect first: {missing}",
            "Connect each provider that `errors` names at /api/v1/integrations. Alias: `INTEGRATION_REQUIRED`.";
        /// The agent is switched off.
        AgentInactive => Conflict, "agent.inactive",
            "the agent is not active",
            "Set `is_active` of the agent, then execute it.";
        /// No such workflow, or not the caller's.
        WorkflowNotFound(WorkflowId) => NotFound, "workflow.not_found",
            "there is no workflow {0}",
            "Check the id. A workflow of somebody else answers the same.";
        /// The workflow is switched off.
        WorkflowInactive => Conflict, "workflow.inactive",
            "the workflow is not active",
            "Set `is_active` of the workflow, then execute it.";
        /// No such execution, or not the caller's.
        ExecutionNotFound(ExecutionId) => NotFound, "execution.not_found",
            "there is no execution {0}",
            "Check the id. An execution of somebody else answers the same.";
        /// The execution does not stand where the move begins.
        InvalidTransition { status: ExecutionStatus, wanted: &'static str }
            => Conflict, "execution.invalid_transition",
            "an execution that is {status:?} cannot {wanted}",
            "Read the execution: pending is claimed, running is worked on, both can be cancelled.";
        /// The token is not that of the claim in force.
        StaleLease => Conflict, "execution.stale_lease",
            "the claim is not, or no longer, yours",
            "Drop the work and claim another: this one was cancelled, or belongs to another worker now.";
        /// It was completed before, with another output.
        Contradiction => Conflict, "execution.output_conflict",
            "the execution is completed, with another output",
            "An execution is completed once; the same output again is no error.";
        /// The execution has as many events as it may.
        TooManyEvents { most: i64 } => Conflict, "execution.too_many_events",
            "an execution has at most {most} events",
            "Tell less, or tell several things in one event.";
    }
}

/// Several names, as a sentence has them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names(pub Vec<String>);

impl std::fmt::Display for Names {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0.join(", "))
    }
}

impl Refusal for Error {
    fn kind(&self) -> Kind {
        self.entry().1
    }

    fn code(&self) -> &'static str {
        self.entry().0
    }

    fn fields(&self) -> Vec<FieldError> {
        match self {
            Self::IntegrationRequired { missing } => {
                let field = |name: &String| FieldError::new("/required_integrations", name.clone());
                missing.0.iter().map(field).collect()
            }
            _ => Vec::new(),
        }
    }
}
