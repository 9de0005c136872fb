//! What an operation is given: who asks, and what the process owns.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::actor::Actor;
use crate::blob::Blobs;
use crate::chance::Chance;
use crate::clock::Clock;
use crate::configuration::Configuration;
use crate::db::{ConnectionManager, Reader};
use crate::error::Result;
use crate::idempotency::Claim;
use crate::identity::{Callers, Passwords, Sightings, Turns};
use crate::ids::Ids;
use crate::operation::Operations;
use crate::secret::Keyring;
use crate::settings::Settings;
use crate::signal::{Signal, Signals};
use crate::write::Write;

/// What the process owns, once.
#[derive(Debug)]
pub struct Services {
    /// The database.
    pub db: Arc<ConnectionManager>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub chance: Arc<dyn Chance>,
    /// Fresh ids.
    pub ids: Ids,
    /// The keys that secrets are sealed under.
    pub keyring: Keyring,
    /// What was set at the start.
    pub settings: Settings,
    /// Where files are.
    pub blobs: Blobs,
    /// Whose turn it is to send files.
    pub uploads: crate::upload::Turns,
    /// Limits, schedules, times, allow lists.
    pub configuration: Configuration,
    /// "Something changed."
    pub signals: Signals,
    /// Callers that were verified a moment ago.
    pub callers: Callers,
    /// Trusted documents that were asked for a moment ago.
    pub documents: crate::document::Known,
    /// Who was seen a moment ago.
    pub sightings: Sightings,
    /// Whose turn it is to sign in.
    pub sign_ins: Turns,
    /// The hasher of passwords, which takes few at a time.
    pub passwords: Passwords,
    /// Requests with an idempotency key that are under way in this process.
    pub in_flight: crate::idempotency::InFlight,
    /// The way out.
    pub outbound: crate::outbound::Outbound,
    /// What the process was asked to do, and what that cost.
    pub operations: Arc<Operations>,
    /// Whether the start is over.
    pub started: crate::health::Started,
    /// What each kind of job does, and the jobs at work.
    pub jobs: crate::job::Jobs,
    /// What runs beside the requests; the stop waits for it.
    pub tasks: TaskTracker,
    /// Says that the process is to stop.
    pub stop: CancellationToken,
}

impl Services {
    /// Forget what `signal` is about.
    pub(crate) fn hear(&self, signal: &Signal) {
        self.callers.hear(signal);
        self.documents.hear(signal);
    }
}

/// What is known of the request itself.
#[derive(Clone, Debug, Default)]
pub struct RequestInfo {
    /// The id that the answer, the log and the audit log share.
    pub id: String,
    /// Where it came from.
    pub address: Option<IpAddr>,
    /// The idempotency key that it carries.
    pub claim: Option<Claim>,
}

/// The first parameter of every operation.
#[derive(Clone)]
pub struct Ctx {
    /// What the process owns.
    pub services: Arc<Services>,
    /// Who asks.
    pub actor: Actor,
    /// What is known of the request.
    pub request: RequestInfo,
    /// Whether its heavy reads, too, see everything that was committed.
    current: bool,
}

impl Ctx {
    /// A context for `actor`.
    pub fn new(services: Arc<Services>, actor: Actor, request: RequestInfo) -> Self {
        Self {
            services,
            actor,
            request,
            current: false,
        }
    }

    /// The process itself, acting under `name`.
    pub fn system(services: Arc<Services>, name: &'static str) -> Self {
        Self::new(services, Actor::System(name), RequestInfo::default())
    }

    /// The same request, asked by `actor`.
    #[must_use]
    pub fn acting_as(&self, actor: Actor) -> Self {
        Self {
            actor,
            ..self.clone()
        }
    }

    /// The same request without its idempotency key: for writes beside the request's effect (a count
    /// of failures, a kept answer), which must not use the key up.
    #[must_use]
    pub fn unkeyed(&self) -> Self {
        let mut plain = self.clone();
        plain.request.claim = None;
        plain
    }

    /// The same request, whose heavy reads do not go to the replica either: for the answer to a
    /// write, and for what is told because something was written.
    #[must_use]
    pub fn current(mut self) -> Self {
        self.current = true;
        self
    }

    /// The moment.
    pub fn now(&self) -> DateTime<Utc> {
        self.services.clock.now()
    }

    /// What was set at the start.
    pub fn settings(&self) -> &Settings {
        &self.services.settings
    }

    /// Limits, schedules, times, allow lists.
    pub fn configuration(&self) -> &Configuration {
        &self.services.configuration
    }

    /// A handle to read with.
    pub fn read(&self) -> Result<Reader> {
        Ok(self.services.db.read()?)
    }

    /// A handle for heavy reads: the replica, where one is set and fresh enough, unless they are to
    /// be [current](Self::current).
    pub fn analytics(&self) -> Result<Reader> {
        if self.current {
            return self.read();
        }
        Ok(self.services.db.analytics()?)
    }

    /// Open a write: one transaction, one actor, one instant.
    ///
    /// The request's idempotency key, if it carries one, is kept by the same commit.
    pub async fn write(&self) -> Result<Write> {
        Write::open(self).await
    }
}

impl fmt::Debug for Ctx {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ctx")
            .field("actor", &self.actor)
            .field("request", &self.request)
            .finish_non_exhaustive()
    }
}
