//! What is said in a thread, as it is said.
//!
//! The table is shared and has no numbers that count upward, and rows change and go without a trace.
//! So who follows remembers the last messages, each by a mark of what it holds, and looks through
//! them again whenever something moved. An event's id holds what its reader remembers: whoever comes
//! back with it hears what is new, what is another by now, and what is gone.

use std::collections::VecDeque;

use entity::conversation::{message, thread};
use entity::id::{MessageId, ThreadId};
use futures::Stream;
use sea_orm::ConnectionTrait;
use serde_json::json;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::message::MessageDetail;
use super::{policy, store};
use crate::ctx::Ctx;
use crate::error::{Common, Result};
use crate::identity;
use crate::page::{self, Order, Place, moment};
use crate::signal::{Signal, Watch, Woken};

/// How many messages are read at once.
const BATCH: u64 = 32;

/// How many of the last messages are remembered: what changes further back is not told.
const TAIL: usize = 16;

/// What is told of a thread.
#[derive(Clone, Debug)]
pub enum News {
    /// The thread itself is another than before; or this is the beginning.
    Thread(thread::Model),
    /// A message that is new, or another than before.
    Message(Box<MessageDetail>),
    /// A message that is gone.
    Removed(MessageId),
}

/// Something that is told, with the cursor that goes on behind it.
#[derive(Clone, Debug)]
pub struct Told {
    /// The event's id.
    pub cursor: String,
    /// What happened.
    pub news: News,
}

/// What happens to a thread behind the cursor `after`, else from now on, until the thread is gone,
/// the process stops, or the caller may not see it any more. Without a cursor the thread comes first,
/// so that there is one.
pub async fn follow(
    ctx: Ctx,
    id: ThreadId,
    after: Option<&str>,
) -> Result<impl Stream<Item = Result<Told>> + Send + use<>> {
    let scope = policy::read(&ctx.actor)?;
    // Before the look: what is said between the two is heard of.
    let signals = ctx.services.signals.listen();
    let mut watch = Watch::new(signals, Signal::ThreadWritten(id));
    let reader = ctx.read()?;
    store::thread(&reader, scope, id).await?;
    let mut seen = match after {
        Some(cursor) => Seen::open(id, cursor)?,
        None => Seen::now(&reader, id).await?,
    };
    let stop = ctx.services.stop.clone();
    Ok(async_stream::try_stream! {
        loop {
            let thread = store::thread(&ctx.read()?, scope, id).await?;
            if seen.look(&thread) {
                yield seen.told(News::Thread(thread));
            }
            seen.turn();
            let mut behind = seen.floor;
            loop {
                let reader = ctx.read()?;
                let rows = store::messages_behind(&reader, id, behind, BATCH).await?;
                let whole = rows.len() as u64 == BATCH;
                for detail in store::details(&reader, rows).await? {
                    behind = Some(place(&detail.message));
                    if seen.meet(&detail) {
                        yield seen.told(News::Message(Box::new(detail)));
                    }
                }
                if !whole {
                    break;
                }
            }
            while let Some(gone) = seen.miss() {
                yield seen.told(News::Removed(gone));
            }
            match stop.run_until_cancelled(watch.wake()).await {
                None | Some(Woken::Never) => return,
                Some(Woken::Moved) => {}
                Some(Woken::Caller) => identity::recall(&ctx).await?,
            }
        }
    })
}

/// A few bytes that are others when what they are made of is another.
type Mark = [u8; 4];

/// What a reader of a thread has seen of it.
#[derive(Debug)]
struct Seen {
    id: ThreadId,
    /// The thread itself.
    thread: Option<Mark>,
    /// Up to where nothing is remembered.
    floor: Option<Place>,
    /// The messages behind it, as far as they were met by now, in their order.
    met: VecDeque<(Place, Mark)>,
    /// Those that were seen before, and not met yet.
    before: Vec<(MessageId, Mark)>,
}

impl Seen {
    /// What who comes now has seen: all that is there.
    async fn now(conn: &impl ConnectionTrait, id: ThreadId) -> Result<Self> {
        let mut rows = store::last_messages(conn, id, TAIL as u64 + 1).await?;
        rows.reverse();
        let mut seen = Self {
            id,
            thread: None,
            floor: None,
            met: VecDeque::new(),
            before: Vec::new(),
        };
        for detail in store::details(conn, rows).await? {
            seen.meet(&detail);
        }
        Ok(seen)
    }

    /// Whether the thread is another than it was.
    fn look(&mut self, thread: &thread::Model) -> bool {
        let now = mark(&json!([
            thread.title,
            thread.vlab_id,
            thread.project_id,
            thread.creation_date,
            thread.user_id,
        ]));
        self.thread.replace(now) != Some(now)
    }

    /// Begin at the floor again.
    fn turn(&mut self) {
        let met = self.met.drain(..);
        let met = met.map(|(place, mark)| (MessageId(place.id), mark));
        self.before.extend(met);
    }

    /// Go on to the next message; tells whether it is new, or another than it was.
    fn meet(&mut self, detail: &MessageDetail) -> bool {
        let now = mark_of(detail);
        let mut before = self.before.iter();
        let known = before.position(|(id, _)| *id == detail.message.id);
        let then = known.map(|at| self.before.swap_remove(at).1);
        self.met.push_back((place(&detail.message), now));
        if self.met.len() > TAIL {
            self.floor = self.met.pop_front().map(|(place, _)| place);
        }
        then != Some(now)
    }

    /// A message that was seen before and was not met.
    fn miss(&mut self) -> Option<MessageId> {
        self.before.pop().map(|(id, _)| id)
    }

    fn told(&self, news: News) -> Told {
        let cursor = self.seal();
        Told { cursor, news }
    }

    /// The cursor of all this.
    fn seal(&self) -> String {
        let mut bytes = self.thread.unwrap_or_default().to_vec();
        bytes.push(u8::from(self.floor.is_some()));
        if let Some(Place { time, id }) = self.floor {
            bytes.extend(time.timestamp_micros().to_be_bytes());
            bytes.extend(id.as_bytes());
        }
        let met = self.met.iter().map(|(place, mark)| (place.id, mark));
        let before = self.before.iter().map(|(id, mark)| (id.0, mark));
        for (id, mark) in met.chain(before) {
            bytes.extend(id.as_bytes());
            bytes.extend(mark);
        }
        page::seal_bytes(&list(self.id), Order::Oldest, &bytes)
    }

    /// What the cursor says.
    fn open(id: ThreadId, cursor: &str) -> Result<Self> {
        let bytes = page::open_all(&list(id), Order::Oldest, cursor)?;
        Self::read(id, &bytes).ok_or_else(|| Common::Cursor.into())
    }

    fn read(id: ThreadId, bytes: &[u8]) -> Option<Self> {
        let (thread, bytes) = bytes.split_first_chunk::<4>()?;
        let (floor, mut bytes) = match bytes.split_first()? {
            (0, bytes) => (None, bytes),
            (_, bytes) => {
                let (time, bytes) = bytes.split_at_checked(8)?;
                let (id, bytes) = bytes.split_at_checked(16)?;
                let (time, id) = (moment(time)?, Uuid::from_slice(id).ok()?);
                (Some(Place { time, id }), bytes)
            }
        };
        let mut before = Vec::new();
        while !bytes.is_empty() {
            let (id, rest) = bytes.split_at_checked(16)?;
            let (mark, rest) = rest.split_first_chunk::<4>()?;
            before.push((MessageId(Uuid::from_slice(id).ok()?), *mark));
            bytes = rest;
        }
        Some(Self {
            id,
            thread: Some(*thread),
            floor,
            met: VecDeque::new(),
            before,
        })
    }
}

/// The list that the cursors are of.
fn list(id: ThreadId) -> String {
    format!("thread {id}")
}

fn place(message: &message::Model) -> Place {
    Place {
        time: message.creation_date,
        id: message.id.0,
    }
}

fn mark(what: &serde_json::Value) -> Mark {
    let [a, b, c, d, ..]: [u8; 32] = Sha256::digest(what.to_string()).into();
    [a, b, c, d]
}

fn mark_of(detail: &MessageDetail) -> Mark {
    let calls = detail.tool_calls.iter();
    let calls = calls.map(|row| json!([row.id.0, row.name, row.arguments, row.validated]));
    let selections = detail.tool_selections.iter();
    let selections = selections.map(|row| json!([row.id, row.tool_name]));
    let complexity = detail.complexity.iter();
    let complexity =
        complexity.map(|row| json!([row.id, row.complexity, row.model, row.reasoning]));
    let tokens = detail.tokens.iter();
    let tokens = tokens.map(|row| json!([row.id, row.kind, row.task, row.count, row.model]));
    let message = &detail.message;
    mark(&json!([
        message.creation_date,
        message.entity,
        message.content,
        message.is_complete,
        calls.collect::<Vec<_>>(),
        selections.collect::<Vec<_>>(),
        complexity.collect::<Vec<_>>(),
        tokens.collect::<Vec<_>>(),
    ]))
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use entity::conversation::message::MessageEntity;

    use super::*;

    const THREAD: ThreadId = ThreadId(Uuid::from_u128(1));

    /// The message `number`, which says `content`.
    fn said(number: i64, content: &str) -> MessageDetail {
        let message = message::Model {
            id: MessageId(Uuid::from_u128(number.unsigned_abs().into())),
            creation_date: DateTime::from_timestamp_micros(number).unwrap(),
            content: content.to_owned(),
            thread_id: THREAD,
            entity: MessageEntity::Tool,
            is_complete: true,
        };
        message.into()
    }

    /// What is told of `messages` to whom `seen` says.
    fn walk(seen: &mut Seen, messages: &[MessageDetail]) -> (Vec<u128>, Vec<u128>) {
        seen.turn();
        let floor = seen.floor;
        let behind = |detail: &&MessageDetail| {
            let place = place(&detail.message);
            floor.is_none_or(|floor| (place.time, place.id) > (floor.time, floor.id))
        };
        let all = messages.iter().filter(behind);
        let told: Vec<_> = all.filter(|detail| seen.meet(detail)).collect();
        let told = told.iter().map(|detail| detail.message.id.0.as_u128());
        let gone = std::iter::from_fn(|| seen.miss()).map(|id| id.0.as_u128());
        (told.collect(), gone.collect())
    }

    #[test]
    fn a_cursor_says_what_its_reader_has_seen() {
        let mut all: Vec<_> = (1..=40).map(|number| said(number * 2, "a")).collect();
        let mut seen = Seen::read(THREAD, &[0; 5]).unwrap();
        assert_eq!(walk(&mut seen, &all).0.len(), 40);
        let opened = |seen: &Seen| Seen::open(THREAD, &seen.seal()).unwrap();
        assert_eq!(walk(&mut opened(&seen), &all), (vec![], vec![]));

        // One changes, one goes, one comes late, one comes at the end; far back nobody looks.
        all[30] = said(62, "b");
        all.remove(35);
        all[0] = said(2, "b");
        all.insert(33, said(67, "late"));
        all.push(said(99, "new"));
        let mut again = opened(&seen);
        assert_eq!(walk(&mut again, &all), (vec![62, 67, 99], vec![72]));
        assert_eq!(walk(&mut opened(&again), &all), (vec![], vec![]));
        // Half-way through, what was not met yet is remembered as it was.
        let mut half = opened(&seen);
        half.turn();
        assert!(half.meet(&all[30]));
        assert_eq!(walk(&mut opened(&half), &all), (vec![67, 99], vec![72]));

        for bad in ["", "AAAA", &seen.seal()[..40]] {
            assert_eq!(Seen::open(THREAD, bad).unwrap_err().code(), "cursor.bad");
        }
        let other = ThreadId(Uuid::from_u128(2));
        assert!(Seen::open(other, &seen.seal()).is_err());
    }
}
