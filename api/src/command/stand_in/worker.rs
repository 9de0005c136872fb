//! A worker of runs and executions: it claims them, says step by step what it would have done, and
//! ends them. It calls no model, and reads no document.

use std::time::{Duration, SystemTime};

use chrono::{DateTime, Utc};
use futures::future::try_join_all;
use reqwest::Method;
use serde_json::{Value, json};
use tracing::warn;

use super::visit::Visit;
use super::{Call, goes_wrong, stage};
use crate::command::Failure;

/// Where things wait.
struct Line {
    waiting: &'static str,
    claim: &'static str,
}

const RUNS: Line = Line {
    waiting: "/runs?status=PENDING&limit=100",
    claim: "/runs/claim",
};

const EXECUTIONS: Line = Line {
    waiting: "/executions?status=pending&limit=100",
    claim: "/executions/claim",
};

/// How long something waits before a stand-in takes it: another worker goes first.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long the worker waits where nothing waits for it.
const IDLE: Duration = Duration::from_secs(1);

/// How much it does at once, of each.
const HANDS: usize = 2;

/// Work until somebody ends the process.
pub(super) async fn work(call: Call) -> Result<(), Failure> {
    let visit = Visit::begin(&call).await?;
    // It must see what waits for anybody, not only what is its maker's own.
    let scopes = ["worker", "read", "admin:*"];
    let key = json!({ "name": "stand-in worker", "scopes": scopes });
    let key = visit.ask(Method::POST, "/me/keys", &key).await?;
    let key = key.unwrap_or_default();
    let key = key["key"].as_str().ok_or("the server made no key")?;
    visit.end().await?;
    let visit = visit.by_key(key);
    let hand = |number: usize| {
        let line = if number < HANDS { &RUNS } else { &EXECUTIONS };
        let name = format!("stand-in-{}", number + 1);
        hand(&visit, line, name, call.pace())
    };
    try_join_all((0..2 * HANDS).map(hand)).await?;
    Ok(())
}

/// Do what waits in a line, one after another.
async fn hand(visit: &Visit, line: &Line, name: String, pace: Duration) -> Result<(), Failure> {
    let worker = json!({ "worker": name });
    loop {
        let done = match claim(visit, line, &worker).await {
            Ok(Some(claim)) if claim["run"].is_object() => run(visit, &claim, pace).await,
            Ok(Some(claim)) => execution(visit, &claim, pace).await,
            Ok(None) => {
                tokio::time::sleep(IDLE).await;
                continue;
            }
            Err(failure) => Err(failure),
        };
        // Called off, removed or somebody else's now; there are others.
        if let Err(failure) = done {
            warn!(%failure, "stand-in: a piece of work was dropped");
            tokio::time::sleep(IDLE).await;
        }
    }
}

/// What waits longest, where it has waited for long enough.
async fn claim(visit: &Visit, line: &Line, worker: &Value) -> Result<Option<Value>, Failure> {
    let waiting = visit.ask(Method::GET, line.waiting, &Value::Null).await?;
    let waiting = waiting.unwrap_or_default();
    // The newest come first.
    let oldest = waiting["items"].as_array().and_then(|items| items.last());
    let Some(since) = oldest.and_then(|one| one["created_at"].as_str()) else {
        return Ok(None);
    };
    let since: DateTime<Utc> = since.parse()?;
    let waited = DateTime::<Utc>::from(SystemTime::now()) - since;
    if waited.to_std().unwrap_or_default() < PATIENCE {
        return Ok(None);
    }
    visit.ask(Method::POST, line.claim, worker).await
}

/// One thing that is claimed.
struct Held<'a> {
    visit: &'a Visit,
    path: String,
    token: &'a Value,
    pace: Duration,
}

impl Held<'_> {
    async fn say(&self, method: Method, verb: &str, mut body: Value) -> Result<(), Failure> {
        body["lease_token"] = self.token.clone();
        let path = format!("{}/{verb}", self.path);
        self.visit.ask(method, &path, &body).await.map(drop)
    }

    /// Take as long as a step takes, and say half-way that somebody is still at it.
    async fn take_time(&self) -> Result<(), Failure> {
        tokio::time::sleep(self.pace / 2).await;
        self.say(Method::POST, "heartbeat", json!({})).await?;
        tokio::time::sleep(self.pace / 2).await;
        Ok(())
    }
}

async fn run(visit: &Visit, claim: &Value, pace: Duration) -> Result<(), Failure> {
    let run = &claim["run"];
    let held = Held {
        visit,
        path: format!("/runs/{}", run["id"].as_str().unwrap_or_default()),
        token: &claim["lease_token"],
        pace,
    };
    let name = run["document_name"].as_str().unwrap_or_default();
    let company = run["company_name"].as_str().unwrap_or_default();
    let done = run["current_stage"].as_i64().unwrap_or_default();
    for number in done + 1..=stage::STAGES {
        held.take_time().await?;
        // Whoever tries it again has more luck.
        if number == 3 && done == 0 && goes_wrong(name) {
            let why = format!("{name} has pages that are pictures only");
            return held
                .say(Method::POST, "fail", json!({ "message": why }))
                .await;
        }
        let body = stage::make(company, name, number, pace);
        held.say(Method::PUT, &format!("stages/{number}"), body)
            .await?;
    }
    Ok(())
}

async fn execution(visit: &Visit, claim: &Value, pace: Duration) -> Result<(), Failure> {
    let execution = &claim["execution"];
    let held = Held {
        visit,
        path: format!(
            "/executions/{}",
            execution["id"].as_str().unwrap_or_default()
        ),
        token: &claim["lease_token"],
        pace,
    };
    let steps = match &claim["agent"] {
        Value::Null => &claim["workflow"]["definition"]["steps"],
        agent => &agent["steps"],
    };
    let steps = steps.as_array().map_or(&[][..], Vec::as_slice);
    // What was told before, by whoever held it, is not told again.
    let told = claim["events"].as_array().map_or(&[][..], Vec::as_slice);
    let told = told.iter().filter(|event| event["kind"] == "step").count();
    for step in steps.iter().skip(told) {
        held.take_time().await?;
        let events = json!({ "events": [{ "kind": "step", "data": step }] });
        held.say(Method::POST, "events", events).await?;
    }
    held.take_time().await?;
    let prompt = execution["input"]["prompt"].as_str().unwrap_or_default();
    if goes_wrong(prompt) {
        let why = json!({ "message": "the model gave no answer in time" });
        return held.say(Method::POST, "fail", why).await;
    }
    let summary = format!("After {} steps: {prompt}", steps.len());
    let output = json!({ "output": { "summary": summary, "made_by": "a stand-in" } });
    held.say(Method::POST, "complete", output).await
}
