//! Threads: begun, listed, renamed, removed.

use chrono::{DateTime, Utc};
use entity::conversation::thread::Model;
use entity::id::{ThreadId, UserId};
use serde_json::json;
use uuid::Uuid;

use super::{policy, store};
use crate::analytics::rollup;
use crate::audit;
use crate::check::Check;
use crate::ctx::Ctx;
use crate::error::Result;
use crate::expect::Expect;
use crate::page::{Page, Request};
use crate::secret::fingerprint;
use crate::signal::Signal;
use crate::write::Write;

/// The most characters of a title.
const TITLE: usize = 1_000;

/// How many threads of a person go at once.
const PORTION: u64 = 500;

/// What beginning a thread takes. What is not given is made: an id, the moment, the caller.
#[derive(Clone, Debug, Default)]
pub struct NewThread {
    /// The thread's id, when it is brought along.
    pub id: Option<ThreadId>,
    /// Whose it is; only an admin names somebody else.
    pub user: Option<UserId>,
    /// Its title; may be empty.
    pub title: String,
    /// The virtual lab.
    pub vlab_id: Option<Uuid>,
    /// The project.
    pub project_id: Option<Uuid>,
    /// When it began.
    pub creation_date: Option<DateTime<Utc>>,
    /// When it last moved.
    pub update_date: Option<DateTime<Utc>>,
}

/// What may change in a thread.
#[derive(Clone, Debug, Default)]
pub struct ThreadChange {
    /// The new title.
    pub title: Option<String>,
}

/// Which threads a list has.
#[derive(Clone, Debug, Default)]
pub struct ThreadFilter {
    /// Only those of this virtual lab.
    pub vlab_id: Option<Uuid>,
    /// Only those of this project.
    pub project_id: Option<Uuid>,
    /// Only those of this person (for staff; others see their own anyway).
    pub user: Option<UserId>,
}

/// Begin a thread.
pub async fn create(ctx: &Ctx, new: NewThread) -> Result<Model> {
    let user = policy::owner(&ctx.actor, new.user)?;
    let mut check = Check::default();
    check.text("/title", &new.title, false, TITLE);
    check.time("/creation_date", new.creation_date);
    check.time("/update_date", new.update_date);
    check.done()?;

    let tx = ctx.write().await?;
    let creation_date = new.creation_date.map_or(tx.now, whole_micros);
    let update_date = new.update_date.map_or(creation_date, whole_micros);
    let thread = Model {
        id: new.id.unwrap_or_else(|| tx.fresh()),
        vlab_id: new.vlab_id,
        project_id: new.project_id,
        title: new.title,
        creation_date,
        update_date,
        user_id: user,
    };
    store::insert_thread(&tx, thread.clone()).await?;
    audit_foreign(&tx, "thread.create", &thread).await?;
    tx.signal(Signal::ThreadWritten(thread.id));
    tx.made(format!("/threads/{}", thread.id));
    tx.commit().await?;
    Ok(thread)
}

/// One page of the threads in the caller's sight, the one that moved last first.
pub async fn threads(ctx: &Ctx, filter: ThreadFilter, page: Request) -> Result<Page<Model>> {
    let scope = policy::read(&ctx.actor)?;
    store::threads(&ctx.read()?, scope, &filter, page).await
}

/// One thread.
pub async fn thread(ctx: &Ctx, id: ThreadId) -> Result<Model> {
    let scope = policy::read(&ctx.actor)?;
    store::thread(&ctx.read()?, scope, id).await
}

/// Change a thread.
pub async fn update(
    ctx: &Ctx,
    id: ThreadId,
    change: ThreadChange,
    expect: &Expect,
) -> Result<Model> {
    let scope = policy::write(&ctx.actor)?;
    if let Some(title) = &change.title {
        check_title(title)?;
    }

    let tx = ctx.write().await?;
    let mut thread = store::thread_held(&tx, scope, id).await?;
    expect.check(&tag(&thread))?;
    if let Some(title) = change.title {
        thread.title = title;
    }
    thread.update_date = thread.update_date.max(tx.now);
    store::update_thread(&tx, &thread).await?;
    audit_foreign(&tx, "thread.update", &thread).await?;
    tx.signal(Signal::ThreadWritten(id));
    tx.commit().await?;
    Ok(thread)
}

/// Refuse a title that no thread has.
pub(crate) fn check_title(title: &str) -> Result<()> {
    let mut check = Check::default();
    check.text("/title", title, false, TITLE);
    Ok(check.done()?)
}

/// Remove a thread with everything that was said in it.
pub async fn delete(ctx: &Ctx, id: ThreadId, expect: &Expect) -> Result<()> {
    let scope = policy::write(&ctx.actor)?;
    let tx = ctx.write().await?;
    let thread = store::thread_held(&tx, scope, id).await?;
    expect.check(&tag(&thread))?;
    take_away(&tx, &[id]).await?;
    audit_foreign(&tx, "thread.delete", &thread).await?;
    tx.signal(Signal::ThreadWritten(id));
    tx.commit().await
}

/// Remove threads that are held, with everything that was said in them.
pub(crate) async fn take_away(tx: &Write, ids: &[ThreadId]) -> Result<()> {
    for some in ids.chunks(PORTION.try_into().unwrap_or(usize::MAX)) {
        store::hold_messages(tx, some).await?;
        rollup::gone(tx, some).await?;
        store::delete_threads(tx, some).await?;
    }
    Ok(())
}

/// Remove every thread of a person with all that was said in it.
pub(crate) async fn delete_of_person(tx: &Write, user: UserId) -> Result<()> {
    loop {
        // Held, so that what is counted is what goes.
        let some = store::threads_held(tx, user, PORTION).await?;
        store::hold_messages(tx, &some).await?;
        rollup::gone(tx, &some).await?;
        store::delete_threads(tx, &some).await?;
        if (some.len() as u64) < PORTION {
            return Ok(());
        }
    }
}

/// The row's tag: the table is shared and has no version, so it is a hash of what stands there.
pub fn tag(thread: &Model) -> String {
    let row = json!([
        thread.title,
        thread.vlab_id,
        thread.project_id,
        thread.creation_date,
        thread.update_date,
        thread.user_id,
    ]);
    fingerprint(row.to_string().as_bytes())[..16].to_owned()
}

/// Tell the audit log when the thread is not the caller's own.
pub(super) async fn audit_foreign(tx: &Write, action: &'static str, thread: &Model) -> Result<()> {
    if tx.actor.user() == Some(thread.user_id) {
        return Ok(());
    }
    let entry = audit::Entry {
        action,
        resource_type: "thread",
        resource_id: thread.id.to_string(),
        before: None,
        after: Some(json!({ "user_id": thread.user_id, "title": thread.title })),
    };
    audit::record(tx, entry).await
}

/// What both engines keep of a time.
pub(super) fn whole_micros(time: DateTime<Utc>) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(time.timestamp_micros()).unwrap_or(time)
}
