//! How many files are received, and how many pictures decoded, at once: each takes memory.

use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};

use super::error::Error;

/// How many files are received at once: each has up to a chunk in memory.
const RECEIVED: usize = 48;
/// How many pictures are decoded at once.
const DECODED: usize = 2;
/// How long one waits for a turn.
const PATIENCE: Duration = Duration::from_secs(15);

/// Whose turn it is.
#[derive(Debug)]
pub struct Turns {
    receive: Semaphore,
    decode: Semaphore,
}

impl Default for Turns {
    fn default() -> Self {
        Self {
            receive: Semaphore::new(RECEIVED),
            decode: Semaphore::new(DECODED),
        }
    }
}

impl Turns {
    /// A turn to receive a file.
    pub(super) async fn receive(&self) -> Result<SemaphorePermit<'_>, Error> {
        turn(&self.receive).await
    }

    /// A turn to decode a picture.
    pub(super) async fn decode(&self) -> Result<SemaphorePermit<'_>, Error> {
        turn(&self.decode).await
    }
}

async fn turn(semaphore: &Semaphore) -> Result<SemaphorePermit<'_>, Error> {
    let turn = tokio::time::timeout(PATIENCE, semaphore.acquire()).await;
    turn.ok().and_then(Result::ok).ok_or(Error::Busy)
}
