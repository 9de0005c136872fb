//! Fresh ids: UUID version 7, counting upward within the process.
//!
//! The first 48 bits are the clock's milliseconds, the next 26 a counter that starts anew at a
//! random value in each millisecond (RFC 9562, section 6.2, method 1), the rest chance. So ids of
//! one process sort in the order in which they were made, even while the clock stands still or
//! steps back.

use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::chance::{Chance, bytes};

const COUNTER_BITS: u32 = 26;

/// The maker of ids.
#[derive(Debug)]
pub struct Ids {
    chance: Arc<dyn Chance>,
    last: Mutex<(u64, u32)>,
}

impl Ids {
    /// A maker that takes its chance from `chance`.
    pub fn new(chance: Arc<dyn Chance>) -> Self {
        Self {
            chance,
            last: Mutex::new((0, 0)),
        }
    }

    /// A fresh id for the moment `now`, above all that were made before.
    pub fn fresh(&self, now: DateTime<Utc>) -> Uuid {
        let random: [u8; 10] = bytes(&*self.chance);
        let seed = u32::from_be_bytes([random[0], random[1], random[2], random[3]]);
        let now = u64::try_from(now.timestamp_millis()).unwrap_or(0);

        let (millis, counter) = {
            let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
            *last = if now > last.0 {
                // The counter's top bit starts at zero, so that a millisecond has room for ids.
                (now, seed >> (33 - COUNTER_BITS))
            } else if last.1 + 1 < 1 << COUNTER_BITS {
                (last.0, last.1 + 1)
            } else {
                (last.0 + 1, 0)
            };
            *last
        };

        let mut tail = random;
        tail[0] = (counter >> 22).to_be_bytes()[3] & 0x0f;
        tail[1] = (counter >> 14).to_be_bytes()[3];
        tail[2] = (counter >> 8).to_be_bytes()[3] & 0x3f;
        tail[3] = counter.to_be_bytes()[3];
        uuid::Builder::from_unix_timestamp_millis(millis, &tail).into_uuid()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chance::SystemChance;

    #[test]
    fn ids_count_upward_whatever_the_clock_does() {
        let ids = Ids::new(Arc::new(SystemChance));
        let mut last = Uuid::nil();
        for step in 0..50_000_i64 {
            let now = DateTime::from_timestamp_millis(1_800_000_000_000 + (step * 7919) % 13 - 6);
            let id = ids.fresh(now.unwrap());
            assert_eq!(id.get_version_num(), 7);
            assert!(id > last, "{id} after {last}");
            last = id;
        }
    }
}
