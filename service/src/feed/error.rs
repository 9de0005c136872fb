//! What feeds refuse.

use crate::error::{Kind, Refusal, refusals};

refusals! {
    /// What feeds refuse.
    pub enum Error {
        /// More changed than is told one by one.
        Behind => Unavailable, "feed.behind",
            "too much changed meanwhile to be told one by one",
            "Read what you show again, and subscribe anew.";
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
