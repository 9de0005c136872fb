//! Waiting for one thing to move, as a stream does that tells somebody of it.

use std::time::Duration;

use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Instant, Interval, MissedTickBehavior};

use super::Signal;

/// How often who waits looks by itself: a signal may be lost, and another process may not hear ours.
const LOOK: Duration = Duration::from_secs(10);

/// Why it is time to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Woken {
    /// What was waited for moved.
    Moved,
    /// A caller may be another than before; or it was quiet for a while.
    Caller,
    /// There will be no signal any more.
    Never,
}

/// Waits for one thing to move, as often as its stream wants.
#[derive(Debug)]
pub(crate) struct Watch {
    signals: Receiver<Signal>,
    awaited: Signal,
    /// When who waits looks at who they are: however much moves meanwhile, a key runs out in silence.
    look: Interval,
}

impl Watch {
    /// A watch for `awaited` from now on.
    pub(crate) fn new(signals: Receiver<Signal>, awaited: Signal) -> Self {
        let mut look = tokio::time::interval_at(Instant::now() + LOOK, LOOK);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self {
            signals,
            awaited,
            look,
        }
    }

    /// Wait until it is time to look at what is awaited, or at who looks.
    pub(crate) async fn wake(&mut self) -> Woken {
        loop {
            let heard = tokio::select! {
                // First: what moves all the time would never let it have its turn.
                biased;
                _ = self.look.tick() => return Woken::Caller,
                heard = self.signals.recv() => heard,
            };
            match heard {
                Ok(signal) if signal == self.awaited => return Woken::Moved,
                Ok(
                    Signal::SessionRevoked(_)
                    | Signal::KeyRevoked(_)
                    | Signal::UserChanged(_)
                    | Signal::Missed,
                )
                | Err(RecvError::Lagged(_)) => return Woken::Caller,
                Ok(_) => {}
                Err(RecvError::Closed) => return Woken::Never,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use entity::id::ThreadId;
    use tokio::sync::broadcast;
    use uuid::Uuid;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn who_looks_is_looked_at_however_much_moves() {
        let (sender, signals) = broadcast::channel(4);
        let moved = Signal::ThreadWritten(ThreadId(Uuid::nil()));
        let mut watch = Watch::new(signals, moved.clone());
        let mut woken = Vec::new();
        for _ in 0..5 {
            sender.send(moved.clone()).unwrap();
            woken.push(watch.wake().await);
            tokio::time::advance(LOOK * 2 / 5).await;
        }
        let looks = woken.iter().filter(|woken| **woken == Woken::Caller);
        assert_eq!(looks.count(), 1, "{woken:?}");
    }
}
