//! What is refused of jobs.

use entity::id::JobId;
use entity::platform::job::JobState;

use crate::error::{Kind, Refusal, refusals};

refusals! {
    /// What is refused of jobs.
    pub enum Error {
        /// No such job.
        NotFound(JobId) => NotFound, "job.not_found",
            "there is no job {0}",
            "Check the id. Jobs that have ended go after a while.";
        /// The job does not stand where the move begins.
        InvalidTransition { state: JobState, wanted: &'static str }
            => Conflict, "job.invalid_transition",
            "a job that is {state:?} cannot {wanted}",
            "Read the job: dead and cancelled ones are tried again, queued and running ones cancelled.";
        /// Another job does the same.
        AlreadyOpen { id: JobId } => Conflict, "job.already_open",
            "job {id} does the same and is under way",
            "Wait for the other job, or cancel it first.";
        /// The hold on the job is over.
        HoldOver => Conflict, "job.hold_over",
            "the job is not, or no longer, held",
            "Nothing to do: another worker does it, or it was called off.";
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
