//! How many files are received, and how many pictures decoded, at once: each takes memory.

use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};

use super::error::Error;

/// How many files are received at once: each has up to a chunk in memory.
const RECEIVED: usize = 48;
/// How many pictures are decoded at once.
const DECODED: usize = 2;
/// How many files are whole in memory at once.
const HELD: usize = 8;
/// How long one waits for a turn.
const PATIENCE: Duration = Duration::from_secs(15);

/// Whose turn it is.
#[derive(Debug)]
pub struct Turns {
    receive: Semaphore,
    decode: Semaphore,
    hold: Semaphore,
}

impl Default for Turns {
    fn default() -> Self {
        Self {
            receive: Semaphore::new(RECEIVED),
            decode: Semaphore::new(DECODED),
            hold: Semaphore::new(HELD),
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

    /// A turn to hold a whole file in memory, for who must know all of it before anything is done.
    pub async fn hold(&self) -> Result<SemaphorePermit<'_>, Error> {
        turn(&self.hold).await
    }
}

async fn turn(semaphore: &Semaphore) -> Result<SemaphorePermit<'_>, Error> {
    let turn = tokio::time::timeout(PATIENCE, semaphore.acquire()).await;
    turn.ok().and_then(Result::ok).ok_or(Error::Busy)
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn so_many_files_are_whole_in_memory_and_no_more() {
        let turns = Turns::default();
        let mut held = Vec::new();
        for _ in 0..HELD {
            held.push(turns.hold().await.unwrap());
        }
        let mut next = Box::pin(turns.hold());
        assert!(next.as_mut().now_or_never().is_none());
        held.pop();
        drop(next.await.unwrap());
    }
}
