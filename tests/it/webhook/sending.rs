//! What is sent, when, and how often.

use chrono::{DateTime, TimeDelta, Utc};
use entity::identity::user::UserRole;
use serde_json::{Value, json};
use service::clock::Clock as _;
use tests::{Receiver, Reply, TestApp, eventually, run_body};

use super::{apps, deliver, endpoint, path, text, told, tries};

/// Let the clock show the moment after the next try of a delivery; how long that was away.
fn to_next(app: &TestApp, delivery: &Value) -> TimeDelta {
    let next: DateTime<Utc> = text(&delivery["next_at"]).parse().unwrap();
    let wait = next - app.clock.now();
    app.clock.stop_at(next);
    wait
}

#[tokio::test]
async fn a_message_is_signed_and_delivered_once() {
    for app in apps().await {
        let ann = app.user("ann", UserRole::User).await;
        let receiver = Receiver::good().await;
        let made = endpoint(&ann, &receiver, &["run.created"]).await;
        let run = ann.post("/api/v1/runs", run_body("a.pdf")).await.body;
        assert_eq!(deliver(&app).await, 1);
        assert_eq!(deliver(&app).await, 0);
        let [letter] = &receiver.heard()[..] else {
            panic!("{}", app.engine)
        };
        assert_eq!(letter.path, "/hook");
        assert_eq!(letter.header("content-type"), "application/json");
        assert!(letter.header("user-agent").starts_with("Chancery/"));
        assert!(letter.is_signed_with(text(&made["secret"])));
        let time: i64 = letter.header("webhook-timestamp").parse().unwrap();
        assert!((app.clock.now().timestamp() - time).abs() < 60);
        let body = letter.json();
        assert_eq!(body["type"], "run.created");
        assert_eq!(body["data"]["id"], run["id"]);

        let [delivery] = &told(&ann, &made).await[..] else {
            panic!()
        };
        assert_eq!(delivery["state"], "delivered");
        assert_eq!(delivery["message_id"], letter.header("webhook-id"));
        assert_eq!(delivery["next_at"], json!(null));
        let [one] = &tries(&ann, delivery).await[..] else {
            panic!()
        };
        assert_eq!((&one["number"], &one["status"]), (&json!(1), &json!(204)));
        let detail = format!("/api/v1/webhook-deliveries/{}", text(&delivery["id"]));
        let detail = ann.get(&detail).await.body;
        assert_eq!(detail["payload"].as_str().unwrap().as_bytes(), letter.body);
        app.stop().await;
    }
}

#[tokio::test]
async fn what_nobody_asked_for_or_what_did_not_happen_is_told_to_nobody() {
    for app in apps().await {
        let ann = app.user("ann", UserRole::User).await;
        let receiver = Receiver::good().await;
        ann.post("/api/v1/runs", run_body("a.pdf")).await;
        let messages = "SELECT count(*) FROM webhook_messages";
        assert_eq!(app.number(messages).await, 0);
        let made = endpoint(&ann, &receiver, &["run.deleted"]).await;
        let run = ann.post("/api/v1/runs", run_body("b.pdf")).await.body;
        assert_eq!(app.number(messages).await, 0);
        // Refused after it was written: all of it is taken back.
        let place = format!("/api/v1/runs/{}", text(&run["id"]));
        let stale = ann.with("if-match", "\"99\"").delete(&place).await;
        assert_eq!(stale.status, 412);
        assert_eq!(app.number(messages).await, 0);
        // The same request twice is one event.
        let keyed = ann.with("idempotency-key", "b0b");
        ann.patch(&path(&made), json!({ "event_types": ["run.created"] }))
            .await;
        for _ in 0..2 {
            let answer = keyed.post("/api/v1/runs", run_body("c.pdf")).await;
            assert_eq!(answer.status, 201);
        }
        assert_eq!(app.number(messages).await, 1);
        ann.patch(&path(&made), json!({ "status": "disabled" }))
            .await;
        ann.post("/api/v1/runs", run_body("d.pdf")).await;
        // Kept for when it is back, and not sent.
        assert_eq!(app.number(messages).await, 2);
        let deliveries = "SELECT count(*) FROM webhook_deliveries";
        assert_eq!(app.number(deliveries).await, 1);
        let begun = app.clock.now() - TimeDelta::hours(1);
        ann.patch(&path(&made), json!({ "status": "enabled" }))
            .await;
        let missing = json!({ "what": "missing", "since": begun });
        let replayed = ann.post(&format!("{}/replay", path(&made)), missing).await;
        assert_eq!(replayed.body["count"], 1, "{}", replayed.body);
        assert_eq!(app.number(deliveries).await, 2);
        app.stop().await;
    }
}

#[tokio::test]
async fn a_failure_is_tried_again_by_the_schedule_with_the_same_id_and_bytes() {
    const MINUTE: i64 = 60;
    const HOUR: i64 = 60 * MINUTE;
    let waits = [
        5,
        5 * MINUTE,
        30 * MINUTE,
        2 * HOUR,
        5 * HOUR,
        10 * HOUR,
        14 * HOUR,
        20 * HOUR,
        24 * HOUR,
    ];
    for app in apps().await {
        let ann = app.user("ann", UserRole::User).await;
        let receiver =
            Receiver::start(|_, _| Reply::Say(500, String::new(), b"no\0t now\xff".to_vec()));
        let receiver = receiver.await;
        let made = endpoint(&ann, &receiver, &["run.created"]).await;
        app.clock.stop_at(app.clock.now());
        ann.post("/api/v1/runs", run_body("a.pdf")).await;
        assert_eq!(deliver(&app).await, 1);
        for (at, wait) in waits.into_iter().enumerate() {
            let delivery = told(&ann, &made).await.remove(0);
            assert_eq!(delivery["state"], "pending", "{}: {at}", app.engine);
            assert_eq!(delivery["attempt"], at + 1);
            assert_eq!(deliver(&app).await, 0, "not before its time");
            let waited =
                to_next(&app, &delivery).as_seconds_f64() / f64::from(i32::try_from(wait).unwrap());
            assert!((0.79..=1.21).contains(&waited), "{at}: {waited}");
            assert_eq!(deliver(&app).await, 1);
        }
        let delivery = told(&ann, &made).await.remove(0);
        assert_eq!(
            (&delivery["state"], &delivery["attempt"]),
            (&json!("failed"), &json!(10))
        );
        let letters = receiver.heard();
        assert_eq!(letters.len(), 10);
        let mut times = Vec::new();
        for letter in &letters {
            assert_eq!(letter.body, letters[0].body);
            assert_eq!(letter.header("webhook-id"), letters[0].header("webhook-id"));
            assert!(letter.is_signed_with(text(&made["secret"])));
            times.push(letter.header("webhook-timestamp").to_owned());
        }
        times.dedup();
        assert_eq!(times.len(), 10, "each try has its own time");
        let attempts = tries(&ann, &delivery).await;
        let numbers: Vec<i64> = attempts
            .iter()
            .map(|one| one["number"].as_i64().unwrap())
            .collect();
        assert_eq!(numbers, (1..=10).collect::<Vec<_>>());
        assert_eq!(attempts[0]["error"], "the answer was 500");
        assert_eq!(attempts[0]["answer"], "no\u{fffd}t now\u{fffd}");
        // The moment may have been sent again; by hand it is, from the beginning.
        let again = format!(
            "/api/v1/webhook-deliveries/{}/replay",
            text(&delivery["id"])
        );
        let bob = app.user("bob", UserRole::User).await;
        assert_eq!(bob.post(&again, json!({})).await.status, 404);
        let replayed = ann.post(&again, json!({})).await;
        assert_eq!(replayed.body["state"], "pending", "{}", replayed.body);
        let twice = ann.post(&again, json!({})).await;
        assert_eq!(twice.verdict(), "409 webhook_delivery.pending");
        // The refused write may hold the row for a moment: whoever looks then passes it over.
        eventually(async || (deliver(&app).await == 1).then_some(())).await;
        let delivery = told(&ann, &made).await.remove(0);
        assert_eq!(
            (&delivery["state"], &delivery["attempt"]),
            (&json!("pending"), &json!(1))
        );
        assert_eq!(tries(&ann, &delivery).await[10]["number"], 11);
        app.stop().await;
    }
}

#[tokio::test]
async fn a_receiver_may_ask_for_time_but_not_for_ever() {
    for app in apps().await {
        let ann = app.user("ann", UserRole::User).await;
        let receiver = Receiver::start(|number, _| {
            let asked = [120_u64, 1_000_000_000, 1][number.min(2)];
            Reply::Say(503, format!("retry-after: {asked}\r\n"), Vec::new())
        });
        let receiver = receiver.await;
        let made = endpoint(&ann, &receiver, &["run.created"]).await;
        app.clock.stop_at(app.clock.now());
        ann.post("/api/v1/runs", run_body("a.pdf")).await;
        for (least, most) in [(120, 120), (86_400, 86_400), (24 * 60, 36 * 60)] {
            assert_eq!(deliver(&app).await, 1);
            let delivery = told(&ann, &made).await.remove(0);
            let waited = to_next(&app, &delivery).num_seconds();
            assert!((least..=most).contains(&waited), "{}: {waited}", app.engine);
        }
        app.stop().await;
    }
}

#[tokio::test]
async fn two_secrets_sign_for_a_day_after_a_rotation() {
    for app in apps().await {
        let ann = app.user("ann", UserRole::User).await;
        let receiver = Receiver::good().await;
        let made = endpoint(&ann, &receiver, &["run.created"]).await;
        let keyed = ann.with("idempotency-key", "rotate");
        let rotate = format!("{}/secret", path(&made));
        let rotated = keyed.post(&rotate, json!({})).await;
        assert_eq!(rotated.status, 200, "{}", rotated.body);
        let again = keyed.post(&rotate, json!({})).await;
        assert_eq!(again.verdict(), "409 idempotency.secret");
        let (old, new) = (text(&made["secret"]), text(&rotated.body["secret"]));
        assert_ne!(old, new);
        for (hours, both) in [(0, true), (25, false)] {
            app.clock.advance(TimeDelta::hours(hours));
            ann.post("/api/v1/runs", run_body("a.pdf")).await;
            deliver(&app).await;
            let letter = receiver.heard().pop().unwrap();
            assert!(letter.is_signed_with(new), "{}", app.engine);
            assert_eq!(letter.is_signed_with(old), both, "{}: {hours}", app.engine);
        }
        app.stop().await;
    }
}

#[tokio::test]
async fn what_failed_and_what_was_missed_is_sent_again() {
    for app in apps().await {
        let ann = app.user("ann", UserRole::User).await;
        let bob = app.user("bob", UserRole::User).await;
        let operator = app.user("operator", UserRole::Operator).await;
        let (kept, gone) = (
            Receiver::good().await,
            Receiver::start(|number, _| Reply::status(if number < 1 { 410 } else { 200 })).await,
        );
        let listener = endpoint(&ann, &kept, &["run.created"]).await;
        let made = endpoint(&ann, &gone, &["run.created"]).await;
        let begun = app.clock.now() - TimeDelta::seconds(1);
        let replay = format!("{}/replay", path(&made));
        let ask = async |what: &str, since: DateTime<Utc>| {
            ann.post(&replay, json!({ "what": what, "since": since }))
                .await
        };
        ann.post("/api/v1/runs", run_body("failed.pdf")).await;
        deliver(&app).await;
        assert_eq!(
            ask("failed", begun).await.verdict(),
            "409 webhook_endpoint.disabled"
        );
        for name in ["missed.pdf", "missed too.pdf"] {
            ann.post("/api/v1/runs", run_body(name)).await;
        }
        bob.post("/api/v1/runs", run_body("foreign.pdf")).await;
        deliver(&app).await;
        assert_eq!((kept.heard().len(), gone.heard().len()), (3, 1));

        ann.patch(&path(&made), json!({ "status": "enabled" }))
            .await;
        let later = app.clock.now() + TimeDelta::hours(1);
        assert_eq!(
            ask("failed", later).await.body,
            json!({ "count": 0, "more": false })
        );
        assert_eq!(
            ask("failed", begun).await.body,
            json!({ "count": 1, "more": false })
        );
        assert_eq!(
            ask("failed", begun).await.body["count"],
            0,
            "it is under way"
        );
        assert_eq!(
            ask("missing", begun).await.body,
            json!({ "count": 2, "more": false })
        );
        assert_eq!(ask("missing", begun).await.body["count"], 0);
        assert_eq!(deliver(&app).await, 3);
        let id = |letter: tests::Letter| letter.header("webhook-id").to_owned();
        let mut ids: Vec<String> = gone.heard().into_iter().map(id).collect();
        let mut all: Vec<String> = kept.heard().into_iter().map(id).collect();
        ids.sort();
        ids.dedup();
        all.sort();
        assert_eq!(ids, all, "{}: every message, each under its id", app.engine);
        let foreign = bob
            .post(&replay, json!({ "what": "failed", "since": begun }))
            .await;
        assert_eq!(foreign.verdict(), "404 webhook_endpoint.not_found");
        let staff = json!({ "what": "missing", "since": begun });
        let staff = operator
            .post(&format!("{}/replay", path(&listener)), staff)
            .await;
        assert_eq!(staff.body["count"], 0, "{}", staff.body);
        app.stop().await;
    }
}
