//! The table of kinds: every job that Chancery does.

use super::Kinds;
use crate::{analytics, integration, nft, upkeep, upload, video};

/// Every kind of job, and what is done on schedule.
pub fn ours() -> Kinds {
    Kinds::default()
        .every("*/10 * * * *", upkeep::Sweep)
        .every("* * * * *", analytics::Reconcile)
        .with(analytics::Rebuild)
        // It lists the whole store.
        .every("15 * * * *", upload::Sweep)
        .every("*/5 * * * *", integration::Renew)
        .with(nft::Verify)
        .every("*/10 * * * *", nft::Recheck)
        .with(video::Generate)
        .every("* * * * *", video::Expire)
}
