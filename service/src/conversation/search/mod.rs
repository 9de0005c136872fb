//! Search in what was said: the same question, and the same hits, on both engines.
//!
//! A question is words (all must occur), `"phrases in quotes"` and `-exclusions`; words are compared
//! after English stemming, and words of no weight ("the", "of") are passed over. Hits come by score,
//! then the newest first. Scores are not comparable between engines.

pub(crate) mod postgres;
mod question;
pub(crate) mod sqlite;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use chrono::{DateTime, Utc};
use entity::Scope;
use entity::conversation::message::MessageEntity;
use entity::id::{MessageId, ThreadId};
use sea_orm::{FromQueryResult, Statement};
use uuid::Uuid;

pub use self::question::Term;
pub(crate) use self::question::terms;
use super::{policy, store};
use crate::check::is_kept;
use crate::ctx::Ctx;
use crate::db::Engine;
use crate::error::{Common, Result};
use crate::page::{Page, Request, Total};

/// Stand around a hit in what the engine returns. Private use characters: neither engine takes them
/// for letters, and they are taken out before the snippet leaves.
const OPEN: char = '\u{E000}';
const CLOSE: char = '\u{E001}';

/// What is searched for, and where.
#[derive(Clone, Debug)]
pub struct Question {
    /// The words.
    pub text: String,
    /// Only in this thread.
    pub thread: Option<ThreadId>,
}

/// A message that answers the question.
#[derive(Clone, Debug)]
pub struct Hit {
    /// The message.
    pub message_id: MessageId,
    /// Its thread.
    pub thread_id: ThreadId,
    /// The thread's title.
    pub title: String,
    /// Who speaks.
    pub entity: MessageEntity,
    /// When it was said.
    pub creation_date: DateTime<Utc>,
    /// How well it fits; higher is better.
    pub score: f64,
    /// Pieces of the text around the hits, in their order.
    pub snippet: Vec<Fragment>,
}

/// A piece of a snippet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fragment {
    /// The piece.
    pub text: String,
    /// Whether it is one of the words that were searched for.
    pub hit: bool,
}

#[derive(Debug, FromQueryResult)]
struct Row {
    message_id: Uuid,
    thread_id: Uuid,
    title: String,
    entity: MessageEntity,
    creation_date: DateTime<Utc>,
    score: f64,
    snippet: String,
}

/// Where a page of hits begins.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Edge {
    score: f64,
    time: DateTime<Utc>,
    id: Uuid,
}

/// One page of the messages in the caller's sight that answer the question, the best first.
pub async fn search(ctx: &Ctx, question: Question, page: Request) -> Result<Page<Hit>> {
    let scope = policy::read(&ctx.actor)?;
    let limit = page.limit()?;
    let terms = terms(&question.text, "q")?;
    let list = format!("search {scope:?} {question:?}");
    let cursor = page.after.as_ref();
    let edge = cursor.map(|cursor| Edge::open(&list, cursor)).transpose()?;

    let reader = ctx.read()?;
    if let Some(thread) = question.thread {
        store::thread(&reader, scope, thread).await?;
    }
    if terms.iter().all(|term| term.excluded) {
        // Nothing but words of no weight: nothing has them.
        return Ok(Page {
            items: Vec::new(),
            next: None,
            total: page.count.map(|_| Total {
                count: 0,
                exact: true,
            }),
        });
    }
    let within = Within {
        scope,
        thread: question.thread,
        edge,
        limit: limit + 1,
    };
    let engine = reader.engine();
    let statement = match engine {
        Engine::Postgres => postgres::statement(&terms, &within),
        Engine::Sqlite => sqlite::statement(&terms, &within),
    };
    let all = || match engine {
        Engine::Postgres => postgres::all(&terms, &within),
        Engine::Sqlite => sqlite::all(&terms, &within),
    };
    let total = page.total_of(&reader, all).await?;
    let rows = Row::find_by_statement(statement).all(&reader).await?;
    let page = Page::cut(rows, limit, total, |last| {
        let edge = Edge {
            score: last.score,
            time: last.creation_date,
            id: last.message_id,
        };
        edge.seal(&list)
    });
    Ok(page.map(Hit::from))
}

/// What the engine's statement keeps to.
struct Within {
    scope: Scope,
    thread: Option<ThreadId>,
    edge: Option<Edge>,
    limit: u64,
}

impl Within {
    /// The conditions that both engines share, on `messages AS m` and `threads AS t`; `mark` writes
    /// the placeholder of a value.
    fn conditions(&self, mark: &mut impl FnMut(sea_orm::Value) -> String) -> String {
        let own = match self.scope {
            Scope::Owner(user) => format!(" AND t.user_id = {}", mark(user.0.into())),
            Scope::Everyone => String::new(),
        };
        let here = match self.thread {
            Some(thread) => format!(" AND m.thread_id = {}", mark(thread.0.into())),
            None => String::new(),
        };
        own + &here
    }

    /// The condition that a row comes after the edge, on the columns of the statement's inner query.
    fn after(&self, mark: &mut impl FnMut(sea_orm::Value) -> String) -> String {
        let Some(Edge { score, time, id }) = self.edge else {
            return String::new();
        };
        let (score, time, id) = (mark(score.into()), mark(time.into()), mark(id.into()));
        format!(" WHERE (score, creation_date, message_id) < ({score}, {time}, {id})")
    }
}

impl Edge {
    fn seal(self, list: &str) -> String {
        let bytes = [
            &list_mark(list)[..],
            &self.score.to_be_bytes(),
            &self.time.timestamp_micros().to_be_bytes(),
            self.id.as_bytes(),
        ];
        BASE64.encode(bytes.concat())
    }

    fn open(list: &str, cursor: &str) -> Result<Self> {
        let read = || {
            let bytes = <[u8; 40]>::try_from(BASE64.decode(cursor).ok()?).ok()?;
            let eight = |at: usize| <[u8; 8]>::try_from(&bytes[at..at + 8]).ok();
            (eight(0)? == list_mark(list)).then_some(())?;
            Some(Self {
                score: Some(f64::from_be_bytes(eight(8)?)).filter(|score| score.is_finite())?,
                time: DateTime::from_timestamp_micros(i64::from_be_bytes(eight(16)?))
                    .filter(|time| is_kept(*time))?,
                id: Uuid::from_slice(&bytes[24..]).ok()?,
            })
        };
        read().ok_or_else(|| Common::Cursor.into())
    }
}

fn list_mark(list: &str) -> [u8; 8] {
    crate::page::mark(list, crate::page::Order::Newest)
}

impl From<Row> for Hit {
    fn from(row: Row) -> Self {
        Self {
            message_id: MessageId(row.message_id),
            thread_id: ThreadId(row.thread_id),
            title: row.title,
            entity: row.entity,
            creation_date: row.creation_date,
            score: row.score,
            snippet: fragments(&row.snippet),
        }
    }
}

/// A snippet with the engine's marks, cut at the marks.
fn fragments(snippet: &str) -> Vec<Fragment> {
    let mut fragments = Vec::new();
    let mut push = |text: &str, hit: bool| {
        let text = text.replace([OPEN, CLOSE], "");
        if !text.is_empty() {
            fragments.push(Fragment { text, hit });
        }
    };
    let mut rest = snippet;
    while let Some((before, after)) = rest.split_once(OPEN) {
        let (hit, after) = after.split_once(CLOSE).unwrap_or((after, ""));
        push(before, false);
        push(hit, true);
        rest = after;
    }
    push(rest, false);
    fragments
}

/// A statement's text and values, as they are put together.
#[derive(Default)]
struct Values(Vec<sea_orm::Value>);

impl Values {
    /// Both engines take numbered placeholders, so a value may stand in the text before another that
    /// was given earlier.
    fn mark(&mut self, sign: char) -> impl FnMut(sea_orm::Value) -> String {
        move |value| {
            self.0.push(value);
            format!("{sign}{}", self.0.len())
        }
    }

    fn statement(self, backend: sea_orm::DbBackend, sql: String) -> Statement {
        Statement::from_sql_and_values(backend, sql, self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snippet_is_cut_at_its_marks() {
        let fragment = |text: &str, hit| Fragment {
            text: text.to_owned(),
            hit,
        };
        for (snippet, expected) in [
            ("", vec![]),
            ("plain", vec![fragment("plain", false)]),
            (
                "a \u{E000}b\u{E001} c",
                vec![
                    fragment("a ", false),
                    fragment("b", true),
                    fragment(" c", false),
                ],
            ),
            ("\u{E000}cut", vec![fragment("cut", true)]),
        ] {
            assert_eq!(fragments(snippet), expected, "{snippet}");
        }
    }

    #[test]
    fn a_cursor_of_hits_opens_in_its_own_list_only() {
        let edge = Edge {
            score: -1.25e-7,
            time: DateTime::from_timestamp_micros(1_767_225_600_123_456).unwrap(),
            id: Uuid::from_u128(9),
        };
        let cursor = edge.seal("a");
        assert_eq!(Edge::open("a", &cursor).unwrap(), edge);
        for (list, cursor) in [("b", cursor.as_str()), ("a", "AAAA"), ("a", "?")] {
            assert_eq!(Edge::open(list, cursor).unwrap_err().code(), "cursor.bad");
        }
    }
}
