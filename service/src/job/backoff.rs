//! How long a job rests after a try that failed.

use std::time::Duration;

use crate::chance::{Chance, bytes};

/// The pause after try number `attempt`: `base`, doubled with each try up to `cap`, give or take a
/// fifth, so that what failed together does not come back together.
pub(super) fn pause(chance: &dyn Chance, base: Duration, cap: Duration, attempt: i32) -> Duration {
    let doublings = u32::try_from(attempt.saturating_sub(1))
        .unwrap_or(0)
        .min(30);
    let pause = base.saturating_mul(1 << doublings).min(cap);
    let thrown = f64::from(u32::from_be_bytes(bytes(chance))) / f64::from(u32::MAX);
    pause.mul_f64(0.8 + 0.4 * thrown)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chance::SystemChance;

    #[test]
    fn the_pause_doubles_up_to_its_cap_give_or_take_a_fifth() {
        let (base, cap) = (Duration::from_secs(5), Duration::from_hours(1));
        for (attempt, middle) in [
            (0, 5),
            (1, 5),
            (2, 10),
            (3, 20),
            (9, 1_280),
            (10, 2_560),
            (11, 3_600),
            (i32::MAX, 3_600),
        ] {
            let pauses: Vec<_> = (0..50)
                .map(|_| pause(&SystemChance, base, cap, attempt))
                .collect();
            let middle = Duration::from_secs(middle);
            for pause in &pauses {
                let usual = middle.mul_f64(0.8)..=middle.mul_f64(1.2);
                assert!(usual.contains(pause), "{attempt}: {pause:?}");
            }
            assert!(pauses.iter().any(|pause| pause != &pauses[0]), "{attempt}");
        }
    }
}
