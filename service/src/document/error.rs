//! What trusted documents refuse.

use crate::error::{Kind, Refusal, refusals};

refusals! {
    /// What trusted documents refuse.
    pub enum Error {
        /// No document has this hash.
        NotFound => NotFound, "document.not_found",
            "there is no trusted document of this hash",
            "The hash is the SHA-256 of the document's text, in lower-case hex.";
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
