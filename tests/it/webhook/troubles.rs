//! Receivers that do not do as they should, and senders that die.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use entity::identity::user::UserRole;
use serde_json::json;
use service::outbound::TIMEOUT;
use tests::{Receiver, Reply, TestApp, eventually, run_body};

use super::{apps, deliver, endpoint, path, plan, text, told, tries};

#[tokio::test]
async fn an_endpoint_that_says_it_is_gone_is_told_no_more_and_its_owner_hears_of_it() {
    for app in apps().await {
        let ann = app.user("ann", UserRole::User).await;
        let gone = Receiver::start(|_, _| Reply::status(410)).await;
        let other = Receiver::good().await;
        let made = endpoint(&ann, &gone, &["run.created"]).await;
        endpoint(&ann, &other, &["webhook_endpoint.disabled"]).await;
        ann.post("/api/v1/runs", run_body("a.pdf")).await;
        ann.post("/api/v1/runs", run_body("b.pdf")).await;
        deliver(&app).await;
        let shown = ann.get(&path(&made)).await.body;
        assert_eq!(shown["status"], "disabled", "{}", app.engine);
        assert_eq!(
            shown["disabled_reason"],
            "the endpoint answered 410: it is gone"
        );
        assert_eq!(shown["version"], 2);
        for delivery in told(&ann, &made).await {
            assert_eq!(delivery["state"], "failed");
        }
        let [letter] = &other.heard()[..] else {
            panic!("{}", app.engine)
        };
        let body = letter.json();
        assert_eq!(body["data"]["id"], made["id"]);
        let notes = "SELECT count(*) FROM notifications WHERE type = 'SYSTEM_ANNOUNCEMENT'";
        assert_eq!(app.number(notes).await, 1);
        app.stop().await;
    }
}

#[tokio::test]
async fn five_days_of_nothing_but_failures_disable_an_endpoint() {
    for app in apps().await {
        let ann = app.user("ann", UserRole::User).await;
        let receiver =
            Receiver::start(|number, _| Reply::status(if number == 1 { 200 } else { 500 }));
        let receiver = receiver.await;
        let made = endpoint(&ann, &receiver, &["run.created"]).await;
        let failing = async || ann.get(&path(&made)).await.body["failing_since"].is_string();
        let status = async || ann.get(&path(&made)).await.body["status"].clone();
        let one = async || {
            ann.post("/api/v1/runs", run_body("a.pdf")).await;
            deliver(&app).await
        };
        one().await;
        assert!(failing().await, "{}", app.engine);
        app.clock.advance(TimeDelta::seconds(10));
        assert_eq!(deliver(&app).await, 1);
        assert!(!failing().await, "it works again");
        one().await;
        assert!(failing().await);
        app.clock.advance(TimeDelta::days(4));
        one().await;
        assert_eq!(status().await, "enabled");
        app.clock.advance(TimeDelta::days(1));
        one().await;
        assert_eq!(status().await, "disabled", "{}", app.engine);
        let shown = ann.get(&path(&made)).await.body;
        assert_eq!(shown["disabled_reason"], "nothing but failures for 5 days");
        // What was due is given up without a call.
        let heard = receiver.heard().len();
        app.clock.advance(TimeDelta::days(1));
        assert_eq!(deliver(&app).await, 0);
        assert_eq!(receiver.heard().len(), heard);
        for delivery in told(&ann, &made).await {
            assert_ne!(delivery["state"], "pending", "{}", app.engine);
        }
        app.stop().await;
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_a_large_answer_is_kept_in_part() {
    for app in apps().await {
        let ann = app.user("ann", UserRole::User).await;
        let secret = Receiver::good().await;
        let to = secret.url.clone();
        let moved =
            Receiver::start(move |_, _| Reply::Say(307, format!("location: {to}\r\n"), Vec::new()));
        let moved = moved.await;
        let talks = Receiver::start(|_, _| {
            Reply::Say(200, String::new(), "ü".repeat(1_000_000).into_bytes())
        });
        let talks = talks.await;
        let first = endpoint(&ann, &moved, &["run.created"]).await;
        let second = endpoint(&ann, &talks, &["run.created"]).await;
        ann.post("/api/v1/runs", run_body("a.pdf")).await;
        deliver(&app).await;
        assert!(secret.heard().is_empty(), "{}", app.engine);
        let delivery = told(&ann, &first).await.remove(0);
        assert_eq!(delivery["state"], "pending");
        let one = tries(&ann, &delivery).await.remove(0);
        assert_eq!(
            one["error"],
            "the answer was 307: redirects are not followed"
        );
        let delivery = told(&ann, &second).await.remove(0);
        assert_eq!(delivery["state"], "delivered", "{}", app.engine);
        let one = tries(&ann, &delivery).await.remove(0);
        assert_eq!(text(&one["answer"]), "ü".repeat(1_024));
        app.stop().await;
    }
}

#[tokio::test]
async fn what_is_not_allowed_any_more_is_not_called() {
    for app in TestApp::each().await {
        let ann = app.user("ann", UserRole::User).await;
        let receiver = Receiver::good().await;
        let made = super::try_endpoint(&ann, "https://8.8.8.8/", &["run.created"])
            .await
            .body;
        // As if the name had led elsewhere when it was looked at.
        let tx = app.system().write().await.unwrap();
        let sql = format!("UPDATE webhook_endpoints SET url = '{}'", receiver.url);
        sea_orm::ConnectionTrait::execute_unprepared(&tx, &sql)
            .await
            .unwrap();
        tx.commit().await.unwrap();
        ann.post("/api/v1/runs", run_body("a.pdf")).await;
        deliver(&app).await;
        assert!(receiver.heard().is_empty());
        let delivery = told(&ann, &made).await.remove(0);
        let one = tries(&ann, &delivery).await.remove(0);
        assert_eq!(
            one["error"],
            "the address has a host that is not a public address"
        );
        assert_eq!(one["status"], json!(null));
        let test = ann.post(&format!("{}/test", path(&made)), json!({})).await;
        assert_eq!(test.verdict(), "422 invalid");
        app.stop().await;
    }
}

#[tokio::test]
async fn whoever_hangs_keeps_nobody_waiting_and_a_stop_waits_for_none() {
    // Who hangs is given up before the test loses its patience.
    let mut plan = plan();
    let given = std::mem::take(&mut plan.settings.given);
    plan.settings.given = given.with(&TIMEOUT, &Duration::from_secs(4));
    for app in TestApp::each_with(&plan).await {
        let ann = app.user("ann", UserRole::User).await;
        let hangs = Receiver::start(|_, _| Reply::Hang).await;
        let good = Receiver::good().await;
        let made = endpoint(&ann, &hangs, &["run.created"]).await;
        for _ in 0..40 {
            ann.post("/api/v1/runs", run_body("a.pdf")).await;
        }
        endpoint(&ann, &good, &["run.created"]).await;
        for _ in 0..5 {
            ann.post("/api/v1/runs", run_body("b.pdf")).await;
        }
        let services = Arc::clone(app.services());
        let work = tokio::spawn(service::webhook::work(services));
        eventually(async || (good.heard().len() == 5).then_some(())).await;
        eventually(async || (hangs.heard().len() > 1).then_some(())).await;
        // Once it is known to fail, it has one place.
        let failing = async || {
            let shown = ann.get(&path(&made)).await.body;
            shown["failing_since"].is_string().then_some(())
        };
        eventually(failing).await;
        ann.post("/api/v1/runs", run_body("c.pdf")).await;
        eventually(async || (good.heard().len() == 6).then_some(())).await;
        app.services().stop.cancel();
        work.await.unwrap();
        app.stop().await;
    }
}

#[tokio::test]
async fn a_sender_that_dies_loses_nothing() {
    for app in apps().await {
        let ann = app.user("ann", UserRole::User).await;
        let receiver = Receiver::start(|number, _| match number {
            0 => Reply::Hang,
            _ => Reply::status(200),
        });
        let receiver = receiver.await;
        let made = endpoint(&ann, &receiver, &["run.created"]).await;
        ann.post("/api/v1/runs", run_body("a.pdf")).await;
        let ctx = app.system();
        let sender = tokio::spawn(async move { service::webhook::deliver_due(&ctx).await });
        eventually(async || (receiver.heard().len() == 1).then_some(())).await;
        sender.abort();
        assert!(sender.await.is_err());
        assert_eq!(deliver(&app).await, 0, "{}: it is claimed", app.engine);
        app.clock.advance(TimeDelta::seconds(30));
        assert_eq!(deliver(&app).await, 1);
        let letters = receiver.heard();
        assert_eq!(
            letters[0].header("webhook-id"),
            letters[1].header("webhook-id")
        );
        let delivery = told(&ann, &made).await.remove(0);
        assert_eq!(
            (&delivery["state"], &delivery["attempt"]),
            (&json!("delivered"), &json!(2))
        );
        app.stop().await;
    }
}

#[tokio::test]
async fn senders_beside_each_other_deliver_once() {
    for app in apps().await {
        let ann = app.user("ann", UserRole::User).await;
        let receiver = Receiver::good().await;
        endpoint(&ann, &receiver, &["run.created"]).await;
        for _ in 0..60 {
            ann.post("/api/v1/runs", run_body("a.pdf")).await;
        }
        let beside = app.beside().await;
        let (here, there) = (app.system(), beside.system());
        let (one, other, third) = tokio::join!(
            service::webhook::deliver_due(&here),
            service::webhook::deliver_due(&there),
            service::webhook::deliver_due(&there),
        );
        // Whoever meets another's lock tries again.
        let sent: usize = [one, other, third].into_iter().flatten().sum();
        let sent = sent + deliver(&app).await;
        assert_eq!(receiver.heard().len(), sent, "{}", app.engine);
        let mut ids: Vec<String> = receiver
            .heard()
            .iter()
            .map(|letter| letter.header("webhook-id").to_owned())
            .collect();
        ids.sort();
        ids.dedup();
        assert_eq!((ids.len(), sent), (60, 60), "{}", app.engine);
        beside.stop().await;
        app.stop().await;
    }
}

#[tokio::test]
async fn deliveries_are_told_as_they_move() {
    for app in apps().await {
        let ann = app.user("ann", UserRole::User).await;
        let bob = app.user("bob", UserRole::User).await;
        let receiver = Receiver::good().await;
        let made = endpoint(&ann, &receiver, &["run.created"]).await;
        let mut peer = ann.listen().await;
        let mut stranger = bob.listen().await;
        let query = "subscription { deliveryChanged { id state endpoint { id url } } }";
        peer.follow("d", query).await;
        stranger.follow("d", query).await;
        ann.post("/api/v1/runs", run_body("a.pdf")).await;
        deliver(&app).await;
        loop {
            let said = peer.message().await;
            let row = &said["payload"]["data"]["deliveryChanged"];
            assert_eq!(row["endpoint"]["id"], made["id"], "{}: {said}", app.engine);
            if text(&row["state"]).eq_ignore_ascii_case("delivered") {
                break;
            }
        }
        stranger
            .ask("last", json!({ "query": "{ __typename }" }))
            .await;
        assert_eq!(stranger.message().await["id"], "last");
        app.stop().await;
    }
}
