//! Schedules: jobs that are queued by the clock, once a due time over all workers.
//!
//! Whoever moves a schedule's next time on queues its job, in one write under the row's lock. The next
//! time lies behind now, so times that were missed are made up for by one job. Where the job of the
//! time before is still open, the new one is folded into it.

use chrono::{DateTime, Utc};
use entity::id::JobScheduleId;
use entity::platform::job_schedule;
use serde_json::json;
use tracing::{info, warn};

use super::cron::Cron;
use super::new::{NewJob, put};
use super::store;
use crate::check::Check;
use crate::ctx::Ctx;
use crate::error::{Common, FieldError, Result};
use crate::write::Write;

/// How many times a scheduled job is tried.
const TRIES: i32 = 5;

/// Put down the schedules that the program knows and the database does not.
pub(super) async fn register(ctx: &Ctx) -> Result<()> {
    let known = store::schedule_names(&ctx.read()?).await?;
    let planned = ctx.services.jobs.kinds.planned().iter();
    let fresh: Vec<_> = planned
        .filter(|one| !known.iter().any(|name| name == one.name))
        .collect();
    if fresh.is_empty() {
        return Ok(());
    }
    let tx = ctx.write().await?;
    let rows = fresh.iter().map(|one| job_schedule::Model {
        id: tx.fresh(),
        name: one.name.to_owned(),
        kind: one.kind.to_owned(),
        payload: json!({}),
        queue: one.queue.to_owned(),
        cron: one.cron.to_owned(),
        time_zone: "UTC".to_owned(),
        is_active: true,
        next_run_at: None,
        last_run_at: None,
        version: 1,
        created_at: tx.now,
        updated_at: tx.now,
    });
    store::insert_schedules(&tx, rows.collect()).await?;
    tx.commit().await
}

/// Queue what is due, and say of schedules that are new when they are.
pub(super) async fn tick(ctx: &Ctx) -> Result<()> {
    for id in store::due_schedules(&ctx.read()?, ctx.now()).await? {
        one(ctx, id).await?;
    }
    Ok(())
}

async fn one(ctx: &Ctx, id: JobScheduleId) -> Result<()> {
    let tx = ctx.write().await?;
    // Another worker may have been first.
    let Some(schedule) = store::due_schedule(&tx, id).await? else {
        return Ok(());
    };
    let next = match next(&schedule, tx.now) {
        Ok(next) => next,
        Err(wrong) => {
            let said = wrong.into_iter();
            let said: Vec<String> = said
                .map(|one| format!("{} {}", one.pointer, one.detail))
                .collect();
            warn!(
                schedule = schedule.name,
                said = said.join("; "),
                "a schedule cannot be followed"
            );
            store::stop_schedule(&tx, id).await?;
            return tx.commit().await;
        }
    };
    let due = schedule.next_run_at;
    if next.is_none() {
        info!(schedule = schedule.name, "a schedule has come to its end");
        store::stop_schedule(&tx, id).await?;
    }
    store::set_next(&tx, id, next, due.is_some()).await?;
    if due.is_some() {
        let job = NewJob {
            kind: schedule.kind,
            queue: schedule.queue,
            payload: schedule.payload,
            priority: 0,
            run_at: None,
            max_attempts: TRIES,
            unique_key: Some(format!("schedule:{id}")),
            owner: None,
        };
        put(&tx, job).await?;
    }
    tx.commit().await
}

/// When a schedule is due next after `moment`; nothing, where never.
fn next(
    schedule: &job_schedule::Model,
    moment: DateTime<Utc>,
) -> std::result::Result<Option<DateTime<Utc>>, Vec<FieldError>> {
    let cron = Cron::new(&schedule.cron, &schedule.time_zone)?;
    Ok(cron.next(moment))
}

/// A schedule was written by the staff: refuse what cannot be followed, and let the next worker say
/// anew when it is due.
pub(crate) async fn written(tx: &Write, id: JobScheduleId) -> Result<()> {
    let Some(schedule) = store::schedule(tx, id).await? else {
        return Ok(());
    };
    let mut check = Check::default();
    check.text("/name", &schedule.name, true, 255);
    check.text("/kind", &schedule.kind, true, 255);
    check.text("/queue", &schedule.queue, true, 255);
    check.done()?;
    if let Err(fields) = Cron::new(&schedule.cron, &schedule.time_zone) {
        return Err(Common::Invalid { fields }.into());
    }
    if schedule.next_run_at.is_some() {
        store::set_next(tx, id, None, false).await?;
    }
    Ok(())
}
