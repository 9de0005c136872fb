//! Every query of jobs and schedules.

use chrono::{DateTime, Utc};
use entity::id::{JobId, JobScheduleId, UserId};
use entity::platform::job::{ActiveModel, Column, Entity, JobState, Model};
use entity::platform::job_schedule;
use entity::{Scope, Scoped};
use sea_orm::sea_query::{Expr, ExprTrait, LockBehavior, LockType, OnConflict, SelectStatement};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, ConnectionTrait, EntityTrait, IntoActiveModel,
    QueryFilter, QueryOrder, QuerySelect, Select, Set,
};

use super::error::Error;
use super::figures::Standing;
use super::held::Hold;
use crate::error::Result;
use crate::write::Write;

/// How many rows are looked at together.
const PORTION: u64 = 100;

/// The jobs that a worker may take.
#[derive(Clone, Debug)]
pub(super) struct Due {
    pub(super) now: DateTime<Utc>,
    pub(super) kinds: Vec<&'static str>,
    /// In which lines they wait; empty: in any.
    pub(super) queues: Vec<String>,
}

/// Whose jobs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Whose {
    /// Whoever's.
    #[default]
    Anybodys,
    /// Those without an owner.
    Nobodys,
    /// A person's.
    Of(UserId),
}

/// Which of them it takes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pick<'a> {
    pub(super) due: &'a Due,
    pub(super) whose: Whose,
    /// Of this priority; none: of any.
    pub(super) priority: Option<i32>,
}

fn jobs() -> Select<Entity> {
    Entity::within(Scope::Everyone)
}

fn due(due: &Due) -> Condition {
    let mut condition = Condition::all()
        .add(Column::State.eq(JobState::Queued))
        .add(Column::RunAt.lte(due.now))
        .add(Column::Kind.is_in(due.kinds.iter().copied()));
    if !due.queues.is_empty() {
        condition = condition.add(Column::Queue.is_in(due.queues.iter().map(String::as_str)));
    }
    condition
}

fn of(whose: Whose) -> Condition {
    match whose {
        Whose::Anybodys => Condition::all(),
        Whose::Nobodys => Condition::all().add(Column::OwnerId.is_null()),
        Whose::Of(owner) => Condition::all().add(Column::OwnerId.eq(owner)),
    }
}

/// The priority that goes first among what is due; nothing, where nothing is.
pub(super) async fn first_priority(conn: &impl ConnectionTrait, what: &Due) -> Result<Option<i32>> {
    let first = jobs().select_only().column(Column::Priority);
    let first = first.filter(due(what)).order_by_asc(Column::Priority);
    Ok(first.limit(1).into_tuple().one(conn).await?)
}

/// The owner behind `after` who has something due, with this priority if one is given.
pub(super) async fn owner_after(
    conn: &impl ConnectionTrait,
    what: &Due,
    priority: Option<i32>,
    after: Option<UserId>,
) -> Result<Option<Whose>> {
    let mut owners = jobs().select_only().column(Column::OwnerId);
    owners = owners.filter(due(what));
    if let Some(priority) = priority {
        owners = owners.filter(Column::Priority.eq(priority));
    }
    owners = match after {
        Some(after) => owners.filter(Column::OwnerId.gt(after)),
        None => owners.filter(Column::OwnerId.is_not_null()),
    };
    let owners = owners.order_by_asc(Column::OwnerId).limit(1);
    let found: Option<Option<UserId>> = owners.into_tuple().one(conn).await?;
    Ok(found.flatten().map(Whose::Of))
}

/// Nobody, if something is due that is nobody's, with this priority if one is given.
pub(super) async fn nobody(
    conn: &impl ConnectionTrait,
    what: &Due,
    priority: Option<i32>,
) -> Result<Option<Whose>> {
    let mut one = jobs().select_only().column(Column::Id);
    one = one.filter(due(what)).filter(of(Whose::Nobodys));
    if let Some(priority) = priority {
        one = one.filter(Column::Priority.eq(priority));
    }
    let found: Option<JobId> = one.limit(1).into_tuple().one(conn).await?;
    Ok(found.map(|_| Whose::Nobodys))
}

/// The id of the oldest of what is picked.
pub(super) fn next(pick: &Pick<'_>) -> Select<Entity> {
    let mut next = jobs()
        .select_only()
        .column(Column::Id)
        .filter(due(pick.due));
    next = next.filter(of(pick.whose));
    if let Some(priority) = pick.priority {
        next = next.filter(Column::Priority.eq(priority));
    }
    next.order_by_asc(Column::RunAt)
        .order_by_asc(Column::Id)
        .limit(1)
}

/// Give the job that `next` answers to `worker`.
pub(super) async fn take(
    tx: &Write,
    next: SelectStatement,
    worker: &str,
    until: DateTime<Utc>,
) -> Result<Option<Model>> {
    let column = |column: Column| Expr::col((Entity, column));
    let change = ActiveModel {
        state: Set(JobState::Running),
        worker: Set(Some(worker.to_owned())),
        lease_until: Set(Some(until)),
        progress: Set(0),
        updated_at: Set(tx.now),
        ..Default::default()
    };
    let taken = Entity::update_many()
        .set(change)
        .col_expr(Column::Attempt, column(Column::Attempt).add(1))
        .col_expr(Column::Fence, column(Column::Fence).add(1))
        // `=`, not `IN`: see docs/adr/0006.
        .filter(column(Column::Id).eq(next))
        .filter(Column::State.eq(JobState::Queued))
        .exec_with_returning(tx)
        .await?;
    Ok(taken.into_iter().next())
}

/// Whether the row is in; not where an open job has its key.
pub(super) async fn insert(tx: &Write, row: Model) -> Result<bool> {
    let row = row.into_active_model().reset_all();
    let rows = Entity::insert_many([row])
        .on_conflict(OnConflict::new().do_nothing().to_owned())
        .exec_without_returning(tx)
        .await?;
    Ok(rows > 0)
}

pub(super) async fn insert_all(tx: &Write, rows: Vec<Model>) -> Result<()> {
    let there = OnConflict::new().do_nothing().to_owned();
    tx.merge_all::<Entity>(rows, &there).await
}

/// The open job with this key, held until the write is over.
pub(super) async fn open_as(tx: &Write, key: &str) -> Result<Option<Model>> {
    let open = jobs()
        .filter(Column::UniqueKey.eq(key))
        .filter(Column::State.is_in([JobState::Queued, JobState::Running]))
        .lock_exclusive();
    Ok(open.one(tx).await?)
}

/// Let a job that waits come then, in this place of the line.
pub(super) async fn hasten(
    tx: &Write,
    id: JobId,
    run_at: DateTime<Utc>,
    priority: i32,
) -> Result<()> {
    let change = ActiveModel {
        run_at: Set(run_at),
        priority: Set(priority),
        updated_at: Set(tx.now),
        ..Default::default()
    };
    let this = Entity::update_many().set(change).filter(Column::Id.eq(id));
    this.exec(tx).await?;
    Ok(())
}

pub(super) async fn find(conn: &impl ConnectionTrait, id: JobId) -> Result<Option<Model>> {
    Ok(jobs().filter(Column::Id.eq(id)).one(conn).await?)
}

/// The job, held until the write is over.
pub(super) async fn held(tx: &Write, id: JobId) -> Result<Model> {
    let job = jobs().filter(Column::Id.eq(id)).lock_exclusive();
    let found = job.one(tx).await?;
    found.ok_or_else(|| Error::NotFound(id).into())
}

/// Put a job down as it is now: one that the write holds.
pub(super) async fn save(tx: &Write, job: &Model) -> Result<()> {
    let mut row = job.clone().into_active_model().reset_all();
    row.updated_at = Set(tx.now);
    Entity::update(row).exec(tx).await?;
    Ok(())
}

/// The rows that a hold is in force on: one or none.
fn in_force(hold: Hold) -> Condition {
    Condition::all()
        .add(Column::Id.eq(hold.id))
        .add(Column::Fence.eq(hold.fence))
        .add(Column::State.eq(JobState::Running))
}

/// The job, if the hold is in force, held until the write is over.
pub(super) async fn mine(tx: &Write, hold: Hold) -> Result<Option<Model>> {
    let job = jobs().filter(in_force(hold)).lock_exclusive();
    Ok(job.one(tx).await?)
}

/// Renew a hold; the job as it is then, if the hold was in force.
pub(super) async fn renew(tx: &Write, hold: Hold, until: DateTime<Utc>) -> Result<Option<Model>> {
    // Not a change that anybody would look for: `updated_at` stays.
    let change = ActiveModel {
        lease_until: Set(Some(until)),
        ..Default::default()
    };
    let renewed = Entity::update_many().set(change).filter(in_force(hold));
    Ok(renewed.exec_with_returning(tx).await?.into_iter().next())
}

/// Tell how far it is; whether the hold was in force.
pub(super) async fn progress(tx: &Write, hold: Hold, percent: i32) -> Result<bool> {
    let change = ActiveModel {
        progress: Set(percent),
        updated_at: Set(tx.now),
        ..Default::default()
    };
    let told = Entity::update_many().set(change).filter(in_force(hold));
    Ok(told.exec(tx).await?.rows_affected > 0)
}

/// Some jobs whose holder has not been heard of in time.
pub(super) async fn abandoned(
    conn: &impl ConnectionTrait,
    now: DateTime<Utc>,
) -> Result<Vec<JobId>> {
    let jobs = jobs().select_only().column(Column::Id);
    let jobs = jobs.filter(Column::State.eq(JobState::Running));
    let jobs = jobs.filter(Column::LeaseUntil.lt(now)).limit(PORTION);
    Ok(jobs.into_tuple().all(conn).await?)
}

/// One of them, if it still is one and nobody else is dealing with it.
pub(super) async fn abandoned_one(tx: &Write, id: JobId) -> Result<Option<Model>> {
    let job = jobs()
        .filter(Column::Id.eq(id))
        .filter(Column::State.eq(JobState::Running))
        .filter(Column::LeaseUntil.lt(tx.now))
        .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked);
    Ok(job.one(tx).await?)
}

/// Dead jobs, the one that died first first, held until the write is over.
pub(super) async fn dead(
    tx: &Write,
    kind: Option<&str>,
    queue: Option<&str>,
    since: Option<DateTime<Utc>>,
    most: u64,
) -> Result<Vec<Model>> {
    let mut dead = jobs().filter(Column::State.eq(JobState::Dead));
    if let Some(kind) = kind {
        dead = dead.filter(Column::Kind.eq(kind));
    }
    if let Some(queue) = queue {
        dead = dead.filter(Column::Queue.eq(queue));
    }
    if let Some(since) = since {
        dead = dead.filter(Column::FinishedAt.gte(since));
    }
    let dead = dead
        .order_by_asc(Column::CreatedAt)
        .order_by_asc(Column::Id)
        .limit(most)
        .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked);
    Ok(dead.all(tx).await?)
}

/// How many jobs stand where, and since when the first waits that is due.
pub(super) async fn standing(conn: &impl ConnectionTrait, now: DateTime<Utc>) -> Result<Standing> {
    let counts: Vec<(String, JobState, i64)> = jobs()
        .select_only()
        .columns([Column::Queue, Column::State])
        .column_as(Column::Id.count(), "count")
        .filter(Column::State.is_in([JobState::Queued, JobState::Running, JobState::Dead]))
        .group_by(Column::Queue)
        .group_by(Column::State)
        .into_tuple()
        .all(conn)
        .await?;
    let oldest: Option<Option<DateTime<Utc>>> = jobs()
        .select_only()
        .column_as(Column::RunAt.min(), "oldest")
        .filter(Column::State.eq(JobState::Queued))
        .filter(Column::RunAt.lte(now))
        .into_tuple()
        .one(conn)
        .await?;
    Ok(Standing {
        counts,
        oldest: oldest.flatten(),
    })
}

use job_schedule::{ActiveModel as ScheduleChange, Column as Of, Entity as Schedules};

pub(super) async fn schedule_names(conn: &impl ConnectionTrait) -> Result<Vec<String>> {
    let names = Schedules::within(Scope::Everyone)
        .select_only()
        .column(Of::Name);
    Ok(names.into_tuple().all(conn).await?)
}

/// Put schedules down whose names are free.
pub(super) async fn insert_schedules(tx: &Write, rows: Vec<job_schedule::Model>) -> Result<()> {
    let there = OnConflict::column(Of::Name).do_nothing().to_owned();
    tx.merge_all::<Schedules>(rows, &there).await
}

fn followed(now: DateTime<Utc>) -> Condition {
    let when = Of::NextRunAt.is_null().or(Of::NextRunAt.lte(now));
    Condition::all().add(Of::IsActive.eq(true)).add(when)
}

/// Some schedules that are due, or of which nobody has said yet when they are.
pub(super) async fn due_schedules(
    conn: &impl ConnectionTrait,
    now: DateTime<Utc>,
) -> Result<Vec<JobScheduleId>> {
    let due = Schedules::within(Scope::Everyone)
        .select_only()
        .column(Of::Id);
    let due = due.filter(followed(now)).limit(PORTION);
    Ok(due.into_tuple().all(conn).await?)
}

/// One of them, if it still is one, held until the write is over.
pub(super) async fn due_schedule(
    tx: &Write,
    id: JobScheduleId,
) -> Result<Option<job_schedule::Model>> {
    let one = Schedules::within(Scope::Everyone).filter(Of::Id.eq(id));
    Ok(one
        .filter(followed(tx.now))
        .lock_exclusive()
        .one(tx)
        .await?)
}

pub(super) async fn schedule(tx: &Write, id: JobScheduleId) -> Result<Option<job_schedule::Model>> {
    let one = Schedules::within(Scope::Everyone).filter(Of::Id.eq(id));
    Ok(one.one(tx).await?)
}

/// Say when a schedule is due next, and whether it was queued now. What admins see of it as a change
/// stays as it is.
pub(super) async fn set_next(
    tx: &Write,
    id: JobScheduleId,
    next: Option<DateTime<Utc>>,
    queued: bool,
) -> Result<()> {
    let mut change = ScheduleChange {
        next_run_at: Set(next),
        ..Default::default()
    };
    if queued {
        change.last_run_at = Set(Some(tx.now));
    }
    let this = Schedules::update_many().set(change).filter(Of::Id.eq(id));
    this.exec(tx).await?;
    Ok(())
}

/// Follow a schedule no more: its expression cannot be read.
pub(super) async fn stop_schedule(tx: &Write, id: JobScheduleId) -> Result<()> {
    let change = ScheduleChange {
        is_active: Set(false),
        updated_at: Set(tx.now),
        ..Default::default()
    };
    let version = Expr::col(Of::Version).add(1);
    let this = Schedules::update_many().set(change).filter(Of::Id.eq(id));
    this.col_expr(Of::Version, version).exec(tx).await?;
    Ok(())
}
