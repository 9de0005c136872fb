//! Who is active, and who comes back.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use entity::conversation::{message, thread};
use entity::id::UserId;
use serde_json::{Value, json};
use tests::{Client, TestApp};

use super::{Span, UTC, ask};
use crate::analytics::all;

pub(super) async fn people(app: &TestApp, client: &Client, span: &Span) {
    let db = app.services().db.read().unwrap();
    let threads: BTreeMap<_, UserId> = all::<thread::Entity>(&db)
        .await
        .into_iter()
        .map(|thread| (thread.id, thread.user_id))
        .collect();
    let days: BTreeSet<(NaiveDate, UserId)> = all::<message::Entity>(&db)
        .await
        .iter()
        .map(|message| {
            (
                message.creation_date.date_naive(),
                threads[&message.thread_id],
            )
        })
        .collect();
    let (first, last) = (
        span.from.date_naive(),
        (span.to - TimeDelta::microseconds(1)).date_naive(),
    );
    let within = |from: NaiveDate, to: NaiveDate| -> BTreeSet<UserId> {
        let some = days.iter().filter(|(day, _)| (from..=to).contains(day));
        some.map(|(_, user)| *user).collect()
    };
    let active = ask(
        client,
        span,
        "activeUsers",
        UTC,
        "total points { start users }",
    )
    .await;
    assert_eq!(active["total"], within(first, last).len(), "{}", app.engine);
    for (day, point) in first.iter_days().zip(active["points"].as_array().unwrap()) {
        assert_eq!(
            point["users"],
            within(day, day).len(),
            "{} {day}",
            app.engine
        );
    }

    let mut begun: BTreeMap<UserId, NaiveDate> = BTreeMap::new();
    for (day, user) in &days {
        begun.entry(*user).or_insert(*day);
    }
    let fields = "cohorts { start size active }";
    let weeks = ask(client, span, "retention", "bucket: WEEK", fields).await;
    let cohorts = weeks["cohorts"].as_array().unwrap();
    assert!(cohorts.len() > 10);
    let monday = |cohort: &Value| -> NaiveDate {
        let start = cohort["start"].as_str().unwrap().parse::<DateTime<Utc>>();
        start.unwrap().date_naive()
    };
    for (at, cohort) in cohorts.iter().enumerate() {
        let start = monday(cohort);
        let end = start + Days::new(6);
        let of = |user: &UserId| {
            let day = begun[user];
            day >= first && (start..=end).contains(&day)
        };
        let expected: Vec<usize> = cohorts[at..]
            .iter()
            .map(|week| {
                let (from, to) = (
                    monday(week).max(first),
                    (monday(week) + Days::new(6)).min(last),
                );
                within(from, to).iter().filter(|user| of(user)).count()
            })
            .collect();
        assert_eq!(cohort["active"], json!(expected), "{} {start}", app.engine);
        assert_eq!(cohort["size"], expected[0]);
    }
}
