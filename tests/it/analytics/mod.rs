//! Analytics: the rollups are the sum of the rows, whatever happened to them, and the series are
//! what a plain sum says.

mod charts;
mod doors;
mod price;
mod rebuild;
mod reconcile;
mod rollup;
pub(crate) mod sample;
mod series;
mod zones;

use std::collections::BTreeMap;

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use entity::analytics::{
    thread_rollup, token_day_rollup, token_delta, token_hour_rollup, token_rollup,
    token_user_rollup, user_day_rollup, user_month_rollup,
};
use entity::conversation::message::MessageEntity;
use entity::conversation::token_consumption::{TokenTask, TokenType};
use entity::conversation::{message, thread, token_consumption};
use entity::id::{MessageId, ThreadId, UserId};
use entity::{Scope, Scoped};
use sea_orm::{ConnectionTrait, EntityTrait};
use service::conversation::{self, NewMessage, NewThread, NewTokens};
use service::write::Write;
use tests::TestApp;

/// The same numbers for the same seed, wherever it runs.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        // xorshift64*
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % end
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[usize::try_from(self.below(of.len() as u64)).unwrap()]
    }
}

/// Sums of tokens and messages, by rollup and by what each is told apart by.
type Books = BTreeMap<String, (i64, i64)>;

fn enter(books: &mut Books, key: String, tokens: i64, messages: i64) {
    let entry = books.entry(key).or_default();
    // A test plants sums that no number holds.
    *entry = (entry.0.wrapping_add(tokens), entry.1 + messages);
}

fn closed(mut books: Books) -> Books {
    books.retain(|_, sums| *sums != (0, 0));
    books
}

async fn all<E: EntityTrait + Scoped>(db: &impl ConnectionTrait) -> Vec<E::Model> {
    E::within(Scope::Everyone).all(db).await.unwrap()
}

fn quarter(moment: DateTime<Utc>) -> DateTime<Utc> {
    let past = moment.timestamp().rem_euclid(900);
    DateTime::from_timestamp(moment.timestamp() - past, 0).unwrap()
}

fn hour(moment: DateTime<Utc>) -> DateTime<Utc> {
    moment.duration_trunc(TimeDelta::hours(1)).unwrap()
}

/// The first of a moment's month.
fn month(moment: DateTime<Utc>) -> String {
    moment.format("%Y-%m-01").to_string()
}

/// One snapshot for all that is read: a fold that was cut off may still be committing.
async fn snapshot(app: &TestApp) -> Write {
    let tx = app.system().write().await.unwrap();
    if app.engine == "PostgreSQL" {
        let sql = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ";
        tx.execute_unprepared(sql).await.unwrap();
    }
    tx
}

/// What the rows say, summed here.
async fn rows(db: &Write) -> Books {
    let threads: BTreeMap<ThreadId, UserId> = all::<thread::Entity>(db)
        .await
        .into_iter()
        .map(|thread| (thread.id, thread.user_id))
        .collect();
    let mut tokens: BTreeMap<MessageId, Vec<token_consumption::Model>> = BTreeMap::new();
    for row in all::<token_consumption::Entity>(db).await {
        tokens.entry(row.message_id).or_default().push(row);
    }
    let mut books = Books::new();
    for message in all::<message::Entity>(db).await {
        let bucket = quarter(message.creation_date);
        let (day, user) = (bucket.date_naive(), threads[&message.thread_id]);
        let spent = tokens.remove(&message.id).unwrap_or_default();
        let mut kinds: BTreeMap<String, i64> = BTreeMap::new();
        for row in &spent {
            let model: String = row.model.chars().take(255).collect();
            let kind = format!("{model} {:?} {:?}", row.task, row.kind);
            *kinds.entry(kind).or_default() += i64::from(row.count);
        }
        let whole: i64 = kinds.values().sum();
        enter(&mut books, format!("person {day} {user}"), whole, 1);
        let by_month = format!("month {} {user}", month(bucket));
        enter(&mut books, by_month, whole, 1);
        enter(
            &mut books,
            format!("thread {}", message.thread_id),
            whole,
            1,
        );
        for (kind, count) in kinds {
            enter(&mut books, format!("quarter {bucket} {kind}"), count, 1);
            let hour = hour(bucket);
            enter(&mut books, format!("hour {hour} {kind}"), count, 1);
            enter(&mut books, format!("day {day} {kind}"), count, 1);
            enter(&mut books, format!("user {bucket} {user} {kind}"), count, 1);
        }
    }
    assert!(tokens.is_empty(), "tokens of no message");
    closed(books)
}

/// What the rollups and the open deltas say.
async fn sums(db: &Write) -> Books {
    let mut books = Books::new();
    for row in all::<token_rollup::Entity>(db).await {
        let kind = format!("{} {:?} {:?}", row.model, row.task, row.kind);
        let key = format!("quarter {} {kind}", row.bucket_start);
        enter(&mut books, key, row.count, row.messages);
    }
    for row in all::<token_hour_rollup::Entity>(db).await {
        let kind = format!("{} {:?} {:?}", row.model, row.task, row.kind);
        let key = format!("hour {} {kind}", row.bucket_start);
        enter(&mut books, key, row.count, row.messages);
    }
    for row in all::<token_day_rollup::Entity>(db).await {
        let key = format!(
            "day {} {} {:?} {:?}",
            row.day, row.model, row.task, row.kind
        );
        enter(&mut books, key, row.count, row.messages);
    }
    for row in all::<token_user_rollup::Entity>(db).await {
        let kind = format!("{} {:?} {:?}", row.model, row.task, row.kind);
        let key = format!("user {} {} {kind}", row.bucket_start, row.user_id);
        enter(&mut books, key, row.count, row.messages);
    }
    for row in all::<user_day_rollup::Entity>(db).await {
        let key = format!("person {} {}", row.day, row.user_id);
        enter(&mut books, key, row.tokens, row.messages);
    }
    for row in all::<user_month_rollup::Entity>(db).await {
        let key = format!("month {} {}", row.month, row.user_id);
        enter(&mut books, key, row.tokens, row.messages);
    }
    for row in all::<thread_rollup::Entity>(db).await {
        let key = format!("thread {}", row.thread_id);
        enter(&mut books, key, row.tokens, row.messages);
    }
    for row in all::<token_delta::Entity>(db).await {
        let (bucket, user) = (row.bucket_start, row.user_id);
        let day = bucket.date_naive();
        let whole = if row.model.is_none() { row.messages } else { 0 };
        enter(&mut books, format!("person {day} {user}"), row.count, whole);
        let by_month = format!("month {} {user}", month(bucket));
        enter(&mut books, by_month, row.count, whole);
        enter(
            &mut books,
            format!("thread {}", row.thread_id),
            row.count,
            whole,
        );
        if let (Some(model), Some(task), Some(kind)) = (row.model, row.task, row.kind) {
            let kind = format!("{model} {task:?} {kind:?}");
            for key in [
                format!("quarter {bucket} {kind}"),
                format!("hour {} {kind}", hour(bucket)),
                format!("day {day} {kind}"),
                format!("user {bucket} {user} {kind}"),
            ] {
                enter(&mut books, key, row.count, row.messages);
            }
        }
    }
    closed(books)
}

/// What is in one of two books and not, or otherwise, in the other.
fn apart(rows: &Books, sums: &Books) -> Vec<String> {
    let keys = rows.keys().chain(sums.keys());
    let mut wrong: Vec<String> = keys
        .filter(|key| rows.get(*key) != sums.get(*key))
        .map(|key| format!("{key}: {:?}, and not {:?}", sums.get(key), rows.get(key)))
        .collect();
    wrong.dedup();
    wrong
}

async fn agree(app: &TestApp, when: &str) {
    let db = snapshot(app).await;
    let (rows, sums) = (rows(&db).await, sums(&db).await);
    let wrong = apart(&rows, &sums);
    assert!(
        wrong.is_empty(),
        "{}, {when}\n{}",
        app.engine,
        wrong.join("\n")
    );
}

async fn begin(app: &TestApp, user: UserId) -> ThreadId {
    let new = NewThread {
        user: Some(user),
        ..NewThread::default()
    };
    conversation::create(&app.system(), new).await.unwrap().id
}

/// A message of some moment within five days, with some tokens. In between clocks are put forth, and a
/// month begins.
fn message(dice: &mut Dice, id: Option<MessageId>) -> NewMessage {
    let begin: DateTime<Utc> = "2026-03-28T00:00:00Z".parse().unwrap();
    let micros = i64::try_from(dice.below(5 * 86_400)).unwrap() * 1_000_000
        + dice.pick(&[0, 999_999, 123_456]);
    let tokens = (0..dice.below(5)).map(|_| NewTokens {
        id: None,
        kind: dice.pick(&[
            TokenType::InputCached,
            TokenType::InputNoncached,
            TokenType::Completion,
        ]),
        task: dice.pick(&[TokenTask::ChatCompletion, TokenTask::CallWithinTool]),
        count: i32::try_from(dice.below(3_000)).unwrap(),
        model: dice.pick(&["heron", "atlas", "Ωmega"]).to_owned(),
    });
    let tokens = tokens.collect();
    NewMessage {
        id,
        creation_date: Some(begin + TimeDelta::microseconds(micros)),
        entity: MessageEntity::Tool,
        content: "{}".to_owned(),
        is_complete: true,
        tool_calls: Vec::new(),
        tool_selections: Vec::new(),
        complexity: Vec::new(),
        tokens,
    }
}
