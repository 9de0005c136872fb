//! GraphQL over a WebSocket: who hears what, what the subprotocol forbids, and how a socket ends.

use std::time::Duration;

use chrono::TimeDelta;
use entity::identity::user::{UserRole, UserStatus};
use serde_json::{Value, json};
use service::secret::fingerprint;
use service::settings::Documents;
use tests::{Client, Heard, Peer, Plan, TestApp, run_body};

pub(super) const WS: &str = "graphql-transport-ws";
const RUNS: &str = "subscription { runChanged { id status currentStage version } }";

async fn create(client: &Client, name: &str) -> String {
    let run = client.post("/api/v1/runs", run_body(name)).await;
    run.body["id"].as_str().unwrap().to_owned()
}

fn run(message: &Value) -> &Value {
    assert_eq!(message["type"], "next", "{message}");
    &message["payload"]["data"]["runChanged"]
}

/// The code of the error that an operation ends with.
async fn refusal(peer: &mut Peer, payload: Value) -> String {
    peer.ask("refused", payload).await;
    let message = peer.message().await;
    assert_eq!(message["type"], "error", "{message}");
    assert_eq!(message["id"], "refused");
    let extensions = &message["payload"][0]["extensions"];
    assert!(extensions["request_id"].is_string(), "{message}");
    extensions["code"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_run_is_told_to_those_who_see_it() {
    for app in TestApp::each().await {
        let ann = app.user("ann", UserRole::User).await;
        let bob = app.user("bob", UserRole::User).await;
        let operator = app.user("operator", UserRole::Operator).await;
        let worker = app.key("worker", &["worker"]).await;
        let (mut hers, mut his) = (ann.listen().await, bob.listen().await);
        let mut all = operator.listen().await;
        for peer in [&mut hers, &mut his, &mut all] {
            peer.follow("runs", RUNS).await;
        }

        let one = create(&ann, "one.pdf").await;
        for peer in [&mut hers, &mut all] {
            let message = peer.message().await;
            assert_eq!(message["id"], "runs");
            let told = json!({ "id": one, "status": "PENDING", "currentStage": 0, "version": 1 });
            assert_eq!(run(&message), &told, "{}", app.engine);
        }
        worker
            .post("/api/v1/runs/claim", json!({ "worker": "w" }))
            .await;
        assert_eq!(run(&hers.message().await)["status"], "RUNNING");

        // The first that Bob hears of is his own.
        let two = create(&bob, "two.pdf").await;
        assert_eq!(run(&his.message().await)["id"], two, "{}", app.engine);

        // One run, by its id; a foreign one is never heard of.
        let only = format!("subscription {{ runChanged(id: \"{one}\") {{ id status }} }}");
        let mut foreign = bob.listen().await;
        foreign.follow("one", &only).await;
        let mut single = ann.listen().await;
        single.follow("one", &only).await;
        create(&ann, "three.pdf").await;
        ann.delete(&format!("/api/v1/runs/{one}")).await;
        foreign
            .say(json!({ "type": "complete", "id": "one" }))
            .await;
        foreign.follow("runs", RUNS).await;
        let four = create(&bob, "four.pdf").await;
        assert_eq!(run(&foreign.message().await)["id"], four);
        app.stop().await;
    }
}

#[tokio::test]
async fn what_was_said_while_nobody_listened_is_looked_up() {
    for app in TestApp::each().await {
        if app.engine == "SQLite" {
            app.stop().await;
            continue;
        }
        let other = app.beside().await;
        let ann = app.user("ann", UserRole::User).await;
        let mut peer = ann.listen().await;
        peer.follow("runs", RUNS).await;
        let first = create(&other.seen(&ann), "one.pdf").await;
        assert_eq!(
            run(&peer.message().await)["id"],
            first,
            "it comes from the other replica"
        );

        let cut = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
                   WHERE datname = current_database() AND query ILIKE 'LISTEN%' AND pid <> pg_backend_pid()";
        assert!(app.number(cut).await > 0);
        let second = create(&other.seen(&ann), "two.pdf").await;
        // What came a moment earlier may come again.
        while run(&peer.message().await)["id"] != second {}
        other.stop().await;
        app.stop().await;
    }
}

#[tokio::test]
async fn a_socket_is_opened_by_somebody_from_somewhere() {
    for app in TestApp::each().await {
        let ann = app.user("ann", UserRole::User).await;
        let guest = ann.with("origin", "https://elsewhere.example");
        assert_eq!(guest.socket(WS).await.unwrap_err(), "403 csrf");
        let mut nowhere = app.anonymous();
        nowhere.header("cookie", ann.sends("cookie"));
        assert_eq!(nowhere.socket(WS).await.unwrap_err(), "403 csrf");
        let stale = app.anonymous().with("x-api-key", "ck_live_0_0");
        assert_eq!(stale.socket(WS).await.unwrap_err(), "401 auth.bad_token");
        for protocol in ["graphql-ws", "soap"] {
            assert_eq!(ann.socket(protocol).await.unwrap_err(), "400 malformed");
        }

        // A program in a browser names its key in the first message.
        let key = app.key("reader", &["read"]).await;
        let bearer = format!("Bearer {}", key.sends("x-api-key"));
        for (payload, expected) in [
            (
                json!({ "authorization": bearer }),
                Heard::Said(json!({ "type": "connection_ack" })),
            ),
            (
                json!({ "authorization": "Bearer ck_live_0_0" }),
                Heard::Closed(4401),
            ),
            (json!({ "authorization": 7 }), Heard::Closed(4401)),
            (Value::Null, Heard::Closed(4401)),
        ] {
            let mut peer = app.anonymous().socket(WS).await.unwrap();
            peer.say(json!({ "type": "connection_init", "payload": payload }))
                .await;
            assert_eq!(peer.hear().await, expected, "{payload}");
        }
        app.stop().await;
    }
}

#[tokio::test]
async fn nobody_is_waited_for_who_says_nothing() {
    let mut plan = Plan::default();
    plan.settings.socket.hello = Duration::from_millis(500);
    for app in TestApp::each_with(&plan).await {
        let ann = app.user("ann", UserRole::User).await;
        let mut peer = ann.socket(WS).await.unwrap();
        assert_eq!(peer.hear().await, Heard::Closed(4408), "{}", app.engine);
        app.stop().await;
    }
}

#[tokio::test]
async fn what_the_subprotocol_forbids_ends_the_socket() {
    for app in TestApp::each().await {
        let ann = app.user("ann", UserRole::User).await;
        let init = json!({ "type": "connection_init" });
        let large = "x".repeat(300 * 1024);
        let large = json!({ "type": "subscribe", "id": "1", "payload": { "query": large } });
        let follow = json!({ "type": "subscribe", "id": "1", "payload": { "query": RUNS } });
        for (messages, code) in [
            (vec![&follow], 4401),
            (vec![&init, &init], 4429),
            (vec![&init, &follow, &follow], 4409),
            (vec![&init, &json!({ "type": "nonsense" })], 4400),
            (
                vec![
                    &init,
                    &json!({ "type": "subscribe", "id": "", "payload": {} }),
                ],
                4400,
            ),
            (vec![&init, &large], 1009),
        ] {
            let mut peer = ann.socket(WS).await.unwrap();
            for message in &messages {
                peer.say((*message).clone()).await;
            }
            let end = loop {
                match peer.hear().await {
                    Heard::Said(_) => {}
                    end => break end,
                }
            };
            let shown: String = format!("{messages:?}").chars().take(200).collect();
            assert_eq!(end, Heard::Closed(code), "{}: {shown}", app.engine);
        }
        let mut peer = ann.listen().await;
        peer.say(json!({ "type": "ping", "payload": {} })).await;
        assert_eq!(peer.message().await, json!({ "type": "pong" }));
        peer.say_bytes(vec![1]).await;
        assert_eq!(peer.hear().await, Heard::Closed(4400));
        app.stop().await;
    }
}

#[tokio::test]
async fn every_limit_holds_on_a_socket() {
    let mut plan = Plan::default();
    plan.settings.socket.operations = 3;
    plan.settings.documents = Documents::Automatic;
    for app in TestApp::each_with(&plan).await {
        let ann = app.user("ann", UserRole::User).await;
        let mut peer = ann.listen().await;
        let query = |text: &str| json!({ "query": text });
        for (payload, code) in super::limits::refused() {
            let found = refusal(&mut peer, payload.clone()).await;
            assert_eq!(found, code, "{}: {payload:.200}", app.engine);
        }
        let two = "subscription { a: runChanged { id } b: runChanged { id } }";
        assert_eq!(refusal(&mut peer, query(two)).await, "graphql.limit");
        assert_eq!(refusal(&mut peer, json!(7)).await, "malformed");
        let hash = fingerprint(RUNS.as_bytes());
        let persisted = json!({ "persistedQuery": { "version": 1, "sha256Hash": hash } });
        let unknown = json!({ "extensions": persisted });
        assert_eq!(
            refusal(&mut peer, unknown.clone()).await,
            "graphql.persisted_not_found"
        );

        let both = json!({ "query": RUNS, "extensions": persisted });
        peer.ask("one", both).await;
        peer.ask("two", unknown.clone()).await;
        peer.ask("three", unknown).await;
        let fourth = refusal(&mut peer, query("{ __typename }")).await;
        assert_eq!(fourth, "graphql.limit", "{}", app.engine);
        create(&ann, "one.pdf").await;
        let mut ids = Vec::new();
        for _ in 0..3 {
            ids.push(peer.message().await["id"].as_str().unwrap().to_owned());
        }
        ids.sort();
        assert_eq!(ids, ["one", "three", "two"]);
        for id in ["one", "two"] {
            peer.say(json!({ "type": "complete", "id": id })).await;
        }
        peer.follow("one", RUNS).await;

        let settings = "subscription { settingChanged { key } }";
        peer.say(json!({ "type": "complete", "id": "one" })).await;
        peer.ask("mine", query(settings)).await;
        let message = peer.message().await;
        let code = &message["payload"]["errors"][0]["extensions"]["code"];
        assert_eq!(code, "forbidden", "{message}");
        app.stop().await;
    }
}

#[tokio::test]
async fn what_has_one_answer_is_asked_over_a_socket_as_well() {
    for app in TestApp::each().await {
        let admin = app.user("admin", UserRole::Admin).await;
        let mut peer = admin.listen().await;
        let trust = "mutation($texts: [String!]!) { trustDocuments(documents: $texts) { name } }";
        let variables = json!({ "texts": ["query Me { me { id } }"] });
        peer.ask("1", json!({ "query": trust, "variables": variables }))
            .await;
        let data = &peer.message().await["payload"]["data"];
        assert_eq!(data, &json!({ "trustDocuments": [{ "name": "Me" }] }));
        assert_eq!(
            peer.message().await,
            json!({ "type": "complete", "id": "1" })
        );
        let run = "{ me { role } runs(first: 101) { nodes { id } } }";
        peer.ask("1", json!({ "query": run })).await;
        let message = peer.message().await;
        assert_eq!(message["type"], "next", "{message}");
        assert_eq!(message["payload"]["data"]["me"]["role"], "admin");
        let error = &message["payload"]["errors"][0];
        assert_eq!(error["extensions"]["code"], "invalid");
        assert_eq!(peer.message().await["type"], "complete");
        app.stop().await;
    }
}

#[tokio::test]
async fn a_socket_ends_with_what_its_caller_may() {
    let mut plan = Plan::default();
    plan.settings.socket.recheck = Duration::from_millis(50);
    plan.settings.caller_cache = Duration::from_millis(50);
    for app in TestApp::each_with(&plan).await {
        let admin = app.system();
        let ann = app.user("ann", UserRole::User).await;
        let other = app.sign_in("ann@example.test").await;
        let (mut peer, mut still) = (ann.listen().await, other.listen().await);
        peer.follow("runs", RUNS).await;
        assert_eq!(ann.delete("/api/v1/session").await.status, 204);
        assert_eq!(peer.hear().await, Heard::Closed(4401), "{}", app.engine);
        still.follow("runs", RUNS).await;
        let id = other.id().await;
        service::identity::set_status(&admin, id, UserStatus::Suspended)
            .await
            .unwrap();
        assert_eq!(still.hear().await, Heard::Closed(4401), "{}", app.engine);

        let bob = app.user("bob", UserRole::User).await;
        let key = json!({ "name": "reader", "scopes": ["read"] });
        let key = bob.post("/api/v1/me/keys", key).await.body;
        let program = app
            .anonymous()
            .with("x-api-key", key["key"].as_str().unwrap());
        let (mut program, mut idle) = (program.listen().await, bob.listen().await);
        let path = format!("/api/v1/me/keys/{}", key["id"].as_str().unwrap());
        assert_eq!(bob.delete(&path).await.status, 204);
        assert_eq!(program.hear().await, Heard::Closed(4401), "{}", app.engine);
        // Nobody says that a session has run out.
        app.clock.advance(TimeDelta::days(15));
        assert_eq!(idle.hear().await, Heard::Closed(4401), "{}", app.engine);

        let eve = app.user("eve", UserRole::User).await;
        let mut last = eve.listen().await;
        last.follow("runs", RUNS).await;
        app.stop().await;
        assert_eq!(last.hear().await, Heard::Closed(1001));
    }
}

#[tokio::test]
async fn a_replica_closes_the_socket_of_a_session_that_ended_elsewhere() {
    for app in TestApp::each().await {
        if app.engine == "PostgreSQL" {
            let other = app.beside().await;
            let ann = app.user("ann", UserRole::User).await;
            let mut peer = other.seen(&ann).listen().await;
            assert_eq!(ann.delete("/api/v1/session").await.status, 204);
            assert_eq!(peer.hear().await, Heard::Closed(4401));
            other.stop().await;
        }
        app.stop().await;
    }
}
