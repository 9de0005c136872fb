//! "Something changed": small pokes after a commit, to this process and to its replicas.
//!
//! A signal is a hint, never the news itself: it may come twice, or not at all when a replica was
//! cut off, so whoever listens also looks by itself from time to time. Within the process it
//! travels by a channel; to the replicas by NOTIFY, in the transaction that it speaks of.

mod postgres;
mod wake;

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;
use uuid::Uuid;

use crate::ctx::Services;
use crate::db::Engine;
use crate::error::Result;
use crate::write::Write;

pub(crate) use self::wake::{Watch, Woken};

/// What changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "what", content = "id")]
pub enum Signal {
    /// A session ended before its time.
    SessionRevoked(entity::id::SessionId),
    /// A key was revoked.
    KeyRevoked(entity::id::ApiKeyId),
    /// A person's role or status changed, or the person is gone.
    UserChanged(entity::id::UserId),
    /// A run moved.
    RunMoved(entity::id::RunId),
    /// An execution moved.
    ExecutionMoved(entity::id::ExecutionId),
    /// A thread was written to.
    ThreadWritten(entity::id::ThreadId),
    /// A person was notified of something.
    Notified(entity::id::UserId),
    /// A job moved.
    JobMoved(entity::id::JobId),
    /// Jobs wait that no worker may know of.
    JobsWaiting,
    /// A delivery of a webhook moved.
    DeliveryMoved(entity::id::WebhookDeliveryId),
    /// Deliveries of webhooks are due, too many to name.
    DeliveriesQueued,
    /// A source told something.
    InboundArrived(entity::id::InboundEventId),
    /// A setting has another value.
    SettingChanged(entity::id::SettingId),
    /// A trusted document came or went.
    DocumentChanged(entity::id::TrustedDocumentId),
    /// Some signals did not arrive: whatever is remembered may be out of date.
    Missed,
}

#[derive(Debug, Serialize, Deserialize)]
struct Envelope {
    from: Uuid,
    signal: Signal,
}

/// Where signals are sent and heard.
#[derive(Debug)]
pub struct Signals {
    origin: Uuid,
    channel: broadcast::Sender<Signal>,
}

impl Signals {
    /// A switchboard for the process that calls itself `origin`.
    pub fn new(origin: Uuid) -> Self {
        Self {
            origin,
            channel: broadcast::Sender::new(1024),
        }
    }

    /// Hear every signal from now on.
    pub fn listen(&self) -> broadcast::Receiver<Signal> {
        self.channel.subscribe()
    }

    /// Tell the replicas, as part of the open write.
    pub(crate) async fn announce(&self, tx: &Write, signals: &[Signal]) -> Result<()> {
        match tx.engine() {
            // An embedded file has no replicas.
            Engine::Sqlite => Ok(()),
            Engine::Postgres => postgres::announce(tx, self.origin, signals).await,
        }
    }

    /// Tell this process.
    pub(crate) fn publish(&self, signals: Vec<Signal>) {
        for signal in signals {
            // Nobody listening is no error.
            let _ = self.channel.send(signal);
        }
    }
}

/// Let the process hear its replicas and heed what it hears, until it stops.
pub fn attend(services: &Arc<Services>) {
    services.tasks.spawn(heed(Arc::clone(services)));
    if services.db.engine() == Engine::Postgres {
        services.tasks.spawn(postgres::relay(Arc::clone(services)));
    }
}

/// Forget what is not what it was.
async fn heed(services: Arc<Services>) {
    let mut signals = services.signals.listen();
    loop {
        let heard = tokio::select! {
            () = services.stop.cancelled() => return,
            heard = signals.recv() => heard,
        };
        let signal = match heard {
            Ok(signal) => signal,
            Err(RecvError::Lagged(_)) => Signal::Missed,
            Err(RecvError::Closed) => return,
        };
        services.hear(&signal);
    }
}
