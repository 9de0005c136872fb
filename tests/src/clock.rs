//! The machine's clock, which a test may set forward.

use std::sync::Mutex;

use chrono::{DateTime, TimeDelta, Utc};
use service::clock::{Clock, SystemClock};

/// The machine's clock, set forward by what tests let pass.
#[derive(Debug, Default)]
pub struct TestClock(Mutex<TimeDelta>);

impl TestClock {
    /// Let `step` pass at once.
    pub fn advance(&self, step: TimeDelta) {
        *self.0.lock().unwrap() += step;
    }
}

impl Clock for TestClock {
    fn now(&self) -> DateTime<Utc> {
        SystemClock.now() + *self.0.lock().unwrap()
    }
}
