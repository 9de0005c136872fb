//! Executions: every step of the agent or workflow becomes an event, and what it was asked its output.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::protocol::{Failure, Server};

/// Do executions until none waits, where that is enough.
pub(crate) async fn work(server: &Server, once: bool) -> Result<(), Failure> {
    loop {
        let worker = json!({ "worker": format!("seed_worker {}", std::process::id()) });
        let claim = server.ask(Method::POST, "/api/v1/executions/claim", worker);
        match claim.await? {
            // A lost one is somebody else's now; there are others.
            Some(claim) => match take_through(server, &claim).await {
                Ok(()) | Err(Failure::Lost) => {}
                Err(failure) => return Err(failure),
            },
            None if once => return Ok(()),
            None => tokio::time::sleep(Duration::from_secs(1)).await,
        }
    }
}

async fn take_through(server: &Server, claim: &Value) -> Result<(), Failure> {
    let say = async |verb: &str, member: &str, value: Value| {
        let id = claim["execution"]["id"].as_str().unwrap_or_default();
        let mut body = json!({ "lease_token": claim["lease_token"] });
        body[member] = value;
        let path = format!("/api/v1/executions/{id}/{verb}");
        server.ask(Method::POST, &path, body).await.map(drop)
    };
    let steps = match &claim["agent"] {
        Value::Null => &claim["workflow"]["definition"]["steps"],
        agent => &agent["steps"],
    };
    let steps: &[Value] = steps.as_array().map_or(&[], Vec::as_slice);
    // What was told before, by whoever held it, is not told again.
    let events = claim["events"].as_array().map_or(&[][..], Vec::as_slice);
    let told = events
        .iter()
        .filter(|event| event["kind"] == "step")
        .count();
    for step in steps.iter().skip(told) {
        say(
            "events",
            "events",
            json!([{ "kind": "step", "data": step }]),
        )
        .await?;
    }
    let prompt = &claim["execution"]["input"]["prompt"];
    match prompt.as_str() {
        Some(prompt) => {
            let summary = format!("{prompt} ({} steps)", steps.len());
            say("complete", "output", json!({ "summary": summary })).await
        }
        None => say("fail", "message", json!("there is no prompt")).await,
    }
}
