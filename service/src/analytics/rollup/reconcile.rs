//! Reconciling: what another backend wrote into the shared tables, without a delta, is taken in.
//!
//! A thread that moved gives away whose it is; that person's sums are compared with their rows, from
//! the thread's first message on. So whatever was done to the thread (more said, something replaced,
//! something taken back), its buckets are right again. What gives nothing away (a thread that
//! somebody else deletes whole while its owner has no other that moves) is [`super::rebuild()`]'s.

use chrono::{DateTime, TimeDelta, Utc};
use entity::id::{JobId, UserId};

use super::compare::{self, Differences, Grain, Part};
use super::rebuild::Mending;
use super::{DAY, store};
use crate::actor::Actor;
use crate::analytics::job::Rebuild;
use crate::ctx::Ctx;
use crate::error::{Common, Result};
use crate::job;

/// How far each look reaches back before the one before: a transaction may be committed some time
/// after the moment that it wrote.
const OVERLAP: TimeDelta = TimeDelta::minutes(2);

/// How long one look is enough for all replicas.
const ENOUGH: TimeDelta = TimeDelta::seconds(50);

/// The first day that both engines keep, in seconds since 1970.
const BEGINNING: i64 = -62_135_596_800;

/// How many people are asked for at once.
const PAGE: u64 = 100;

/// What a look came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reconciled {
    /// How many people had threads that moved.
    pub people: u64,
    /// What was mended.
    pub differences: Differences,
    /// The job that builds the rollups, where they never were.
    pub build: Option<JobId>,
}

/// Take in what others wrote since the last look; where the rollups were never built, have a job do
/// that, one for all processes. Only the house itself may.
pub async fn reconcile(ctx: &Ctx) -> Result<Reconciled> {
    if !matches!(ctx.actor, Actor::System(_)) {
        return Err(Common::Denied.into());
    }
    let begun = ctx.now();
    let state = store::state(&ctx.read()?).await?;
    let mut done = Reconciled::default();
    let since = match state {
        Some(state) if state.built_at.is_some() && state.charts_built_at.is_some() => {
            state.reconciled_to.unwrap_or(begun)
        }
        _ => {
            let tx = ctx.write().await?;
            done.build = Some(job::enqueue(&tx, Rebuild::once()?).await?);
            tx.commit().await?;
            return Ok(done);
        }
    };
    if begun - since < ENOUGH {
        return Ok(done);
    }
    let window = (since - OVERLAP, begun);
    let mut failed = None;
    let mut after = None;
    loop {
        let moved = store::moved(&ctx.read()?, window, after, PAGE).await?;
        for person in &moved {
            // One whose history cannot be summed keeps nobody else's waiting.
            if let Err(error) = settle(ctx, person, window.0, &mut done.differences).await {
                failed.get_or_insert(error);
            }
        }
        done.people += moved.len() as u64;
        after = moved.last().map(|person| person.user_id);
        if (moved.len() as u64) < PAGE {
            break;
        }
    }
    if let Some(error) = failed {
        return Err(error);
    }
    let tx = ctx.write().await?;
    store::hold(&tx).await?;
    store::advance(&tx, begun).await?;
    tx.commit().await?;
    Ok(done)
}

/// A person whose threads moved.
#[derive(Debug, sea_orm::FromQueryResult)]
pub(super) struct Moved {
    pub user_id: UserId,
    /// When the first of these threads began.
    pub begun: DateTime<Utc>,
    /// When the first of their messages was said.
    pub said: Option<DateTime<Utc>>,
}

/// Compare a person's sums with their rows, and mend them; by thread only those that moved `since`.
async fn settle(
    ctx: &Ctx,
    person: &Moved,
    since: DateTime<Utc>,
    differences: &mut Differences,
) -> Result<()> {
    let engine = ctx.services.db.engine();
    let user = person.user_id;
    let said = person.said.unwrap_or(person.begun);
    let first = said.min(person.begun).timestamp();
    let first = first - first.rem_euclid(DAY);
    // Those that move just now as well: what is said in them is in the person's sums.
    let threads = Part::Moved(user, since);
    let parts = |first| {
        [
            (Grain::Threads, threads),
            (Grain::Users, Part::Person(user, first)),
            (Grain::UserDays, Part::Person(user, first)),
        ]
    };
    let mut found = Vec::new();
    for (grain, part) in parts(first) {
        found.push(compare::compare(&ctx.read()?, engine, grain, part).await?);
    }
    // What a thread lost from before its first message is told by the sums that do not meet.
    let tokens = |at: usize| found[at].iter().map(|one| one.tokens).sum::<i64>();
    let messages = |at: usize| found[at].iter().map(|one| one.messages).sum::<i64>();
    let explained = tokens(0) == tokens(1) && tokens(0) == tokens(2) && messages(0) == messages(2);
    if explained && found.iter().all(Vec::is_empty) {
        return Ok(());
    }
    for (grain, part) in parts(if explained { first } else { BEGINNING }) {
        let mut mending = Mending::begin(ctx).await?;
        let touched = mending.prove(grain, part).await?;
        let following: &[(Grain, Option<UserId>)] = match grain {
            Grain::Users => &[
                (Grain::Quarters, None),
                (Grain::Hours, None),
                (Grain::Days, None),
            ],
            Grain::UserDays => &[(Grain::UserMonths, Some(user))],
            _ => &[],
        };
        for (grain, user) in following {
            mending.level(*grain, &touched, *user).await?;
        }
        mending.end(differences).await?;
    }
    Ok(())
}
