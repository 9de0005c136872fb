//! What can be set of notifications.

use std::time::Duration;

use crate::configuration::{Bounds, Setting};

/// How long notifications are kept.
pub const RETENTION: Setting<Duration> = Setting {
    key: "notifications.retention",
    description: "How long notifications are kept, read or not, in seconds",
    default: || Duration::from_hours(365 * 24),
    bounds: Bounds::of(3_600, 10 * 365 * 86_400),
    sensitive: false,
    live: true,
};
