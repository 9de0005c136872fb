//! What notifications refuse.

use entity::id::NotificationId;

use crate::error::{Kind, Refusal, refusals};

refusals! {
    /// What notifications refuse.
    pub enum Error {
        /// No such notification, or not the caller's.
        NotFound(NotificationId) => NotFound, "notification.not_found",
            "there is no notification {0}",
            "Check the id. A notification of somebody else answers the same, and an old one is removed after `notifications.retention`.";
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
