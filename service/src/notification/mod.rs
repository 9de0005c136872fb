//! Notifications: what people should hear of, and whether they have.
//!
//! [`notify`] is a part: the row stands in the open write of what it is about, so nobody hears of what
//! was rolled back. The notifications of one person have strictly rising times in the order of their
//! commits, over all processes: whoever has read as far as one of them has missed none before it.
//! That is what [`follow`] goes by, and what `Last-Event-ID` means.
//!
//! They are each person's own: staff read those of others in the exploration, not here.

mod error;
mod follow;
mod postgres;
mod setting;
mod store;

use entity::Scope;
use entity::id::{NotificationId, UserId};
use entity::media::notification::{Model, NotificationType};
use serde_json::Value;

pub use error::Error;
pub use follow::{cursor, follow, told};
pub use setting::RETENTION;
pub(crate) use store::turn;

use crate::actor::{Actor, Grant};
use crate::check::Check;
use crate::ctx::Ctx;
use crate::error::Result;
use crate::page::{Page, Request};
use crate::signal::Signal;
use crate::write::Write;

/// The most characters of a headline.
const TITLE: usize = 255;
/// The most characters of what there is to say.
const MESSAGE: usize = 2_000;

/// What somebody is to be told.
#[derive(Clone, Debug)]
pub struct News {
    /// What it is about.
    pub kind: NotificationType,
    /// The headline.
    pub title: String,
    /// What there is to say.
    pub message: String,
    /// What a screen needs to lead on.
    pub data: Option<Value>,
}

/// Tell a person something, as part of the open write. The last thing that a write does: others who
/// tell the same person something wait until it is over.
pub async fn notify(tx: &Write, user: UserId, news: News) -> Result<NotificationId> {
    let at = store::turn(tx, user).await?;
    let short = |text: &str, most| text.replace('\0', "").chars().take(most).collect();
    let row = Model {
        id: tx.fresh(),
        user_id: user,
        kind: news.kind,
        title: short(&news.title, TITLE),
        message: short(&news.message, MESSAGE),
        data: news.data,
        is_read: false,
        created_at: at,
        updated_at: at,
    };
    let id = row.id;
    store::insert(tx, row).await?;
    tx.signal(Signal::Notified(user));
    Ok(id)
}

/// A notification was written by staff: it must be one that [`notify`] would write.
pub(crate) async fn written(tx: &Write, id: NotificationId) -> Result<()> {
    let row = store::held(tx, Scope::Everyone, id).await?;
    let mut check = Check::default();
    check.text("/title", &row.title, true, TITLE);
    check.text("/message", &row.message, true, MESSAGE);
    Ok(check.done()?)
}

/// Which notifications a list has.
#[derive(Clone, Copy, Debug, Default)]
pub struct NotificationFilter {
    /// Only those that were not read, or only those that were.
    pub unread: Option<bool>,
    /// Only those about this.
    pub kind: Option<NotificationType>,
}

/// One page of the caller's own notifications, the newest first.
pub async fn notifications(
    ctx: &Ctx,
    filter: NotificationFilter,
    page: Request,
) -> Result<Page<Model>> {
    let user = reader(&ctx.actor)?;
    store::notifications(&ctx.read()?, user, filter, page).await
}

/// How many of the caller's notifications were not read.
pub async fn unread(ctx: &Ctx) -> Result<u64> {
    let user = reader(&ctx.actor)?;
    store::unread(&ctx.read()?, user).await
}

/// One of the caller's own notifications.
pub async fn notification(ctx: &Ctx, id: NotificationId) -> Result<Model> {
    let user = reader(&ctx.actor)?;
    store::notification(&ctx.read()?, Scope::Owner(user), id).await
}

/// The caller has read a notification. That it was read before changes nothing.
pub async fn read(ctx: &Ctx, id: NotificationId) -> Result<Model> {
    let user = writer(&ctx.actor)?;
    let tx = ctx.write().await?;
    let mut row = store::held(&tx, Scope::Owner(user), id).await?;
    if !row.is_read {
        row.is_read = true;
        row.updated_at = tx.now;
        store::update(&tx, &row).await?;
    }
    tx.touched(format!("/notifications/{id}"));
    tx.commit().await?;
    Ok(row)
}

/// The caller has read all of their notifications; tells how many of them they had not before.
pub async fn read_all(ctx: &Ctx) -> Result<u64> {
    let user = writer(&ctx.actor)?;
    let tx = ctx.write().await?;
    let count = store::read_all(&tx, user).await?;
    tx.touched("/notifications/unread-count");
    tx.commit().await?;
    Ok(count)
}

fn reader(actor: &Actor) -> Result<UserId> {
    actor.need(Grant::Read)?;
    actor.person()
}

fn writer(actor: &Actor) -> Result<UserId> {
    actor.need(Grant::Write)?;
    actor.person()
}
