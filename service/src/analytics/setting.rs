//! What can be set of analytics.

use crate::configuration::{Bounds, Setting};

/// Up to how many durations a chart's percentiles are exact.
pub const EXACT: Setting<i64> = Setting {
    key: "analytics.exact_durations",
    description: "Up to how many stage durations a chart of everybody's takes its percentiles from the rows, \
                  exactly. Above, they come from histograms, within the error that the answer states.",
    default: || 20_000,
    bounds: Bounds::of(0, 10_000_000),
    sensitive: false,
    live: true,
};
