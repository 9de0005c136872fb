//! What runs beside the statements: the watch over the connection and over the replica's lag.

use std::sync::{Arc, Weak};

use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

use super::connect::ConnectionManager;
use super::replica::Notes;
use super::status::{State, Status};

/// While connected, look after every doubt; while failed, probe until the database is back.
pub(super) async fn primary(
    manager: Weak<ConnectionManager>,
    run: CancellationToken,
    mut status: watch::Receiver<Status>,
) {
    // How many quick probes are left: a connection that was lost may be back in a moment. One that
    // could not be made in the first place has been tried often enough.
    let mut quick = 0;
    let mut last_probe = Instant::now();
    loop {
        let Some(strong) = manager.upgrade() else {
            return;
        };
        let doubt = Arc::clone(&strong.doubt);
        let settings = &strong.settings;
        let most = settings.max_retries;
        let pause = match quick {
            0 => settings.probe_interval,
            left => strong.delay(most - left + 1).min(settings.probe_interval),
        };
        drop(strong);
        let state = status.borrow_and_update().state;
        tokio::select! {
            () = run.cancelled() => return,
            changed = status.changed() => {
                if changed.is_err() {
                    return;
                }
                last_probe = Instant::now();
            }
            () = doubt.notified(), if state == State::Connected => {
                let Some(manager) = manager.upgrade() else { return };
                manager.verify(&run).await;
                quick = if manager.is_connected() { 0 } else { most };
                last_probe = Instant::now();
                status.mark_unchanged();
            }
            () = sleep_until(last_probe + pause), if state == State::Failed => {
                let Some(manager) = manager.upgrade() else { return };
                // From beginning to beginning: an attempt that hangs delays no other.
                last_probe = Instant::now();
                manager.probe_again(&run).await;
                quick = quick.saturating_sub(1);
                status.mark_unchanged();
            }
        }
    }
}

/// Measure the replica's lag, again and again.
pub(super) async fn replica(manager: Weak<ConnectionManager>, run: CancellationToken) {
    let mut notes = Notes::default();
    loop {
        let Some(manager) = manager.upgrade() else {
            return;
        };
        let pause = manager.settings.replica_check_interval;
        let Some(replica) = &manager.replica else {
            return;
        };
        let bound = manager.settings.max_replica_lag;
        let check = replica.check(manager.pool().ok(), &mut notes, bound);
        if run.run_until_cancelled(check).await.is_none() {
            return;
        }
        drop(manager);
        if run.run_until_cancelled(sleep(pause)).await.is_none() {
            return;
        }
    }
}
