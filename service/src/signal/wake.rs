//! Waiting for one thing to move, as a stream does that tells somebody of it.

use std::time::Duration;

use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

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

/// Wait until it is time to look at what `awaited` tells of, and at who looks.
pub(crate) async fn wake(signals: &mut Receiver<Signal>, awaited: &Signal) -> Woken {
    let quiet = tokio::time::sleep(LOOK);
    tokio::pin!(quiet);
    loop {
        let heard = tokio::select! {
            () = &mut quiet => return Woken::Caller,
            heard = signals.recv() => heard,
        };
        match heard {
            Ok(signal) if signal == *awaited => return Woken::Moved,
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
