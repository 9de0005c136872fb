//! Feeds: rows as they change, read anew for whoever listens.
//!
//! A signal only says that a row changed. It is read again under the listener's own scope, so a row
//! of somebody else never appears, and a row that is gone simply does not come. Signals that come
//! while a read is under way are taken together: a listener who is slow gets fewer and newer rows,
//! and costs no memory. Where signals were missed, what changed since is looked up; is that more than
//! a page, the feed ends with a refusal, and the listener begins anew.
//!
//! A row may come twice, and not every version of it comes.

mod error;
mod kind;
mod store;

use std::collections::BTreeSet;

use chrono::TimeDelta;
use futures::Stream;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use uuid::Uuid;

pub use error::Error;
pub use kind::Followed;

use crate::ctx::Ctx;
use crate::error::Result;
use crate::signal::Signal;

/// The most rows that are read at once.
const MOST: u64 = 100;
/// How much earlier than the last look a change may have been written that was not seen then: as
/// long as a write may take.
const MARGIN: TimeDelta = TimeDelta::seconds(30);

/// What was heard since the last look.
#[derive(Debug, Default, PartialEq, Eq)]
struct Heard {
    ids: BTreeSet<Uuid>,
    missed: bool,
}

/// The rows of a table in the caller's sight as they change from now on; of one row where `only`
/// names it.
pub fn follow<E: Followed>(
    ctx: Ctx,
    only: Option<Uuid>,
) -> Result<impl Stream<Item = Result<E::Model>> + Send> {
    let scope = ctx.actor.reads()?;
    let mut signals = ctx.services.signals.listen();
    let mut since = ctx.now();
    Ok(async_stream::try_stream! {
        while let Some(mut heard) = hear::<E>(&mut signals).await {
            if let Some(only) = only {
                // One row is looked at again rather than looked for.
                if heard.missed || heard.ids.contains(&only) {
                    heard = Heard { ids: BTreeSet::from([only]), missed: false };
                } else {
                    continue;
                }
            }
            let looked = ctx.now();
            if heard.missed {
                let rows = store::since::<E>(&ctx.read()?, scope, since - MARGIN, MOST + 1).await?;
                if rows.len() as u64 > MOST {
                    Err(Error::Behind)?;
                }
                for row in rows {
                    yield row;
                }
            } else {
                let ids: Vec<Uuid> = heard.ids.into_iter().collect();
                for some in ids.chunks(usize::try_from(MOST).unwrap_or(usize::MAX)) {
                    for row in store::rows::<E>(&ctx.read()?, scope, some).await? {
                        yield row;
                    }
                }
            }
            since = looked;
        }
    })
}

/// Wait for a signal about the table, and take what else there is; nothing when there will be none.
async fn hear<E: Followed>(signals: &mut Receiver<Signal>) -> Option<Heard> {
    let mut heard = Heard::default();
    while heard == Heard::default() {
        match signals.recv().await {
            Ok(signal) => heard.note::<E>(&signal),
            Err(RecvError::Lagged(_)) => heard.missed = true,
            Err(RecvError::Closed) => return None,
        }
    }
    loop {
        match signals.try_recv() {
            Ok(signal) => heard.note::<E>(&signal),
            Err(TryRecvError::Lagged(_)) => heard.missed = true,
            Err(TryRecvError::Empty | TryRecvError::Closed) => return Some(heard),
        }
    }
}

impl Heard {
    fn note<E: Followed>(&mut self, signal: &Signal) {
        match signal {
            Signal::Missed => self.missed = true,
            signal => self.ids.extend(E::id(signal)),
        }
    }
}

#[cfg(test)]
mod tests {
    use entity::id::{JobId, RunId};
    use entity::pipeline::run;
    use tokio::sync::broadcast;

    use super::*;

    #[tokio::test]
    async fn what_is_heard_meanwhile_is_taken_together() {
        let (sender, mut signals) = broadcast::channel(4);
        let id = Uuid::from_u128;
        for number in [1, 2, 1] {
            sender.send(Signal::RunMoved(RunId(id(number)))).unwrap();
        }
        sender.send(Signal::JobMoved(JobId(id(9)))).unwrap();
        let heard = hear::<run::Entity>(&mut signals).await.unwrap();
        let ids = BTreeSet::from([id(1), id(2)]);
        assert_eq!(heard, Heard { ids, missed: false });

        for number in 0..10 {
            sender.send(Signal::RunMoved(RunId(id(number)))).unwrap();
        }
        assert!(hear::<run::Entity>(&mut signals).await.unwrap().missed);
        sender.send(Signal::Missed).unwrap();
        assert!(hear::<run::Entity>(&mut signals).await.unwrap().missed);
        drop(sender);
        assert_eq!(hear::<run::Entity>(&mut signals).await, None);
    }
}
