//! The replica: how far behind it is, and whether that is near enough.
//!
//! Its lag is the age of the newest moment of the primary that it has replayed: at every check the
//! primary's position is noted with the time, and the replica's position looked up among the notes.
//! A replica that lost its primary has nothing to replay and would call itself fresh; this does not.

use std::collections::VecDeque;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use sea_orm::DbErr;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::classify::classify;
use super::pool::{Limits, Pool};
use super::session::{Connector, ReplicaPosition, primary_position, replica_position};
use super::status::{LastError, PoolStatus};

/// How the replica fares.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplicaStatus {
    /// Whether reads go to it now.
    pub usable: bool,
    /// How far it is behind, in milliseconds; `None` until it has been measured.
    pub lag_ms: Option<u64>,
    /// Why it could not be measured.
    pub error: Option<LastError>,
}

/// Positions of the primary's log with the moments at which they were seen, oldest first.
#[derive(Debug, Default)]
pub(super) struct Notes(VecDeque<(Instant, i64)>);

impl Notes {
    const MOST: usize = 720;

    pub(super) fn add(&mut self, at: Instant, position: i64) {
        if self.0.len() == Self::MOST {
            self.0.pop_front();
        }
        self.0.push_back((at, position));
    }

    /// How long ago the primary stood where the replica stands; at least as long as the notes go
    /// back, if it is further behind than they reach.
    pub(super) fn lag(&self, now: Instant, replayed: i64) -> Option<Duration> {
        let seen = self
            .0
            .iter()
            .rev()
            .find(|(_, position)| *position <= replayed);
        seen.or_else(|| self.0.front())
            .map(|(at, _)| now.saturating_duration_since(*at))
    }

    fn reaches(&self, replayed: i64) -> bool {
        self.0
            .front()
            .is_some_and(|(_, oldest)| *oldest <= replayed)
    }
}

#[derive(Debug)]
pub(super) struct Replica {
    connector: Arc<dyn Connector>,
    limits: Limits,
    pool: RwLock<Option<Arc<Pool>>>,
    status: RwLock<ReplicaStatus>,
}

impl Replica {
    pub(super) fn new(connector: Arc<dyn Connector>, limits: Limits) -> Self {
        Self {
            connector,
            limits,
            pool: RwLock::default(),
            status: RwLock::default(),
        }
    }

    pub(super) fn status(&self) -> ReplicaStatus {
        self.status
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// The pool to read from, while the replica is fresh enough.
    pub(super) fn usable(&self) -> Option<Arc<Pool>> {
        let usable = self
            .status
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .usable;
        usable
            .then(|| {
                self.pool
                    .read()
                    .unwrap_or_else(PoisonError::into_inner)
                    .clone()
            })
            .flatten()
    }

    /// Send nobody here until the next check says otherwise.
    pub(super) fn doubt(&self) {
        self.status
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .usable = false;
    }

    pub(super) fn is(&self, pool: &Arc<Pool>) -> bool {
        let own = self.pool.read().unwrap_or_else(PoisonError::into_inner);
        own.as_ref().is_some_and(|own| Arc::ptr_eq(own, pool))
    }

    /// What its pool holds; nothing, while there is none.
    pub(super) fn pool_status(&self) -> PoolStatus {
        let pool = self.pool.read().unwrap_or_else(PoisonError::into_inner);
        pool.as_ref().map(|pool| pool.status()).unwrap_or_default()
    }

    pub(super) fn take(&self) -> Option<Arc<Pool>> {
        self.doubt();
        self.pool
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }

    /// Measure the lag and decide.
    pub(super) async fn check(
        &self,
        primary: Option<Arc<Pool>>,
        notes: &mut Notes,
        bound: Duration,
    ) {
        let status = match self.measure(primary, notes).await {
            Ok((lag, certain)) => ReplicaStatus {
                usable: certain && lag.is_some_and(|lag| lag <= bound),
                lag_ms: lag.map(|lag| u64::try_from(lag.as_millis()).unwrap_or(u64::MAX)),
                error: None,
            },
            Err(error) => ReplicaStatus {
                usable: false,
                lag_ms: None,
                error: Some(LastError::from(&classify(&error))),
            },
        };
        *self.status.write().unwrap_or_else(PoisonError::into_inner) = status;
    }

    async fn measure(
        &self,
        primary: Option<Arc<Pool>>,
        notes: &mut Notes,
    ) -> Result<(Option<Duration>, bool), DbErr> {
        let limit = self.limits.connection_timeout;
        if let Some(primary) = primary {
            let at = Instant::now();
            let mut lease = primary.acquire().await?;
            let position = lease.run(limit, |s| Box::pin(primary_position(s))).await?;
            notes.add(at, position);
        }
        let pool = self.open();
        let mut lease = pool.acquire().await?;
        let position = lease.run(limit, |s| Box::pin(replica_position(s))).await?;
        Ok(match position {
            ReplicaPosition::Primary => (Some(Duration::ZERO), true),
            ReplicaPosition::Replayed(replayed) => {
                (notes.lag(Instant::now(), replayed), notes.reaches(replayed))
            }
        })
    }

    fn open(&self) -> Arc<Pool> {
        let mut pool = self.pool.write().unwrap_or_else(PoisonError::into_inner);
        let fresh = || Pool::new(Arc::clone(&self.connector), self.limits);
        Arc::clone(pool.get_or_insert_with(fresh))
    }
}
