//! Webhooks, out and in.

mod endpoints;
mod foreign;
mod inbound;
mod sending;
mod sweep;
mod troubles;

use std::time::Duration;

use serde_json::{Value, json};
use service::outbound;
use tests::{Answer, Client, Plan, Receiver, TestApp};

/// Applications that call this machine, too.
async fn apps() -> Vec<TestApp> {
    TestApp::each_with(&plan()).await
}

fn plan() -> Plan {
    let mut plan = Plan::default();
    let given = std::mem::take(&mut plan.settings.given);
    plan.settings.given = given
        .with(
            &outbound::ALLOWED_NETWORKS,
            &vec!["127.0.0.0/8".parse().unwrap()],
        )
        // Whoever answers does so in time, however slow the machine.
        .with(&outbound::TIMEOUT, &Duration::from_secs(10));
    plan
}

/// What the sender does now.
async fn deliver(app: &TestApp) -> usize {
    service::webhook::deliver_due(&app.system()).await.unwrap()
}

/// An endpoint of `who`'s; its secret is in it.
async fn endpoint(who: &Client, receiver: &Receiver, events: &[&str]) -> Value {
    let answer = try_endpoint(who, &receiver.url, events).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    answer.body
}

async fn try_endpoint(who: &Client, url: &str, events: &[&str]) -> Answer {
    let body = json!({ "url": url, "event_types": events });
    who.post("/api/v1/webhook-endpoints", body).await
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value}"))
}

/// Where an endpoint is.
fn path(endpoint: &Value) -> String {
    format!("/api/v1/webhook-endpoints/{}", text(&endpoint["id"]))
}

/// What an endpoint was told, the newest first.
async fn told(who: &Client, endpoint: &Value) -> Vec<Value> {
    let answer = who.get(&format!("{}/deliveries", path(endpoint))).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.body["items"].as_array().unwrap().clone()
}

/// The tries of a delivery, the oldest first.
async fn tries(who: &Client, delivery: &Value) -> Vec<Value> {
    let id = text(&delivery["id"]);
    let answer = who
        .get(&format!("/api/v1/webhook-deliveries/{id}/attempts"))
        .await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.body["items"].as_array().unwrap().clone()
}
