//! Who has a place among the sockets, and what becomes of those that are too many.

use std::time::Duration;

use entity::identity::user::UserRole;
use serde_json::json;
use tests::{Heard, Peer, Plan, TestApp, eventually};

use super::socket::WS;

#[tokio::test]
async fn who_does_not_read_is_dropped_and_who_has_too_many_waits() {
    let mut plan = Plan::default();
    plan.settings.socket.patience = Duration::from_millis(200);
    plan.settings.socket.operations = 10_000;
    plan.settings.socket.each = 1;
    for app in TestApp::each_with(&plan).await {
        let ann = app.user("ann", UserRole::User).await;
        let mut peer = ann.listen().await;
        let mut second = ann.socket(WS).await.unwrap();
        second.say(json!({ "type": "connection_init" })).await;
        assert_eq!(second.hear().await, Heard::Closed(1013), "{}", app.engine);

        // Answers of some 20 KiB each that nobody takes.
        let schema = "{ __schema { types { name description fields { name description } } } }";
        let asking = tokio::spawn(async move {
            for number in 0..5_000 {
                peer.ask(&number.to_string(), json!({ "query": schema }))
                    .await;
            }
            peer
        });
        let free = async || {
            let mut peer = ann.socket(WS).await.unwrap();
            peer.say(json!({ "type": "connection_init" })).await;
            (peer.hear().await != Heard::Closed(1013)).then_some(())
        };
        eventually(free).await;
        asking.abort();
        app.stop().await;
    }
}

/// Whether a socket that says nothing of its caller got a place.
async fn has_place(peer: &mut Peer) -> bool {
    peer.say(json!({ "type": "ping" })).await;
    match peer.hear().await {
        Heard::Said(message) => message == json!({ "type": "pong" }),
        Heard::Closed(code) => {
            assert_eq!(code, 1013);
            false
        }
        Heard::Gone => false,
    }
}

#[tokio::test]
async fn sockets_of_nobody_take_no_place_from_those_who_signed_in() {
    let mut plan = Plan::default();
    plan.settings.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
    plan.settings.socket.hello = Duration::from_mins(10);
    plan.settings.socket.all = 2;
    plan.settings.socket.unknown = 3;
    plan.settings.socket.address = 2;
    for app in TestApp::each_with(&plan).await {
        let ann = app.user("ann", UserRole::User).await;
        let key = app.key("reader", &["read"]).await;
        let mut open = Vec::new();
        for (address, placed) in [
            ("192.0.2.1", true),
            ("192.0.2.1", true),
            ("192.0.2.1", false),
            ("2001:db8::1", true),
            ("192.0.2.2", false),
        ] {
            let stranger = app.anonymous().with("x-forwarded-for", address);
            let mut peer = stranger.socket(WS).await.unwrap();
            assert_eq!(
                has_place(&mut peer).await,
                placed,
                "{}: {address}",
                app.engine
            );
            open.push(peer);
        }
        let signed = ann.listen().await;

        // Who says who they are gives back the place of those who did not.
        let bearer = format!("Bearer {}", key.sends("x-api-key"));
        let payload = json!({ "authorization": bearer });
        let init = json!({ "type": "connection_init", "payload": payload });
        open[0].say(init.clone()).await;
        let ack = json!({ "type": "connection_ack" });
        assert_eq!(open[0].hear().await, Heard::Said(ack));
        let stranger = app.anonymous().with("x-forwarded-for", "192.0.2.1");
        let mut another = stranger.socket(WS).await.unwrap();
        assert!(has_place(&mut another).await, "{}", app.engine);
        another.say(init).await;
        assert_eq!(
            another.hear().await,
            Heard::Closed(1013),
            "two are the most"
        );
        drop(signed);

        let told = app.anonymous().get("/metrics").await.text;
        for line in [
            "chancery_sockets_open{caller=\"known\"} ",
            "chancery_sockets_open{caller=\"unknown\"} ",
            "chancery_sockets_refused_total{reason=\"address\"} ",
            "chancery_sockets_refused_total{reason=\"unknown\"} ",
            "chancery_sockets_refused_total{reason=\"all\"} ",
            "chancery_sockets_closed_total{reason=\"too_many\"} ",
        ] {
            assert!(
                told.lines().any(|told| told.starts_with(line)),
                "{line}: {told}"
            );
        }
        app.stop().await;
    }
}

#[tokio::test]
async fn a_refused_operation_has_its_own_id() {
    for app in TestApp::each().await {
        let ann = app.user("ann", UserRole::User).await;
        let mut peer = ann.listen().await;
        let mut ids = Vec::new();
        for _ in 0..2 {
            peer.ask("1", json!({ "query": "{ me" })).await;
            let message = peer.message().await;
            let id = message["payload"][0]["extensions"]["request_id"].clone();
            assert!(id.is_string(), "{message}");
            ids.push(id);
        }
        assert_ne!(ids[0], ids[1], "{}", app.engine);
        app.stop().await;
    }
}
