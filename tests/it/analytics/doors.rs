//! A message that goes by one door while its thread goes by another.

use entity::conversation::token_consumption;
use entity::identity::user::UserRole;
use sea_orm::{EntityTrait, QuerySelect};
use serde_json::{Value, json};
use service::analytics::{fold, rebuild};
use tests::{TestApp, eventually};

use super::agree;

const DELETE: &str = "mutation($id: UUID!, $version: String!) { \
    deleteMessage(id: $id, rowVersion: $version) }";

/// Wait until `count` statements wait for somebody's lock. On `SQLite` there is one writer at a
/// time, and nothing to wait for.
async fn waiting(app: &TestApp, count: i64) {
    if app.engine == "SQLite" {
        return;
    }
    let sql = "SELECT count(*) FROM pg_stat_activity \
               WHERE datname = current_database() AND wait_event_type = 'Lock'";
    eventually(async || (app.number(sql).await >= count).then_some(())).await;
}

#[tokio::test]
async fn a_message_that_goes_while_its_thread_goes_is_taken_off_once() {
    for app in TestApp::each().await {
        let admin = app.user("ann", UserRole::Admin).await;
        let thread = admin.post("/api/v1/threads", json!({ "title": "t" })).await;
        let path = format!("/api/v1/threads/{}", thread.body["id"].as_str().unwrap());
        let said = json!({
            "entity": "TOOL", "content": {},
            "tokens": [{ "type": "COMPLETION", "task": "CHAT_COMPLETION", "count": 70, "model": "heron" }],
        });
        let said = admin.post(&format!("{path}/messages"), said).await;
        assert_eq!(said.status, 201, "{}", said.body);
        fold(&app.system()).await.unwrap();
        let id = said.body["id"].clone();
        let first = "{ messages(first: 1) { nodes { nodeId } } }";
        let node = admin.post("/graphql", json!({ "query": first })).await.body;
        let node = &node["data"]["messages"]["nodes"][0]["nodeId"];
        let version = json!({ "query": "query($id: ID!) { rowVersion(id: $id) }", "variables": { "id": node } });
        let version = admin.post("/graphql", version).await.body["data"]["rowVersion"].clone();
        assert!(version.is_string());

        // Whoever removes tokens waits for this.
        let tx = app.system().write().await.unwrap();
        let held = token_consumption::Entity::find().lock_exclusive();
        assert_eq!(held.all(&tx).await.unwrap().len(), 1);
        let variables = json!({ "id": id, "version": version });
        let one = admin.post(
            "/graphql",
            json!({ "query": DELETE, "variables": variables }),
        );
        let one = async { one.await.body };
        let other = async {
            waiting(&app, 1).await;
            admin.delete(&path).await.status
        };
        let release = async {
            waiting(&app, 2).await;
            drop(tx);
        };
        let (one, other, ()) = tokio::join!(one, other, release);
        assert_eq!(other, 204, "{}", app.engine);
        assert!(
            one["errors"] == Value::Null || app.engine == "SQLite",
            "{one}"
        );
        agree(&app, "message and thread are gone").await;
        let check = rebuild(&app.system(), true, &|_| ()).await.unwrap();
        assert!(check.differences.is_empty(), "{:?}", check.differences);
        app.stop().await;
    }
}
