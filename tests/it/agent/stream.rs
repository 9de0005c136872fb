//! An execution's events as a stream of server-sent events.

use entity::identity::user::UserRole;
use serde_json::json;
use tests::{Client, EventStream, TestApp};

use super::made;

async fn open(who: &Client, path: &str, last: Option<&str>) -> EventStream {
    EventStream::open(who, &format!("{path}/events"), last).await
}

#[tokio::test]
async fn events_come_as_they_happen_and_go_on_behind_the_last() {
    for app in TestApp::each().await {
        let ann = app.user("ann", UserRole::User).await;
        let worker = app.key("worker", &["worker"]).await;
        let agent = made(&ann, "/api/v1/agents", json!({ "name": "Mine" })).await;
        let path = made(&ann, &format!("{agent}/executions"), json!({})).await;
        let mut stream = open(&ann, &path, None).await;
        assert_eq!(stream.next().await.unwrap().0, "1");

        let claim = json!({ "worker": "w" });
        let claim = worker.post("/api/v1/executions/claim", claim).await.body;
        let token = &claim["lease_token"];
        let (id, kind, event) = stream.next().await.unwrap();
        assert_eq!(
            (id.as_str(), kind.as_str()),
            ("2", "claimed"),
            "{}",
            app.engine
        );
        assert_eq!(event["data"]["worker"], "w");
        // Another process tells, and this one hears of it.
        let other = app.beside().await;
        let step = json!({ "lease_token": token, "events": [{ "kind": "a" }, { "kind": "b" }] });
        let step = other
            .seen(&worker)
            .post(&format!("{path}/events"), step)
            .await;
        assert_eq!(step.status, 200, "{}", step.body);
        assert_eq!(stream.kinds(2).await, ["a", "b"]);
        drop(stream);

        let mut again = open(&ann, &path, Some("2")).await;
        assert_eq!(again.kinds(2).await, ["a", "b"], "behind the second");
        let done = json!({ "lease_token": token, "output": {} });
        worker.post(&format!("{path}/complete"), done).await;
        assert_eq!(again.kinds(1).await, ["completed"]);
        assert_eq!(again.next().await, None, "it is over");
        let mut late = open(&ann, &path, Some("4")).await;
        assert_eq!(late.kinds(1).await, ["completed"]);
        assert_eq!(late.next().await, None);

        let bob = app.user("bob", UserRole::User).await;
        let foreign = bob.with("accept", "text/event-stream");
        let foreign = foreign.get(&format!("{path}/events")).await;
        assert_eq!(foreign.verdict(), "404 execution.not_found");
        let odd = ann
            .with("accept", "text/event-stream")
            .with("last-event-id", "x");
        let odd = odd.get(&format!("{path}/events")).await;
        assert_eq!(odd.verdict(), "400 cursor.bad");
        other.stop().await;
        app.stop().await;
    }
}

#[tokio::test]
async fn a_stream_ends_with_the_session_that_opened_it() {
    for app in TestApp::each().await {
        let ann = app.user("ann", UserRole::User).await;
        let agent = made(&ann, "/api/v1/agents", json!({ "name": "Mine" })).await;
        let path = made(&ann, &format!("{agent}/executions"), json!({})).await;
        let mut stream = open(&ann, &path, None).await;
        assert_eq!(stream.kinds(1).await, ["created"]);
        assert_eq!(ann.delete("/api/v1/session").await.status, 204);
        let (_, kind, problem) = stream.next().await.unwrap();
        assert_eq!(kind, "problem", "{}", app.engine);
        assert_eq!(problem["status"], 401, "{problem}");
        assert_eq!(stream.next().await, None);
        app.stop().await;
    }
}
