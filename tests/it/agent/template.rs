//! Templates: everybody reads what is offered, admins write.

use entity::identity::user::UserRole;
use serde_json::json;
use tests::TestApp;

use super::{made, names};

#[tokio::test]
async fn admins_write_templates_and_everybody_reads_what_is_offered() {
    for app in TestApp::each().await {
        let admin = app.user("admin", UserRole::Admin).await;
        let (nobody, ann) = (app.anonymous(), app.user("ann", UserRole::User).await);
        let body =
            json!({ "name": "Researcher", "category": "research", "capabilities": ["read"] });
        let refused = ann.post("/api/v1/agent-templates", body.clone()).await;
        assert_eq!(refused.verdict(), "403 forbidden", "{}", app.engine);
        let path = made(&admin, "/api/v1/agent-templates", body).await;
        let hidden = json!({ "name": "Draft", "is_active": false });
        let hidden = made(&admin, "/api/v1/agent-templates", hidden).await;

        let list = nobody.get("/api/v1/agent-templates").await.body;
        assert_eq!(names(&list), ["Researcher"]);
        let more = "/api/v1/agent-templates?is_active=false";
        assert_eq!(names(&nobody.get(more).await.body), ["Researcher"]);
        assert_eq!(names(&admin.get(more).await.body), ["Draft"]);
        let gone = nobody.get(&hidden).await.verdict();
        assert_eq!(gone, "404 agent_template.not_found");
        assert_eq!(admin.get(&hidden).await.body["name"], "Draft");
        let stale = nobody.with("x-api-key", "ck_live_no_key");
        assert_eq!(stale.get(&path).await.body["name"], "Researcher");

        let read = admin.get(&path).await.headers["etag"].clone();
        let read = read.to_str().unwrap();
        let known = admin.with("if-none-match", read).get(&path).await;
        assert_eq!(known.status, 304);
        let change = json!({ "role": "analyst", "category": null });
        let first = admin
            .with("if-match", read)
            .patch(&path, change.clone())
            .await;

        assert_eq!(first.body["role"], "analyst", "{}", first.body);
        assert!(first.body["category"].is_null() && first.body["version"] == 2);
        let late = admin
            .with("if-match", read)
            .patch(&path, json!({ "role": "x" }))
            .await;
        assert_eq!(late.verdict(), "412 version.conflict");
        let same = admin.patch(&path, change).await;
        assert_eq!(same.body["version"], 2, "nothing changed");

        let late = admin.with("if-match", read).delete(&path).await;
        assert_eq!(late.verdict(), "412 version.conflict");
        assert_eq!(admin.delete(&path).await.status, 204);
        assert_eq!(
            admin.get(&path).await.verdict(),
            "404 agent_template.not_found"
        );
        let told = "SELECT count(*) FROM audit_log WHERE resource_type = 'agent_template'";
        assert_eq!(app.number(told).await, 4, "{}", app.engine);
        app.stop().await;
    }
}

#[tokio::test]
async fn an_agents_tag_moves_with_what_is_shown_of_its_template() {
    for app in TestApp::each().await {
        let admin = app.user("admin", UserRole::Admin).await;
        let ann = app.user("ann", UserRole::User).await;
        let body = json!({ "name": "Researcher" });
        let template = made(&admin, "/api/v1/agent-templates", body).await;
        let id = template.rsplit('/').next().unwrap();
        let body = json!({ "name": "Mine", "template_id": id });
        let agent = made(&ann, "/api/v1/agents", body).await;
        let read = ann.get(&agent).await;
        let tag = read.headers["etag"].to_str().unwrap();
        let reader = ann.with("if-none-match", tag);
        assert_eq!(reader.get(&agent).await.status, 304);
        let renamed = admin.patch(&template, json!({ "name": "Scout" })).await;
        assert_eq!(renamed.status, 200);
        let seen = reader.get(&agent).await;
        assert_eq!(seen.body["template"]["name"], "Scout", "{}", app.engine);
        let tag_then = seen.headers["etag"].to_str().unwrap();
        let reader = ann.with("if-none-match", tag_then);
        assert_eq!(admin.delete(&template).await.status, 204);
        let seen = reader.get(&agent).await;
        assert_eq!(seen.status, 200, "{}", app.engine);
        assert!(seen.body["template"].is_null());

        // The agent itself is as it was, for whoever changes it.
        let owner = ann.with("if-match", tag);
        let changed = owner.patch(&agent, json!({ "name": "Ours" })).await;
        assert_eq!(changed.body["version"], 2, "{}", changed.body);
        assert_eq!(owner.delete(&agent).await.verdict(), "412 version.conflict");
        app.stop().await;
    }
}

#[tokio::test]
async fn the_most_used_templates_come_first_page_by_page() {
    for app in TestApp::each().await {
        let admin = app.user("admin", UserRole::Admin).await;
        for (name, uses) in [
            ("One", 1),
            ("Three", 3),
            ("None", 0),
            ("Two", 2),
            ("Zero", 0),
        ] {
            let body = json!({ "name": name });
            let path = made(&admin, "/api/v1/agent-templates", body).await;
            let id = path.rsplit('/').next().unwrap();
            let body = json!({ "name": name, "template_id": id });
            let agent = made(&admin, "/api/v1/agents", body).await;
            for _ in 0..uses {
                made(&admin, &format!("{agent}/executions"), json!({})).await;
            }
        }
        let path = "/api/v1/agent-templates?limit=2";
        let mut page = app.anonymous().get(path).await.body;
        let mut seen: Vec<String> = Vec::new();
        loop {
            seen.extend(names(&page).into_iter().map(str::to_owned));
            let Some(next) = page["next"].as_str() else {
                break;
            };
            let path = format!("{path}&after={next}");
            page = app.anonymous().get(&path).await.body;
        }
        assert_eq!(
            seen,
            ["Three", "Two", "One", "Zero", "None"],
            "{}",
            app.engine
        );
        let foreign = admin.get("/api/v1/agents?limit=2").await.body;
        let cursor = foreign["next"].as_str().unwrap();
        let foreign = admin.get(&format!("{path}&after={cursor}")).await;
        assert_eq!(foreign.verdict(), "400 cursor.bad");
        app.stop().await;
    }
}
