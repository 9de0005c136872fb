//! The machine's clock, which a test may set forward or stop.

use std::sync::Mutex;

use chrono::{DateTime, TimeDelta, Utc};
use service::clock::{Clock, SystemClock};

/// The machine's clock, set forward by what tests let pass.
#[derive(Debug, Default)]
pub struct TestClock(Mutex<Hands>);

#[derive(Debug, Default)]
struct Hands {
    ahead: TimeDelta,
    stopped: Option<DateTime<Utc>>,
}

impl TestClock {
    /// Let `step` pass at once.
    pub fn advance(&self, step: TimeDelta) {
        self.0.lock().unwrap().ahead += step;
    }

    /// Stand still at `now`; only [`advance`](Self::advance) moves it from there.
    pub fn stop_at(&self, now: DateTime<Utc>) {
        *self.0.lock().unwrap() = Hands {
            ahead: TimeDelta::zero(),
            stopped: Some(now),
        };
    }
}

impl Clock for TestClock {
    fn now(&self) -> DateTime<Utc> {
        let hands = self.0.lock().unwrap();
        hands.stopped.unwrap_or_else(|| SystemClock.now()) + hands.ahead
    }
}
