//! How long to wait before trying again.

use std::time::Duration;

/// The wait before retry `retry` (the first is 1): `base` doubled each time, at most `cap`.
pub fn delay(base: Duration, cap: Duration, retry: u32) -> Duration {
    let factor = 1_u32
        .checked_shl(retry.saturating_sub(1))
        .unwrap_or(u32::MAX);
    base.checked_mul(factor).unwrap_or(cap).min(cap)
}

/// `wait`, shortened by up to a quarter; `chance` is in 0..1.
pub fn jittered(wait: Duration, chance: f64) -> Duration {
    wait.mul_f64(1.0 - chance.clamp(0.0, 1.0) / 4.0)
}
