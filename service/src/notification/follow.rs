//! What a person is told, as they are told it.

use entity::id::UserId;
use entity::media::notification::Model;
use futures::Stream;

use super::{reader, store};
use crate::ctx::Ctx;
use crate::error::Result;
use crate::identity;
use crate::page::{self, Order, Page, Place, Request};
use crate::signal::{Signal, Watch, Woken};

/// How many are read at once.
const BATCH: u64 = 100;

/// The cursor of a notification among all that its person is told: the id of its event.
pub fn cursor(row: &Model) -> String {
    page::seal(&list(row.user_id), Order::Oldest, place(row))
}

/// One page of what the caller was told behind the cursor `page.after`, the oldest first: the stream
/// for those who rather ask.
pub async fn told(ctx: &Ctx, page: Request) -> Result<Page<Model>> {
    let user = reader(&ctx.actor)?;
    let (limit, after) = (page.limit()?, open(user, page.after.as_deref())?);
    let reader = ctx.read()?;
    let total = page.total(&reader, &store::of_person(user)).await?;
    let rows = store::behind(&reader, user, after, limit + 1).await?;
    Ok(Page::cut(rows, limit, total, cursor))
}

/// What the caller is told behind the cursor `after`, else from now on, until the process stops or
/// the caller may not hear it any more.
pub async fn follow(
    ctx: Ctx,
    after: Option<&str>,
) -> Result<impl Stream<Item = Result<Model>> + Send + use<>> {
    let user = reader(&ctx.actor)?;
    // Before the look: what is told between the two is heard of.
    let signals = ctx.services.signals.listen();
    let mut watch = Watch::new(signals, Signal::Notified(user));
    let mut behind = match after {
        Some(_) => open(user, after)?,
        None => store::last(&ctx.read()?, user).await?,
    };
    let stop = ctx.services.stop.clone();
    Ok(async_stream::try_stream! {
        loop {
            loop {
                let rows = store::behind(&ctx.read()?, user, behind, BATCH).await?;
                let whole = rows.len() as u64 == BATCH;
                for row in rows {
                    behind = Some(place(&row));
                    yield row;
                }
                if !whole {
                    break;
                }
            }
            match stop.run_until_cancelled(watch.wake()).await {
                None | Some(Woken::Never) => return,
                Some(Woken::Moved) => {}
                Some(Woken::Caller) => identity::recall(&ctx).await?,
            }
        }
    })
}

/// The list that the cursors are of.
fn list(user: UserId) -> String {
    format!("told {user}")
}

fn place(row: &Model) -> Place {
    Place {
        time: row.created_at,
        id: row.id.0,
    }
}

fn open(user: UserId, cursor: Option<&str>) -> Result<Option<Place>> {
    let open = |cursor| page::open(&list(user), Order::Oldest, cursor);
    cursor.map(open).transpose()
}
