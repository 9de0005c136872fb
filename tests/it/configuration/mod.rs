//! Settings and feature flags: written, felt, remembered, told.

mod flags;
mod secrets;
mod settings;
mod told;

use serde_json::{Value, json};
use tests::{Answer, Client};

const LIMIT: &str = "/api/v1/settings/features.max_agents_per_user";

/// Set what stands at `version`.
async fn set(who: &Client, path: &str, version: i64, value: Value) -> Answer {
    put(who, path, version, json!({ "value": value })).await
}

async fn put(who: &Client, path: &str, version: i64, body: Value) -> Answer {
    at(who, version).put(path, body).await
}

/// A caller who has read `version`.
fn at(who: &Client, version: i64) -> Client {
    who.with("if-match", &format!("\"{version}\""))
}

/// One member of every entry of a history, the last write first.
async fn history(who: &Client, path: &str, member: &str) -> Vec<Value> {
    let answer = who.get(path).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let items = answer.body["items"].as_array().unwrap().iter();
    items.map(|item| item[member].clone()).collect()
}
