//! People's own agents: made under a limit, with what they need, from what the template says.

use entity::agent::integration::IntegrationStatus;
use entity::identity::user::UserRole;
use futures::future::join_all;
use serde_json::json;
use service::agent::{DEFAULT_MODEL, MAX_AGENTS_PER_USER};
use service::configuration::Given;
use tests::{Plan, TestApp};

use super::{connect, made};

fn plan(most: i64) -> Plan {
    let mut plan = Plan::default();
    let model = Some("heron-2".to_owned());
    plan.settings.given = Given::default()
        .with(&MAX_AGENTS_PER_USER, &most)
        .with(&DEFAULT_MODEL, &model);
    plan
}

#[tokio::test]
async fn an_agent_is_made_of_the_wish_the_template_and_the_settings() {
    for app in TestApp::each_with(&plan(3)).await {
        let admin = app.user("admin", UserRole::Admin).await;
        let ann = app.user("ann", UserRole::User).await;
        let steps = json!([{ "id": 1, "name": "Read" }]);
        let template = json!({
            "name": "Researcher", "category": "research", "purpose": "Looks things up",
            "required_integrations": ["github"],
            "default_workflow": { "steps": steps, "config": { "temperature": 0.0, "tone": "dry" } },
        });
        let template = made(&admin, "/api/v1/agent-templates", template).await;
        let template = template.rsplit('/').next().unwrap().to_owned();
        let wish = json!({
            "name": "Mine", "template_id": template, "required_integrations": ["slack", "github"],
            "config": { "tone": "warm", "own": [1] },
        });

        let refused = ann.post("/api/v1/agents", wish.clone()).await;
        assert_eq!(
            refused.verdict(),
            "409 agent.integration_required",
            "{}",
            app.engine
        );
        let named = |answer: &tests::Answer| -> Vec<String> {
            let errors = answer.body["errors"].as_array().unwrap().iter();
            errors
                .map(|error| error["detail"].as_str().unwrap().to_owned())
                .collect()
        };
        assert_eq!(named(&refused), ["github", "slack"]);
        connect(&app, &ann, "github", IntegrationStatus::Connected).await;
        connect(&app, &ann, "slack", IntegrationStatus::Expired).await;
        connect(&app, &admin, "slack", IntegrationStatus::Connected).await;
        let refused = ann.post("/api/v1/agents", wish).await;
        assert_eq!(named(&refused), ["slack"], "hers, and in good order");

        let wish = json!({
            "name": "Mine", "template_id": template, "config": { "tone": "warm", "own": [1] },
        });
        let agent = ann.post("/api/v1/agents", wish).await.body;
        let config = json!({
            "model": "heron-2", "temperature": 0.0, "max_steps": 8, "tone": "warm", "own": [1],
        });
        assert_eq!(agent["config"], config, "{}", app.engine);
        assert_eq!(agent["steps"], steps);
        assert_eq!(agent["category"], "research");
        assert_eq!(agent["description"], "Looks things up");
        assert_eq!(agent["required_integrations"], json!(["github"]));
        assert_eq!(agent["template"]["name"], "Researcher");

        let path = format!("/api/v1/agents/{}", agent["id"].as_str().unwrap());
        let change = json!({ "goal": "more", "category": null, "config": { "model": "x" } });
        let changed = ann.with("if-match", "\"1\"").patch(&path, change).await;
        assert_eq!(changed.body["version"], 2, "{}", changed.body);
        assert_eq!(changed.body["config"], json!({ "model": "x" }));
        assert!(changed.body["category"].is_null());
        let late = ann
            .with("if-match", "\"1\"")
            .patch(&path, json!({ "goal": "x" }))
            .await;
        assert_eq!(late.verdict(), "412 version.conflict");
        let needy = json!({ "required_integrations": ["slack"] });
        let needy = ann.patch(&path, needy).await;
        assert_eq!(needy.verdict(), "409 agent.integration_required");

        admin
            .delete(&format!("/api/v1/agent-templates/{template}"))
            .await;
        let orphan = ann.get(&path).await.body;
        assert!(orphan["template"].is_null() && orphan["template_id"].is_null());
        let gone = json!({ "name": "x", "template_id": template });
        let gone = ann.post("/api/v1/agents", gone).await;
        assert_eq!(gone.verdict(), "404 agent_template.not_found");
        assert_eq!(ann.delete(&path).await.status, 204);
        assert_eq!(ann.get(&path).await.verdict(), "404 agent.not_found");
        app.stop().await;
    }
}

#[tokio::test]
async fn fifty_at_once_leave_one_where_one_more_is_allowed() {
    for app in TestApp::each_with(&plan(3)).await {
        let ann = app.user("ann", UserRole::User).await;
        let bob = app.user("bob", UserRole::User).await;
        for name in ["One", "Two"] {
            made(&ann, "/api/v1/agents", json!({ "name": name })).await;
        }
        let one = async || {
            let body = json!({ "name": "Another" });
            ann.post("/api/v1/agents", body).await.verdict()
        };
        let mut verdicts = join_all((0..50).map(|_| one())).await;
        verdicts.sort();
        let refused = "409 agent.limit_exceeded".to_owned();
        let mut expected = vec!["201".to_owned()];
        expected.resize(50, refused);
        assert_eq!(verdicts, expected, "{}", app.engine);
        let rows = ann.get("/api/v1/agents").await.body;
        assert_eq!(rows["items"].as_array().unwrap().len(), 3);
        made(&bob, "/api/v1/agents", json!({ "name": "His" })).await;
        app.stop().await;
    }
}
