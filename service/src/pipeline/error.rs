//! What the pipeline refuses.

use entity::id::{OpportunityCardId, RunId};
use entity::pipeline::run::RunStatus;

use crate::error::{Kind, Refusal, refusals};

refusals! {
    /// What the pipeline refuses.
    pub enum Error {
        /// No such run, or not the caller's.
        RunNotFound(RunId) => NotFound, "run.not_found",
            "there is no run {0}",
            "Check the id. A run of somebody else answers the same.";
        /// No such card, or not the caller's.
        CardNotFound(OpportunityCardId) => NotFound, "card.not_found",
            "there is no card {0}",
            "Check the id. A card of somebody else answers the same.";
        /// The run does not stand where the move begins.
        InvalidTransition { status: RunStatus, wanted: &'static str }
            => Conflict, "run.invalid_transition",
            "a run that is {status:?} cannot {wanted}",
            "Read the run: PENDING is claimed, RUNNING is worked on, FAILED is retried.";
        /// The token is not that of the claim in force.
        StaleLease => Conflict, "run.stale_lease",
            "the claim is not, or no longer, yours",
            "Drop the work and claim another run: this one belongs to another worker now.";
        /// A stage came before its turn.
        OutOfOrder { stage: i32, expected: i32 } => Conflict, "run.stage_out_of_order",
            "stage {stage} came, stage {expected} is next",
            "Hand the stages in one after the other.";
        /// A stage came again with other content.
        Contradiction { stage: i32 } => Conflict, "run.stage_conflict",
            "stage {stage} is in, with other content",
            "A stage is handed in once; the same content again is no error.";
        /// There is no such stage.
        NoSuchStage => NotFound, "run.no_such_stage",
            "a run has the stages 1 to 5",
            "Check the number in the path.";
    }
}

impl Refusal for Error {
    fn kind(&self) -> Kind {
        self.entry().1
    }

    fn code(&self) -> &'static str {
        self.entry().0
    }
}
