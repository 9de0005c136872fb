//! Who spent most is what the rows say, whatever of it is packed.

use std::collections::BTreeMap;

use entity::conversation::{message, thread, token_consumption};
use entity::id::UserId;
use sea_orm::EntityTrait;
use service::analytics::{
    Bucket, Dimension, Question, Range, Tz, fold, pack, rebuild, token_usage,
};
use tests::TestApp;

use super::people::{Said, step};
use super::{Dice, all, at, built};

async fn spent(app: &TestApp, range: Range) -> Vec<(UserId, i64)> {
    let db = app.services().db.read().unwrap();
    let threads = all::<thread::Entity>(&db).await.into_iter();
    let owners: BTreeMap<_, _> = threads.map(|thread| (thread.id, thread.user_id)).collect();
    let messages = all::<message::Entity>(&db).await.into_iter();
    let messages: BTreeMap<_, _> = messages
        .filter(|message| (range.from..range.to).contains(&message.creation_date))
        .map(|message| (message.id, owners[&message.thread_id]))
        .collect();
    let mut sums: BTreeMap<UserId, i64> = BTreeMap::new();
    for row in all::<token_consumption::Entity>(&db).await {
        if let Some(user) = messages.get(&row.message_id) {
            *sums.entry(*user).or_default() += i64::from(row.count);
        }
    }
    let mut most: Vec<(UserId, i64)> = sums.into_iter().filter(|(_, sum)| *sum != 0).collect();
    most.sort_by(|(a, more), (b, less)| less.cmp(more).then(a.cmp(b)));
    most
}

async fn most_agree(app: &TestApp, when: &str) {
    for (from, to) in [
        ("2026-02-01T00:00:00Z", "2026-06-01T00:00:00Z"),
        ("2026-02-11T00:00:00Z", "2026-04-21T00:00:00Z"),
        ("2026-03-03T06:15:00Z", "2026-03-05T18:30:00Z"),
        ("2025-01-01T00:00:00Z", "2100-01-01T00:00:00Z"),
    ] {
        let range = Range {
            from: at(from),
            to: at(to),
        };
        let question = Question {
            range,
            bucket: Bucket::Month,
            zone: Tz::UTC,
            group_by: vec![Dimension::User],
            top: 3,
            points: false,
            cost: false,
        };
        let rows = spent(app, question.range).await;
        let told = token_usage(&app.system(), question).await.unwrap();
        let what = format!("{}, {when}, from {from}", app.engine);
        assert_eq!(
            told.total,
            rows.iter().map(|(_, sum)| sum).sum::<i64>(),
            "{what}"
        );
        let series = told.series.iter().filter(|series| !series.others);
        let series: Vec<_> = series
            .map(|one| (one.group.user.unwrap(), one.total))
            .collect();
        assert_eq!(series, rows[..rows.len().min(3)], "{what}");
        assert_eq!(
            told.series.iter().any(|series| series.others),
            rows.len() > 3,
            "{what}"
        );
    }
}

#[tokio::test]
async fn who_spent_most_is_the_same_packed_or_not() {
    for app in TestApp::each().await {
        // Later than all that is said.
        app.clock.stop_at(at("2026-06-05T00:00:00Z"));
        let mut dice = Dice(0x3057_0001);
        built(&app).await;
        let mut threads: Vec<Said> = Vec::new();
        for round in 0..8 {
            for _ in 0..10 {
                step(&app, &mut dice, &mut threads).await;
            }
            most_agree(&app, &format!("round {round}, before the fold")).await;
            fold(&app.system()).await.unwrap();
            most_agree(&app, &format!("round {round}, after the fold")).await;
            if round % 2 == 1 {
                // Some of it, and all of it.
                while pack(&app.system()).await.unwrap() > 0 {
                    most_agree(&app, &format!("round {round}, packing")).await;
                }
                assert!(app.row_counts().await["user_packs"] > 0, "{}", app.engine);
            }
        }
        // What is mended is not told by what was packed before.
        let days = app
            .number("SELECT count(*) FROM user_packs WHERE people > 0")
            .await;
        assert!(days > 0);
        let tx = app.system().write().await.unwrap();
        let lost = all::<entity::analytics::user_day_rollup::Entity>(&tx)
            .await
            .remove(0);
        entity::analytics::user_day_rollup::Entity::delete_by_id(lost.id)
            .exec(&tx)
            .await
            .unwrap();
        tx.commit().await.unwrap();
        rebuild(&app.system(), false, &|_| ()).await.unwrap();
        assert_eq!(app.row_counts().await["user_packs"], 0);
        most_agree(&app, "mended").await;
        app.stop().await;
    }
}
