//! The table of kinds: every job that Chancery does.

use super::Kinds;
use crate::{analytics, upkeep, upload};

/// Every kind of job, and what is done on schedule.
pub fn ours() -> Kinds {
    Kinds::default()
        .every("*/10 * * * *", upkeep::Sweep)
        .every("* * * * *", analytics::Reconcile)
        // It lists the whole store.
        .every("15 * * * *", upload::Sweep)
}
