//! How many different people were active, of any days, is what counting them one by one says.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use entity::conversation::{message, thread};
use entity::id::{MessageId, ThreadId, UserId};
use sea_orm::EntityTrait;
use service::analytics::{Bucket, Range, active_users, fold, rebuild};
use service::conversation::{self, NewMessage};
use service::expect::Expect;
use tests::TestApp;
use uuid::Uuid;

use super::{Dice, all, at, built, nothing_is_wrong};
use crate::analytics::{begin, message as some_message};

/// A message of some day of three months.
fn said(dice: &mut Dice, id: Option<MessageId>) -> NewMessage {
    let begin: DateTime<Utc> = at("2026-02-10T00:00:00Z");
    let day = TimeDelta::days(i64::try_from(dice.below(90)).unwrap());
    let second = TimeDelta::seconds(dice.pick(&[0, 1, 43_200, 86_399]));
    NewMessage {
        creation_date: Some(begin + day + second),
        ..some_message(dice, id)
    }
}

pub(super) struct Said {
    thread: ThreadId,
    held: Vec<MessageId>,
}

pub(super) async fn step(app: &TestApp, dice: &mut Dice, threads: &mut Vec<Said>) {
    let ctx = app.system();
    let choice = dice.below(10);
    if choice < 2 || threads.is_empty() {
        let user = UserId(Uuid::from_u128(u128::from(dice.below(9))));
        let thread = begin(app, user).await;
        let held = Vec::new();
        threads.push(Said { thread, held });
        return;
    }
    let place = usize::try_from(dice.below(threads.len() as u64)).unwrap();
    let some = &mut threads[place];
    match choice {
        2..7 => {
            let new = (0..=dice.below(4)).map(|_| said(dice, None)).collect();
            let new = conversation::append(&ctx, some.thread, new, "/messages").await;
            some.held
                .extend(new.unwrap().iter().map(|one| one.message.id));
        }
        7..9 => {
            if let Some(id) = some.held.pop() {
                conversation::remove(&ctx, some.thread, id).await.unwrap();
            }
        }
        _ => {
            let any = Expect::Any;
            conversation::delete(&ctx, some.thread, &any).await.unwrap();
            threads.swap_remove(place);
        }
    }
}

/// Who was active on which day.
async fn days(app: &TestApp) -> BTreeSet<(NaiveDate, UserId)> {
    let db = app.services().db.read().unwrap();
    let threads: BTreeMap<ThreadId, UserId> = all::<thread::Entity>(&db)
        .await
        .into_iter()
        .map(|thread| (thread.id, thread.user_id))
        .collect();
    let messages = all::<message::Entity>(&db).await;
    let day = |message: &message::Model| {
        let day = message.creation_date.date_naive();
        (day, threads[&message.thread_id])
    };
    messages.iter().map(day).collect()
}

async fn counts_agree(app: &TestApp, when: &str) {
    let days = days(app).await;
    let within = |from: NaiveDate, to: NaiveDate| {
        let some = days.range((from, UserId(Uuid::nil()))..(to, UserId(Uuid::nil())));
        let people: BTreeSet<UserId> = some.map(|(_, user)| *user).collect();
        i64::try_from(people.len()).unwrap()
    };
    for (from, to, bucket) in [
        ("2026-02-10T00:00:00Z", "2026-05-11T00:00:00Z", Bucket::Day),
        ("2026-02-11T10:00:00Z", "2026-04-15T12:00:00Z", Bucket::Week),
        (
            "2026-02-01T00:00:00Z",
            "2026-06-01T00:00:00Z",
            Bucket::Month,
        ),
        (
            "2026-03-29T23:59:59.999999Z",
            "2026-03-30T00:00:00.000001Z",
            Bucket::Day,
        ),
    ] {
        let range = Range {
            from: at(from),
            to: at(to),
        };
        let told = active_users(&app.system(), range, bucket).await.unwrap();
        let what = format!("{}, {when}, {bucket:?} from {from}", app.engine);
        let first = range.from.date_naive();
        let last = (range.to - TimeDelta::microseconds(1)).date_naive();
        let end = last + Days::new(1);
        assert_eq!(told.all, within(first, end), "{what}");
        let starts: Vec<NaiveDate> = told
            .points
            .iter()
            .map(|point| point.0.date_naive())
            .collect();
        for (place, (start, people)) in told.points.iter().enumerate() {
            let until = starts.get(place + 1).copied().unwrap_or(end);
            let since = starts[place].max(first);
            assert_eq!(*people, within(since, until), "{what}: {start}");
        }
    }
}

#[tokio::test]
async fn active_people_are_counted_as_one_by_one_whatever_is_done() {
    for app in TestApp::each().await {
        let mut dice = Dice(0xAC_0001);
        built(&app).await;
        let mut threads = Vec::new();
        for round in 0..14 {
            for _ in 0..6 {
                step(&app, &mut dice, &mut threads).await;
            }
            counts_agree(&app, &format!("round {round}, before the fold")).await;
            if dice.below(3) > 0 {
                fold(&app.system()).await.unwrap();
                counts_agree(&app, &format!("round {round}, after the fold")).await;
            }
        }
        assert!(
            app.row_counts().await["active_rollups"] > 0,
            "{}",
            app.engine
        );
        nothing_is_wrong(&app, "at the end").await;
        app.stop().await;
    }
}

#[tokio::test]
async fn active_people_are_the_same_before_their_sums_are_built_and_after() {
    for app in TestApp::each().await {
        let mut dice = Dice(0xAC_0002);
        let mut threads = Vec::new();
        for _ in 0..40 {
            step(&app, &mut dice, &mut threads).await;
        }
        fold(&app.system()).await.unwrap();
        counts_agree(&app, "not built").await;
        // As an upgrade finds it.
        let tx = app.system().write().await.unwrap();
        let all = entity::analytics::active_rollup::Entity::delete_many();
        all.exec(&tx).await.unwrap();
        tx.commit().await.unwrap();
        let found = rebuild(&app.system(), false, &|_| ()).await.unwrap();
        let tables: Vec<_> = found.differences.counts.into_keys().collect();
        assert_eq!(tables, ["active_rollups"], "{}", app.engine);
        counts_agree(&app, "built").await;
        app.stop().await;
    }
}
