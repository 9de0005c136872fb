//! What the engine refuses.

use crate::error::{FieldError, Kind, Refusal, refusals};

refusals! {
    /// Refusals of the explore engine.
    pub enum Error {
        /// The caller's role does not read it.
        Hidden { what: String } => Denied, "explore.forbidden",
            "you may not read {what}",
            "Leave the field out, or ask an admin for the role that reads it.";
        /// More rows than one answer may be made of.
        Rows { most: u64 } => Invalid, "explore.too_many_rows",
            "the answer would be made of more than {most} rows",
            "Ask for smaller pages, for fewer levels, or export the rows.";
        /// Rows that only their domain's own verbs write.
        ReadOnly { what: String } => Denied, "explore.read_only",
            "{what} are not written this way",
            "Use the domain's own operation: adminSchema tells what can be written here.";
        /// A write of many rows without a condition.
        Everything => Invalid, "explore.everything",
            "a write of many rows needs a condition",
            "Say which rows are meant in the filter.";
        /// Not as many rows as the caller has counted.
        Count { found: u64, count: u64 } => Precondition, "explore.count_changed",
            "the filter lets {found} rows through, not {count}",
            "Look at the rows again, and send the new count.";
        /// A sum that 64 bits do not hold.
        Overflow => Invalid, "explore.overflow",
            "a sum is larger than 64 bits hold",
            "Filter for fewer rows, or group them.";
        /// An export's link that was not made here, or for somebody else.
        BadLink => Denied, "export.bad_link",
            "this link leads to no export",
            "Make a new link, and follow it as the one who made it.";
        /// An export's link whose time is over.
        LinkOver => Denied, "export.link_over",
            "this link is over",
            "Make a new link: one is good for five minutes, and while its maker is signed in.";
        /// A list that no index serves took too long.
        Unserved => Timeout, "explore.slow",
            "no index serves this question, and there are too many rows to look through",
            "Filter or order by an indexed column: adminSchema marks the others as slow.";
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
        Vec::new()
    }
}
