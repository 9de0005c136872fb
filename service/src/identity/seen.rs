//! When sessions, keys and people were last seen: written beside the requests, at most once a
//! minute each. What is not written (the database was away, the row was being changed) is made up
//! for a minute later.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use entity::id::{ApiKeyId, SessionId, UserId};
use moka::sync::Cache;
use tracing::warn;

use super::store;
use crate::actor::Actor;
use crate::ctx::{Ctx, Services};
use crate::error::Result;
use crate::operation::{self, Kind, Label};

const PAUSE: TimeDelta = TimeDelta::minutes(1);

/// Who is seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Seen {
    /// A session is used.
    Session(SessionId),
    /// A key is used.
    Key(ApiKeyId),
    /// Somebody signs in.
    Login(UserId),
}

/// Who was seen a moment ago.
#[derive(Debug)]
pub struct Sightings {
    /// Spares the look into the database, which has the last word: replicas see the same people.
    noted: Cache<Seen, DateTime<Utc>>,
    desk: Mutex<Desk>,
}

#[derive(Debug, Default)]
struct Desk {
    waiting: BTreeSet<Seen>,
    /// Whether somebody writes, and will look here again.
    writing: bool,
}

impl Default for Sightings {
    fn default() -> Self {
        Self {
            noted: Cache::new(10_000),
            desk: Mutex::default(),
        }
    }
}

impl Sightings {
    fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self) -> Option<BTreeSet<Seen>> {
        let mut desk = self.desk();
        desk.writing = !desk.waiting.is_empty();
        desk.writing.then(|| std::mem::take(&mut desk.waiting))
    }
}

/// Note that `actor` asks for something.
pub(super) fn note_use(services: &Arc<Services>, actor: &Actor) {
    match actor {
        Actor::User { session, .. } => note(services, Seen::Session(*session)),
        Actor::ApiKey { id, .. } => note(services, Seen::Key(*id)),
        Actor::Anonymous | Actor::System(_) => {}
    }
}

/// Note that `seen` is here, and go on.
pub(super) fn note(services: &Arc<Services>, seen: Seen) {
    let (now, sightings) = (services.clock.now(), &services.sightings);
    let last = sightings.noted.get(&seen);
    if last.is_some_and(|last| now < last + PAUSE) {
        return;
    }
    sightings.noted.insert(seen, now);
    let mut desk = sightings.desk();
    desk.waiting.insert(seen);
    if !desk.writing {
        desk.writing = true;
        services.tasks.spawn(write(Arc::clone(services)));
    }
}

/// One at a time, as many as there are: the busier the process, the more go into one transaction.
async fn write(services: Arc<Services>) {
    let ctx = Ctx::system(Arc::clone(&services), "sightings");
    while let Some(seen) = services.sightings.take() {
        let label = Label::new(Kind::Job, "identity.sightings");
        let keeping = keep(&ctx, &seen);
        if let Err(error) = operation::within(&services.operations, label, "", keeping).await {
            warn!(%error, "who was seen was not noted");
        }
    }
}

async fn keep(ctx: &Ctx, seen: &BTreeSet<Seen>) -> Result<()> {
    let (mut sessions, mut keys, mut people) = (Vec::new(), Vec::new(), Vec::new());
    for seen in seen {
        match *seen {
            Seen::Session(id) => sessions.push(id),
            Seen::Key(id) => keys.push(id),
            Seen::Login(id) => people.push(id),
        }
    }
    let tx = ctx.write().await?;
    let until = tx.now - PAUSE;
    store::note_sessions(&tx, sessions, until).await?;
    store::note_keys(&tx, keys, until).await?;
    store::note_logins(&tx, people, until).await?;
    tx.commit().await
}
