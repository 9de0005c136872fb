//! Executions: asked for by people, done by workers, one at a time.

use chrono::TimeDelta;
use entity::identity::user::UserRole;
use futures::future::join_all;
use serde_json::{Value, json};
use tests::{Client, TestApp};

use super::made;

async fn claim(worker: &Client) -> Value {
    let body = json!({ "worker": "w" });
    worker.post("/api/v1/executions/claim", body).await.body
}

fn kinds(events: &Value) -> Vec<&str> {
    let rows = events["items"].as_array().unwrap().iter();
    rows.map(|row| row["kind"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_worker_takes_an_execution_from_claim_to_output() {
    for app in TestApp::each().await {
        let ann = app.user("ann", UserRole::User).await;
        let worker = app.key("worker", &["worker"]).await;
        let admin = app.user("admin", UserRole::Admin).await;
        let template = json!({ "name": "Researcher" });
        let template = made(&admin, "/api/v1/agent-templates", template).await;
        let id = template.rsplit('/').next().unwrap();
        let agent = json!({ "name": "Mine", "template_id": id, "goal": "Know" });
        let agent = made(&ann, "/api/v1/agents", agent).await;
        let body = json!({ "input": { "prompt": "Hello?" } });
        let path = made(&ann, &format!("{agent}/executions"), body).await;
        let told = app.anonymous().get(&template).await.body;
        assert_eq!(told["usage_count"], 1, "{}", app.engine);
        let told = ann.get(&agent).await.body;
        assert_eq!(told["execution_count"], 1);
        assert!(told["last_used"].is_string());

        let claimed = claim(&worker).await;
        assert_eq!(claimed["agent"]["goal"], "Know", "{claimed}");
        assert_eq!(claimed["execution"]["input"]["prompt"], "Hello?");
        let token = &claimed["lease_token"];
        assert_eq!(
            claim(&worker).await,
            Value::String(String::new()),
            "none waits"
        );
        app.clock.advance(TimeDelta::seconds(30));
        let beat = json!({ "lease_token": token });
        let beat = worker.post(&format!("{path}/heartbeat"), beat).await;
        assert!(beat.body["lease_until"].as_str() > claimed["lease_until"].as_str());

        let event = |kind: &str| json!({ "kind": kind, "data": { "n": 1 } });
        let two = json!({ "lease_token": token, "events": [event("step"), event("step")] });
        let keyed = worker.with("idempotency-key", "once");
        for _ in 0..2 {
            let told = keyed.post(&format!("{path}/events"), two.clone()).await;
            assert_eq!(told.status, 200, "{}", told.body);
            assert_eq!(told.body[1]["seq"], 4);
        }
        let ours = json!({ "lease_token": token, "events": [event("step"), event("completed")] });
        let ours = worker.post(&format!("{path}/events"), ours).await;
        assert_eq!(ours.body["errors"][0]["pointer"], "/events/1/kind");

        let done = json!({ "lease_token": token, "output": { "summary": "Hi" } });
        for _ in 0..2 {
            let answer = worker.post(&format!("{path}/complete"), done.clone()).await;
            assert_eq!(answer.body["status"], "completed", "{}", answer.body);
        }
        let other = json!({ "lease_token": token, "output": { "summary": "Ho" } });
        let other = worker.post(&format!("{path}/complete"), other).await;
        assert_eq!(other.verdict(), "409 execution.output_conflict");

        let shown = ann.get(&path).await.body;
        assert_eq!(shown["output"]["summary"], "Hi");
        assert!(shown["duration_ms"].as_i64().unwrap() >= 30_000);
        let events = ann.get(&format!("{path}/events?limit=3")).await.body;
        assert_eq!(kinds(&events), ["created", "claimed", "step"]);
        let after = events["next"].as_str().unwrap();
        let rest = ann.get(&format!("{path}/events?after={after}")).await.body;
        assert_eq!(kinds(&rest), ["step", "completed"]);
        assert_eq!(rest["items"][0]["seq"], 4);
        let list = ann.get(&format!("{agent}/executions")).await.body;
        assert_eq!(list["items"][0]["id"], shown["id"]);
        let waiting = ann.get("/api/v1/executions?status=pending").await.body;
        assert_eq!(waiting["items"], json!([]));
        app.stop().await;
    }
}

#[tokio::test]
async fn a_claim_that_ran_out_is_anothers_and_its_ghost_is_refused() {
    for app in TestApp::each().await {
        let ann = app.user("ann", UserRole::User).await;
        let worker = app.key("worker", &["worker"]).await;
        let agent = made(&ann, "/api/v1/agents", json!({ "name": "Mine" })).await;
        let path = made(&ann, &format!("{agent}/executions"), json!({})).await;
        let ghost = claim(&worker).await["lease_token"].clone();
        let told = json!({ "lease_token": ghost, "events": [{ "kind": "half" }] });
        worker.post(&format!("{path}/events"), told.clone()).await;
        app.clock.advance(TimeDelta::seconds(61));
        let heir = claim(&worker).await;
        assert_eq!(heir["execution"]["attempt"], 2, "{}: {heir}", app.engine);
        assert_eq!(heir["events"][2]["kind"], "half");

        let fail = |token: &Value| json!({ "lease_token": token, "message": "no" });
        let complete = json!({ "lease_token": ghost, "output": {} });
        for (verb, body) in [
            ("heartbeat", json!({ "lease_token": ghost })),
            ("events", told),
            ("complete", complete),
            ("fail", fail(&ghost)),
        ] {
            let answer = worker.post(&format!("{path}/{verb}"), body).await;
            assert_eq!(answer.verdict(), "409 execution.stale_lease", "{verb}");
        }
        let give_up = fail(&heir["lease_token"]);
        let failed = worker.post(&format!("{path}/fail"), give_up).await.body;
        assert_eq!(failed["status"], "failed");
        assert_eq!(failed["error_message"], "no");
        let events = ann.get(&format!("{path}/events")).await.body;
        assert_eq!(
            kinds(&events),
            ["created", "claimed", "half", "reclaimed", "failed"]
        );
        app.stop().await;
    }
}

#[tokio::test]
async fn owners_and_staff_call_executions_off() {
    for app in TestApp::each().await {
        let ann = app.user("ann", UserRole::User).await;
        let bob = app.user("bob", UserRole::User).await;
        let operator = app.user("op", UserRole::Operator).await;
        let worker = app.key("worker", &["worker"]).await;
        let agent = made(&ann, "/api/v1/agents", json!({ "name": "Mine" })).await;
        let running = made(&ann, &format!("{agent}/executions"), json!({})).await;
        let claimed = claim(&worker).await;
        let waiting = made(&ann, &format!("{agent}/executions"), json!({})).await;

        let cancel = async |who: &Client, path: &str| {
            let answer = who.post(&format!("{path}/cancel"), json!({})).await;
            answer.verdict()
        };
        assert_eq!(cancel(&bob, &waiting).await, "404 execution.not_found");
        assert_eq!(cancel(&ann, &waiting).await, "200");
        assert_eq!(cancel(&operator, &running).await, "200");
        let again = cancel(&ann, &running).await;
        assert_eq!(again, "409 execution.invalid_transition", "{}", app.engine);
        let beat = json!({ "lease_token": claimed["lease_token"] });
        let beat = worker.post(&format!("{running}/heartbeat"), beat).await;
        assert_eq!(beat.verdict(), "409 execution.stale_lease");
        assert_eq!(claim(&worker).await, Value::String(String::new()));

        ann.patch(&agent, json!({ "is_active": false })).await;
        let asleep = ann.post(&format!("{agent}/executions"), json!({})).await;
        assert_eq!(asleep.verdict(), "409 agent.inactive");
        let foreign = bob.post(&format!("{agent}/executions"), json!({})).await;
        assert_eq!(foreign.verdict(), "404 agent.not_found");
        let told = "SELECT count(*) FROM audit_log WHERE action = 'execution.cancel'";
        assert_eq!(app.number(told).await, 1, "the operator's");
        app.stop().await;
    }
}

#[tokio::test]
async fn a_workflow_is_executed_without_an_agent() {
    for app in TestApp::each().await {
        let ann = app.user("ann", UserRole::User).await;
        let bob = app.user("bob", UserRole::User).await;
        let worker = app.key("worker", &["worker"]).await;
        let definition = json!({ "steps": [{ "id": "collect" }] });
        let body = json!({ "name": "Weekly", "definition": definition });
        let path = made(&ann, "/api/v1/workflows", body).await;
        let execution = made(&ann, &format!("{path}/executions"), json!({})).await;
        let claimed = claim(&worker).await;
        assert_eq!(
            claimed["workflow"]["definition"], definition,
            "{}",
            app.engine
        );
        assert!(claimed["agent"].is_null());
        let done = json!({ "lease_token": claimed["lease_token"], "output": {} });
        let done = worker.post(&format!("{execution}/complete"), done).await;
        assert_eq!(done.status, 200, "{}", done.body);

        let shown = ann.get(&path).await;
        assert_eq!(shown.body["run_count"], 1);
        let list = ann.get(&format!("{path}/executions")).await.body;
        assert_eq!(list["items"].as_array().unwrap().len(), 1);
        assert_eq!(bob.get(&path).await.verdict(), "404 workflow.not_found");
        let foreign = bob.get(&format!("{path}/executions")).await;
        assert_eq!(foreign.verdict(), "404 workflow.not_found");
        let late = ann
            .with("if-match", "\"1\"")
            .patch(&path, json!({ "name": "x" }))
            .await;
        assert_eq!(late.verdict(), "412 version.conflict");
        let off = ann.patch(&path, json!({ "is_active": false })).await;
        assert_eq!(off.body["version"], 3, "{}", off.body);
        let asleep = ann.post(&format!("{path}/executions"), json!({})).await;
        assert_eq!(asleep.verdict(), "409 workflow.inactive");
        assert_eq!(ann.delete(&path).await.status, 204);
        assert_eq!(
            ann.get(&execution).await.verdict(),
            "404 execution.not_found"
        );
        app.stop().await;
    }
}

#[tokio::test]
async fn two_workers_never_hold_one_execution() {
    for app in TestApp::each().await {
        let ann = app.user("ann", UserRole::User).await;
        let worker = app.key("worker", &["worker"]).await;
        let agent = made(&ann, "/api/v1/agents", json!({ "name": "Mine" })).await;
        for _ in 0..8 {
            made(&ann, &format!("{agent}/executions"), json!({})).await;
        }
        let mut held = Vec::new();
        while held.len() < 8 {
            let some = join_all((0..4).map(|_| claim(&worker))).await;
            let ids = some
                .iter()
                .filter_map(|one| one["execution"]["id"].as_str());
            held.extend(ids.map(str::to_owned));
        }
        let count = held.len();
        held.sort();
        held.dedup();
        assert_eq!((count, held.len()), (8, 8), "{}", app.engine);
        let started = ann.get(&agent).await.body;
        assert_eq!(started["execution_count"], 8);
        app.stop().await;
    }
}
