//! The buckets of sums that are kept by quarter of an hour, hour, day and month.

use entity::analytics::run_rollup::RollupGrain;

use super::sums::month_around;
use super::{DAY, HOUR, QUARTER};

/// All of them, the finest first.
pub(super) const GRAINS: [RollupGrain; 4] = [
    RollupGrain::Quarter,
    RollupGrain::Hour,
    RollupGrain::Day,
    RollupGrain::Month,
];

/// Where the bucket begins that a moment falls into (in seconds since 1970).
pub(super) fn begin(grain: RollupGrain, moment: i64) -> i64 {
    let whole = |seconds| moment - moment.rem_euclid(seconds);
    match grain {
        RollupGrain::Quarter => whole(QUARTER),
        RollupGrain::Hour => whole(HOUR),
        RollupGrain::Day => whole(DAY),
        RollupGrain::Month => month_around(moment).0,
    }
}
