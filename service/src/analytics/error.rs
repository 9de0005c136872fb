//! What analytics refuse.

use crate::error::{Kind, Refusal, refusals};

refusals! {
    /// What analytics refuse.
    pub enum Error {
        /// The answer would be too large to be held.
        TooMuch(u64) => Invalid, "analytics.too_much",
            "the question touches more than {0} groups",
            "Narrow the range, take a longer bucket, or group by fewer dimensions.";
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
