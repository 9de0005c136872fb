//! What can be set about webhooks.

use std::time::Duration;

use crate::configuration::{Bounds, Setting};

const fn hours(hours: u64) -> Duration {
    Duration::from_secs(hours * 3_600)
}

/// When a delivery is tried.
pub const SCHEDULE: Setting<Vec<Duration>> = Setting {
    key: "webhooks.schedule",
    description: "How long each try of a delivery waits after the one before, the first included, in \
                  seconds; a fifth more or less, by chance. After the last the delivery has failed",
    default: || {
        let first = [0, 5, 5 * 60, 30 * 60].map(Duration::from_secs);
        let then = [2, 5, 10, 14, 20, 24].map(hours);
        [&first[..], &then].concat()
    },
    bounds: Bounds::of(1, 30),
    sensitive: false,
    live: true,
};

/// The longest that a receiver can ask us to wait.
pub const LONGEST_RETRY_AFTER: Setting<Duration> = Setting {
    key: "webhooks.longest_retry_after",
    description: "The longest that a receiver's Retry-After is obeyed, in seconds",
    default: || hours(24),
    bounds: Bounds::of(0, 7 * 86_400),
    sensitive: false,
    live: true,
};

/// After how long of nothing but failures an endpoint is told no more.
pub const DISABLE_AFTER: Setting<Duration> = Setting {
    key: "webhooks.disable_after",
    description: "After how long of nothing but failures an endpoint is disabled, in seconds",
    default: || hours(5 * 24),
    bounds: Bounds::of(60, 90 * 86_400),
    sensitive: false,
    live: true,
};

/// How long the secret before the present one signs, too.
pub const ROTATION: Setting<Duration> = Setting {
    key: "webhooks.rotation",
    description: "How long the old secret of an endpoint, or of a source, counts beside the new one, \
                  in seconds",
    default: || hours(24),
    bounds: Bounds::of(0, 30 * 86_400),
    sensitive: false,
    live: true,
};

/// How many endpoints a person has.
pub const MOST_ENDPOINTS: Setting<i64> = Setting {
    key: "webhooks.max_endpoints_per_user",
    description: "How many endpoints a person may have, and the house",
    default: || 20,
    bounds: Bounds::of(1, 1_000),
    sensitive: false,
    live: true,
};

/// How many calls are under way at once.
pub const CONCURRENCY: Setting<i64> = Setting {
    key: "webhooks.concurrency",
    description: "How many deliveries a process has under way at once; at most half of them to \
                  endpoints that failed last",
    default: || 64,
    bounds: Bounds::of(2, 1_000),
    sensitive: false,
    live: true,
};

/// How many calls to one endpoint are under way at once.
pub const ENDPOINT_CONCURRENCY: Setting<i64> = Setting {
    key: "webhooks.endpoint_concurrency",
    description: "How many deliveries to one endpoint a process has under way at once; to one that \
                  failed last, a single one",
    default: || 8,
    bounds: Bounds::of(1, 1_000),
    sensitive: false,
    live: true,
};

/// How far the clock of a source may be off.
pub const TOLERANCE: Setting<Duration> = Setting {
    key: "webhooks.tolerance",
    description: "How far the time that a source signs may be from ours, in seconds",
    default: || Duration::from_mins(5),
    bounds: Bounds::of(1, 3_600),
    sensitive: false,
    live: true,
};
