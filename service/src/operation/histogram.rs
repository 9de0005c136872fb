//! How long things took, in 256 buckets on a logarithmic scale: eight to each doubling.
//!
//! A time is told as the middle of its bucket, so at most 6.25 % off; from 1 µs to 4.7 hours.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

const BUCKETS: usize = 256;
/// Each doubling has 2 to the power of this many buckets.
const BITS: u32 = 3;

#[derive(Debug)]
pub(super) struct Histogram([AtomicU32; BUCKETS]);

impl Default for Histogram {
    fn default() -> Self {
        Self([const { AtomicU32::new(0) }; BUCKETS])
    }
}

impl Histogram {
    pub(super) fn add(&self, took: Duration) {
        self.0[bucket(took)].fetch_add(1, Ordering::Relaxed);
    }

    /// The times that 50, 95 and 99 in a hundred were within.
    pub(super) fn percentiles(&self) -> [Duration; 3] {
        let counts = self.0.each_ref().map(|one| one.load(Ordering::Relaxed));
        let all: u64 = counts.iter().copied().map(u64::from).sum();
        [50, 95, 99].map(|percent| {
            let rank = (all * percent).div_ceil(100).max(1);
            let mut seen = 0;
            let found = counts.iter().position(|count| {
                seen += u64::from(*count);
                seen >= rank
            });
            found.map_or(Duration::ZERO, middle)
        })
    }
}

fn bucket(took: Duration) -> usize {
    let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
    let octave = micros.checked_ilog2().unwrap_or(0);
    if octave < BITS {
        return usize::try_from(micros).unwrap_or(0);
    }
    let part = (micros >> (octave - BITS)) & ((1 << BITS) - 1);
    let at = (u64::from(octave - BITS + 1) << BITS) + part;
    usize::try_from(at).unwrap_or(BUCKETS).min(BUCKETS - 1)
}

fn middle(bucket: usize) -> Duration {
    let bucket = bucket as u64;
    let octave = bucket >> BITS;
    if octave == 0 {
        return Duration::from_micros(bucket);
    }
    let width = 1 << (octave - 1);
    let from = ((1 << BITS) + (bucket & ((1 << BITS) - 1))) * width;
    Duration::from_nanos(from * 1_000 + width * 500)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_told_to_a_sixteenth() {
        for micros in (0..40).flat_map(|power| [1, 3, 5, 7].map(|odd: u64| odd << power)) {
            let took = Duration::from_micros(micros);
            let told = middle(bucket(took)).as_secs_f64();
            let off = (told - took.as_secs_f64()).abs() / took.as_secs_f64();
            let bound = if micros < 8 { 0.0 } else { 0.0625 };
            assert!(off <= bound + 1e-9 || micros >= 1 << 34, "{micros}: {told}");
        }
    }

    #[test]
    fn the_slow_ones_are_among_the_last_hundredths() {
        let histogram = Histogram::default();
        assert_eq!(histogram.percentiles(), [Duration::ZERO; 3]);
        for (times, millis) in [(90, 1), (8, 100), (2, 1_000)] {
            (0..times).for_each(|_| histogram.add(Duration::from_millis(millis)));
        }
        let told = histogram.percentiles().map(|one| one.as_secs_f64());
        for (told, expected) in told.into_iter().zip([0.001, 0.1, 1.0]) {
            assert!((told / expected - 1.0).abs() < 0.0625, "{told}");
        }
    }
}
