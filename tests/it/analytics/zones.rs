//! Tokens by the clocks of any zone, whatever is asked for of them, are a plain sum of the rows.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use entity::conversation::token_consumption::TokenType;
use entity::conversation::{message, thread, token_consumption};
use entity::id::UserId;
use entity::identity::user::UserRole;
use serde_json::{Value, json};
use service::analytics::{fold, pack};
use tests::{Client, TestApp};

use super::rebuild::talk;
use super::{Dice, all, quarter};

/// Tokens of a row: when, whose, of which model and type, how many.
struct Spent {
    at: DateTime<Utc>,
    user: UserId,
    model: String,
    kind: TokenType,
    count: i64,
}

async fn spent(app: &TestApp) -> Vec<Spent> {
    let db = app.services().db.read().unwrap();
    let threads = all::<thread::Entity>(&db).await.into_iter();
    let owners: BTreeMap<_, _> = threads.map(|thread| (thread.id, thread.user_id)).collect();
    let messages = all::<message::Entity>(&db).await.into_iter();
    let messages: BTreeMap<_, _> = messages.map(|message| (message.id, message)).collect();
    let rows = all::<token_consumption::Entity>(&db).await.into_iter();
    rows.map(|row| {
        let message = &messages[&row.message_id];
        Spent {
            at: quarter(message.creation_date),
            user: owners[&message.thread_id],
            model: row.model,
            kind: row.kind,
            count: row.count.into(),
        }
    })
    .collect()
}

/// The price of what the only priced model wrote: it rises within an hour, within a day.
const PRICES: [(&str, i64); 2] = [
    ("2026-01-01T00:00:00Z", 2_000_000),
    ("2026-03-30T10:45:00Z", 3_000_000),
];

fn price(spent: &Spent) -> Option<i64> {
    let valid = |(from, price): &(&str, i64)| {
        let from: DateTime<Utc> = from.parse().unwrap();
        (from <= spent.at).then_some(*price)
    };
    let priced = spent.model == "heron" && spent.kind == TokenType::Completion;
    PRICES.iter().rev().find_map(valid).filter(|_| priced)
}

async fn ask(client: &Client, query: &str) -> Value {
    let answer = client.post("/graphql", json!({ "query": query })).await;
    assert_eq!(answer.body["errors"], Value::Null, "{query}");
    answer.body["data"].clone()
}

fn moment(value: &Value) -> DateTime<Utc> {
    value.as_str().unwrap().parse().unwrap()
}

/// What is asked of one range.
#[derive(Clone, Copy, Debug)]
struct Asked {
    range: (&'static str, &'static str),
    zone: &'static str,
    bucket: &'static str,
    group: &'static str,
    cost: bool,
}

async fn check(app: &TestApp, client: &Client, rows: &[Spent], asked: Asked) {
    let Asked {
        range: (from, to),
        zone,
        bucket,
        group,
        cost,
    } = asked;
    let priced = if cost { "costMicros unpriced" } else { "" };
    let query = |points: &str| {
        format!(
            "{{ analytics {{ tokenUsage(range: {{ from: \"{from}\", to: \"{to}\" }}, \
             bucket: {bucket}, timeZone: \"{zone}\", groupBy: [{group}], top: 3) {{ \
             total {priced} series {{ model userId others total {priced} {points} }} }} }} }}"
        )
    };
    let what = format!("{}: {asked:?}", app.engine);
    let (from, to) = (from.parse().unwrap(), to.parse::<DateTime<Utc>>().unwrap());
    let rows: Vec<&Spent> = rows
        .iter()
        .filter(|row| (from..to).contains(&row.at))
        .collect();
    let answer = ask(
        client,
        &query(&format!("points {{ start tokens {priced} }}")),
    )
    .await;
    let usage = &answer["analytics"]["tokenUsage"];
    let total: i64 = rows.iter().map(|row| row.count).sum();
    assert!(total > 0, "{what}");
    assert_eq!(usage["total"], total, "{what}");
    if cost {
        let exact: i64 = rows
            .iter()
            .filter_map(|row| Some(row.count * price(row)?))
            .sum();
        assert_eq!(usage["costMicros"], (exact + 500_000) / 1_000_000, "{what}");
        let of = |row: &&&Spent| price(row).is_none();
        let unpriced: i64 = rows.iter().filter(of).map(|row| row.count).sum();
        assert_eq!(usage["unpriced"], unpriced, "{what}");
    }
    let mut named = Vec::new();
    for series in usage["series"].as_array().unwrap() {
        let others = series["others"] == true;
        let own = |row: &&&Spent| {
            let key = match group {
                "MODEL" => json!(row.model),
                "USER" => json!(row.user),
                _ => Value::Null,
            };
            let shown = match group {
                "USER" => &series["userId"],
                _ => &series["model"],
            };
            if others {
                !named.contains(&key)
            } else {
                key == *shown
            }
        };
        let mine: Vec<&&Spent> = rows.iter().filter(own).collect();
        let sum: i64 = mine.iter().map(|row| row.count).sum();
        assert_eq!(series["total"], sum, "{what}");
        let points = series["points"].as_array().unwrap();
        for (at, point) in points.iter().enumerate() {
            let start = moment(&point["start"]);
            let end = points.get(at + 1).map_or(to, |next| moment(&next["start"]));
            let within = mine.iter().filter(|row| (start..end).contains(&row.at));
            let sum: i64 = within.map(|row| row.count).sum();
            assert_eq!(point["tokens"], sum, "{what} at {start}");
        }
        named.push(match group {
            "USER" => series["userId"].clone(),
            _ => series["model"].clone(),
        });
    }
    // The sums alone are read from coarser rollups.
    let alone = ask(client, &query("")).await;
    let alone = &alone["analytics"]["tokenUsage"];
    assert_eq!(alone["total"], usage["total"], "{what}");
    assert_eq!(alone["costMicros"], usage["costMicros"], "{what}");
    let totals = |usage: &Value| -> Vec<Value> {
        let series = usage["series"].as_array().unwrap().iter();
        series.map(|series| series["total"].clone()).collect()
    };
    assert_eq!(totals(alone), totals(usage), "{what}");
}

#[tokio::test]
async fn every_zone_and_grouping_is_the_sum_of_the_rows() {
    let whole = ("2026-02-15T00:00:00Z", "2026-04-20T00:00:00Z");
    let part = ("2026-03-28T22:15:00Z", "2026-04-01T13:45:00Z");
    for app in TestApp::each().await {
        // Later than all that is said, so that its days are packed.
        app.clock.stop_at("2026-06-05T00:00:00Z".parse().unwrap());
        let admin = app.user("admin", UserRole::Admin).await;
        for (from, price) in PRICES {
            let set = format!(
                "mutation {{ setModelPrice(price: {{ model: \"heron\", type: COMPLETION, \
                 microDollarsPerMillion: {price}, validFrom: \"{from}\" }}) {{ id }} }}"
            );
            ask(&admin, &set).await;
        }
        let mut dice = Dice(53);
        for user in 1..=5 {
            talk(&app, &mut dice, user).await;
        }
        fold(&app.system()).await.unwrap();
        assert!(pack(&app.system()).await.unwrap() > 0);
        talk(&app, &mut dice, 2).await;
        let rows = spent(&app).await;
        for range in [whole, part] {
            for zone in [
                "UTC",
                "Europe/Berlin",
                "Asia/Kolkata",
                "Asia/Kathmandu",
                "Asia/Tokyo",
            ] {
                for bucket in ["DAY", "WEEK", "MONTH"] {
                    for group in ["", "MODEL", "USER"] {
                        for cost in [false, true] {
                            let asked = Asked {
                                range,
                                zone,
                                bucket,
                                group,
                                cost,
                            };
                            check(&app, &admin, &rows, asked).await;
                        }
                    }
                }
            }
        }
        app.stop().await;
    }
}
