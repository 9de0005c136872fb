//! Whoever asked to be told of executions is told.

use entity::identity::user::UserRole;
use serde_json::{Value, json};
use service::configuration::Given;
use service::outbound::ALLOWED_NETWORKS;
use tests::{Client, Plan, Receiver, TestApp};

use super::made;

async fn claim(worker: &Client) -> Value {
    let body = json!({ "worker": "w" });
    worker.post("/api/v1/executions/claim", body).await.body
}

#[tokio::test]
async fn what_becomes_of_an_execution_is_told_to_those_who_listen() {
    let mut plan = Plan::default();
    let here = vec!["127.0.0.0/8".parse().unwrap()];
    plan.settings.given = Given::default().with(&ALLOWED_NETWORKS, &here);
    for app in TestApp::each_with(&plan).await {
        let ann = app.user("ann", UserRole::User).await;
        let worker = app.key("worker", &["worker"]).await;
        let listener = Receiver::good().await;
        let kinds = ["created", "started", "completed", "failed", "cancelled"];
        let kinds = kinds.map(|kind| format!("execution.{kind}"));
        let endpoint = json!({ "url": listener.url, "event_types": kinds });
        let endpoint = ann.post("/api/v1/webhook-endpoints", endpoint).await;
        assert_eq!(endpoint.status, 201, "{}", endpoint.body);
        let agent = made(&ann, "/api/v1/agents", json!({ "name": "Mine" })).await;
        let start = async || {
            let secret = json!({ "input": { "prompt": "of nobody's concern" } });
            made(&ann, &format!("{agent}/executions"), secret).await
        };
        let deliver = async || {
            while service::webhook::deliver_due(&app.system()).await.unwrap() > 0 {}
            let mut types = listener.types();
            types.sort();
            types
        };
        let done = start().await;
        let token = claim(&worker).await["lease_token"].clone();
        let body = json!({ "lease_token": token, "output": { "summary": "x" } });
        worker.post(&format!("{done}/complete"), body.clone()).await;
        // Said again, it is told once.
        worker.post(&format!("{done}/complete"), body).await;
        let expected = [
            "execution.completed",
            "execution.created",
            "execution.started",
        ];
        assert_eq!(deliver().await, expected, "{}", app.engine);

        let failed = start().await;
        let token = claim(&worker).await["lease_token"].clone();
        let body = json!({ "lease_token": token, "message": "no light" });
        worker.post(&format!("{failed}/fail"), body).await;
        let off = start().await;
        ann.post(&format!("{off}/cancel"), json!({})).await;
        let expected = [
            "execution.cancelled",
            "execution.completed",
            "execution.created",
            "execution.created",
            "execution.created",
            "execution.failed",
            "execution.started",
            "execution.started",
        ];
        assert_eq!(deliver().await, expected, "{}", app.engine);
        for letter in listener.heard() {
            let text = letter.json().to_string();
            assert!(
                !text.contains("concern") && !text.contains("summary"),
                "{text}"
            );
        }
        app.stop().await;
    }
}
