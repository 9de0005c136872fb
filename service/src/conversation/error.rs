//! What conversations refuse.

use entity::id::{MessageId, ThreadId};

use crate::error::{Kind, Refusal, refusals};

refusals! {
    /// What conversations refuse.
    pub enum Error {
        /// No such thread, or not the caller's.
        ThreadNotFound(ThreadId) => NotFound, "thread.not_found",
            "there is no thread {0}",
            "Check the id. A thread of somebody else answers the same.";
        /// No such message in the thread.
        MessageNotFound(MessageId) => NotFound, "message.not_found",
            "there is no message {0} in this thread",
            "Check the id, and that the message belongs to the thread of the path.";
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
