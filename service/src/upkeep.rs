//! What has expired is removed: idempotency keys, sessions, challenges, counts of failed sign-ins, jobs that are
//! over, messages of webhooks, what others told us, notifications. And what was written is folded into the rollups.
//!
//! How long a row stays is the registry's word. Rows go in small portions, each in a write of its
//! own, and one that somebody holds is left for the next time: replicas may sweep at once, and
//! nobody waits for them long.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use entity::identity::{auth_challenge, login_failure, session};
use entity::media::notification;
use entity::platform::idempotency_key;
use entity::platform::job::{self, JobState};
use entity::registry::{Keep, resource};
use entity::webhook::{inbound_event, message};
use sea_orm::sea_query::{LockBehavior, LockType};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QuerySelect};
use tracing::{debug, info, warn};
use uuid::Uuid;

use crate::actor::Actor;
use crate::analytics;
use crate::ctx::{Ctx, Services};
use crate::error::{Common, Result};
use crate::job::setting::RETENTION;
use crate::job::{Ending, Held, Nothing, Task};
use crate::operation::{self, Kind, Label};

/// How often deltas are folded into the rollups. Answers do not wait for it: they add the open ones.
const FOLD: Duration = Duration::from_secs(5);
/// How long after a failure they are left alone.
const REST: Duration = Duration::from_mins(1);

/// How many rows go at once: an idempotency key may have an answer of megabytes with it.
const PORTION: u64 = 200;

/// How many rows a sweep removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are tables")]
pub struct Swept {
    pub idempotency_keys: u64,
    pub sessions: u64,
    pub auth_challenges: u64,
    pub login_failures: u64,
    pub jobs: u64,
    pub webhook_messages: u64,
    pub inbound_events: u64,
    pub notifications: u64,
}

/// Fold from time to time, until the services are told to stop. Every process does, whether it works
/// at jobs or not: it is too often for a job each time.
pub async fn attend(services: Arc<Services>) {
    let stop = services.stop.clone();
    let ctx = Ctx::system(services, "upkeep");
    // What a stop interrupts is rolled back.
    let _: Option<()> = stop.run_until_cancelled(Box::pin(folding(&ctx))).await;
}

async fn folding(ctx: &Ctx) {
    loop {
        tokio::time::sleep(FOLD).await;
        let label = Label::new(Kind::Job, "analytics.fold");
        let folded = analytics::fold(ctx);
        match operation::within(&ctx.services.operations, label, "", folded).await {
            Ok(0) => {}
            Ok(deltas) => debug!(deltas, "folded into the rollups"),
            Err(error) => {
                warn!(%error, "the deltas stay open until the next fold");
                tokio::time::sleep(REST).await;
            }
        }
    }
}

/// Removes what has expired, on schedule. Twice is once.
#[derive(Clone, Copy, Debug)]
pub struct Sweep;

impl Task for Sweep {
    const KIND: &'static str = "upkeep.sweep";
    const QUEUE: &'static str = "maintenance";
    type Payload = Nothing;

    async fn run(&self, ctx: &Ctx, _: Nothing, _: &Held) -> Result<Ending> {
        let swept = sweep(ctx).await?;
        if swept != Swept::default() {
            info!(
                idempotency_keys = swept.idempotency_keys,
                sessions = swept.sessions,
                login_failures = swept.login_failures,
                webhook_messages = swept.webhook_messages,
                inbound_events = swept.inbound_events,
                notifications = swept.notifications,
                jobs = swept.jobs,
                "removed what had expired"
            );
        }
        Ok(Ending::Done)
    }
}

/// Remove what has expired, and tell how much it was. Only the house itself may.
pub async fn sweep(ctx: &Ctx) -> Result<Swept> {
    if !matches!(ctx.actor, Actor::System(_)) {
        return Err(Common::Denied.into());
    }
    let keys = expired::<idempotency_key::Entity>(ctx, idempotency_key::Column::Id, |end| {
        Condition::all().add(idempotency_key::Column::ExpiresAt.lt(end))
    });
    let keys = keys.await?;
    let sessions = expired::<session::Entity>(ctx, session::Column::Id, |end| {
        Condition::any()
            .add(session::Column::ExpiresAt.lt(end))
            .add(session::Column::RevokedAt.lt(end))
    });
    let sessions = sessions.await?;
    let challenges = expired::<auth_challenge::Entity>(ctx, auth_challenge::Column::Id, |end| {
        Condition::all().add(auth_challenge::Column::ExpiresAt.lt(end))
    });
    let challenges = challenges.await?;
    let failures = expired::<login_failure::Entity>(ctx, login_failure::Column::Id, |end| {
        Condition::all().add(login_failure::Column::WindowStart.lt(end))
    });
    let failures = failures.await?;
    let messages = expired::<message::Entity>(ctx, message::Column::Id, |end| {
        Condition::all().add(message::Column::CreatedAt.lt(end))
    });
    let messages = messages.await?;
    let events = expired::<inbound_event::Entity>(ctx, inbound_event::Column::Id, |end| {
        Condition::all().add(inbound_event::Column::CreatedAt.lt(end))
    });
    Ok(Swept {
        idempotency_keys: keys,
        sessions,
        auth_challenges: challenges,
        login_failures: failures,
        jobs: jobs(ctx).await?,
        webhook_messages: messages,
        inbound_events: events.await?,
        notifications: notifications(ctx).await?,
    })
}

/// Remove the jobs that are over: those that were done after the time that is set for them, dead ones
/// after the registry's.
async fn jobs(ctx: &Ctx) -> Result<u64> {
    let over = |states: [JobState; 2], end: DateTime<Utc>| {
        Condition::all()
            .add(job::Column::State.is_in(states))
            .add(job::Column::FinishedAt.lt(end))
    };
    let stay = ctx.configuration().get(&RETENTION);
    let done = over([JobState::Succeeded, JobState::Cancelled], ctx.now() - stay);
    let done = remove::<job::Entity>(ctx, job::Column::Id, done).await?;
    let dead = expired::<job::Entity>(ctx, job::Column::Id, |end| {
        over([JobState::Dead, JobState::Dead], end)
    });
    Ok(done + dead.await?)
}

/// Remove what people were told before the time that is set for it.
async fn notifications(ctx: &Ctx) -> Result<u64> {
    use notification::Column;
    let end = ctx.now() - ctx.configuration().get(&crate::notification::RETENTION);
    let over = Condition::all().add(Column::CreatedAt.lt(end));
    remove::<notification::Entity>(ctx, Column::Id, over).await
}

/// Remove the rows that were `over` before the registry's time for them.
async fn expired<E: EntityTrait>(
    ctx: &Ctx,
    id: E::Column,
    over: impl Fn(DateTime<Utc>) -> Condition,
) -> Result<u64> {
    let Some(stay) = resource(E::default().table_name()).and_then(|known| stay(known.keep)) else {
        return Ok(0);
    };
    remove::<E>(ctx, id, over(ctx.now() - stay)).await
}

/// Remove the rows that are `over`.
async fn remove<E: EntityTrait>(ctx: &Ctx, id: E::Column, over: Condition) -> Result<u64> {
    let mut removed = 0;
    loop {
        let tx = ctx.write().await?;
        let some: Vec<Uuid> = E::find()
            .select_only()
            .column(id)
            .filter(over.clone())
            .limit(PORTION)
            .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked)
            .into_tuple()
            .all(&tx)
            .await?;
        if some.is_empty() {
            return Ok(removed);
        }
        let done = E::delete_many().filter(id.is_in(some)).exec(&tx).await?;
        tx.commit().await?;
        removed += done.rows_affected;
    }
}

/// How long a row stays once it is over.
fn stay(keep: Keep) -> Option<TimeDelta> {
    match keep {
        Keep::Forever | Keep::Parent => None,
        Keep::Expiry => Some(TimeDelta::days(1)),
        Keep::Days(days) => Some(TimeDelta::days(days.into())),
    }
}
