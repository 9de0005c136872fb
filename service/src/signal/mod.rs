//! "Something changed": small pokes after a commit, to this process and to its replicas.
//!
//! A signal is a hint, never the news itself: it may come twice, or not at all when a replica was
//! cut off, so whoever listens also looks by itself from time to time. Within the process it
//! travels by a channel; to the replicas by NOTIFY, in the transaction that it speaks of.

mod postgres;

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tokio::sync::broadcast;
use uuid::Uuid;

use crate::ctx::Services;
use crate::db::Engine;
use crate::error::Result;
use crate::write::Write;

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
    /// A thread was written to.
    ThreadWritten(entity::id::ThreadId),
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

/// Hear the replicas until the process stops.
pub async fn relay(services: Arc<Services>) {
    if services.db.engine() == Engine::Postgres {
        postgres::relay(services).await;
    }
}
