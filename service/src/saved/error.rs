//! What is refused of saved views and reports.

use entity::id::{SavedReportId, SavedViewId};

use crate::error::{Kind, Refusal, refusals};

refusals! {
    /// What is refused of saved views and reports.
    pub enum Error {
        /// No such view, or not in the caller's sight.
        ViewNotFound(SavedViewId) => NotFound, "saved_view.not_found",
            "there is no saved view {0}",
            "Check the id. A view of somebody else that is not shared answers the same.";
        /// No such report, or not in the caller's sight.
        ReportNotFound(SavedReportId) => NotFound, "saved_report.not_found",
            "there is no saved report {0}",
            "Check the id. A report of somebody else that is not shared answers the same.";
        /// It is shared to be read.
        NotYours => Denied, "saved.not_yours",
            "this is shared by somebody else",
            "Save a copy of your own, or ask its owner or an admin to change it.";
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
