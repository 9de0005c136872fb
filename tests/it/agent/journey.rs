//! The journey of the specification: an admin offers a template, a person connects what it needs,
//! makes an agent under their limit, has it executed by a program, and reads what came of it.

use entity::agent::integration::IntegrationStatus;
use entity::identity::user::UserRole;
use serde_json::{Value, json};
use service::agent::MAX_AGENTS_PER_USER;
use service::configuration::Given;
use tests::{Plan, TestApp};
use tokio::process::Command;

use super::{connect, made, names};

#[tokio::test]
async fn from_a_template_to_what_an_agent_brought() {
    let mut plan = Plan::default();
    plan.settings.given = Given::default().with(&MAX_AGENTS_PER_USER, &2);
    for app in TestApp::each_with(&plan).await {
        let admin = app.user("admin", UserRole::Admin).await;
        let ann = app.user("ann", UserRole::User).await;
        let key = json!({ "name": "worker", "scopes": ["worker"] });
        let key = admin.post("/api/v1/me/keys", key).await.body;
        let steps = json!([{ "id": 1, "name": "Read" }, { "id": 2, "name": "Write" }]);
        let template = json!({
            "name": "Researcher", "category": "research", "required_integrations": ["github"],
            "default_workflow": { "steps": steps },
        });
        let template = made(&admin, "/api/v1/agent-templates", template).await;
        let id = template.rsplit('/').next().unwrap();

        let offered = ann
            .get("/api/v1/agent-templates?category=research")
            .await
            .body;
        assert_eq!(offered["items"][0]["id"], id, "{}", app.engine);
        let body = json!({ "name": "Mine", "template_id": id });
        let refused = ann.post("/api/v1/agents", body.clone()).await;
        assert_eq!(refused.verdict(), "409 agent.integration_required");
        connect(&app, &ann, "github", IntegrationStatus::Connected).await;
        let mine = made(&ann, "/api/v1/agents", body).await;
        let other = json!({ "name": "Other", "is_favorite": true });
        made(&ann, "/api/v1/agents", other).await;
        let third = ann.post("/api/v1/agents", json!({ "name": "Third" })).await;
        assert_eq!(third.verdict(), "409 agent.limit_exceeded");

        let ask = json!({ "input": { "prompt": "What shipped?" } });
        let asked = made(&ann, &format!("{mine}/executions"), ask).await;
        let silent = made(&ann, &format!("{mine}/executions"), json!({})).await;
        let definition = json!({ "name": "Weekly", "definition": { "steps": [{ "id": "one" }] } });
        let flow = made(&ann, "/api/v1/workflows", definition).await;
        let ask = json!({ "input": { "prompt": "Report" } });
        let flown = made(&ann, &format!("{flow}/executions"), ask).await;

        let worker = Command::new(env!("CARGO_BIN_EXE_seed_worker"))
            .args([
                "--server",
                &app.base,
                "--once",
                "--executions",
                "--documents",
                ".",
            ])
            .env("CHANCERY_API_KEY", key["key"].as_str().unwrap())
            .kill_on_drop(true)
            .output();
        let worker = worker.await.unwrap();
        assert!(worker.status.success(), "{worker:?}");

        let done = ann.get(&asked).await.body;
        assert_eq!(
            done["output"]["summary"], "What shipped? (2 steps)",
            "{done}"
        );
        let events = ann.get(&format!("{asked}/events")).await.body;
        let told: Vec<(&str, &Value)> = events["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|event| (event["kind"].as_str().unwrap(), &event["data"]["name"]))
            .collect();
        let (none, read, write) = (Value::Null, json!("Read"), json!("Write"));
        let expected = [
            ("created", &none),
            ("claimed", &none),
            ("step", &read),
            ("step", &write),
            ("completed", &none),
        ];
        assert_eq!(told, expected, "{}", app.engine);
        assert_eq!(ann.get(&silent).await.body["status"], "failed");
        assert_eq!(
            ann.get(&flown).await.body["output"]["summary"],
            "Report (1 steps)"
        );
        let list = ann.get("/api/v1/agents").await.body;
        assert_eq!(names(&list), ["Other", "Mine"], "the favourite first");
        assert_eq!(list["items"][1]["execution_count"], 2);
        assert_eq!(list["items"][1]["template"]["name"], "Researcher");
        let offered = app.anonymous().get(&template).await.body;
        assert_eq!(offered["usage_count"], 2);
        app.stop().await;
    }
}
