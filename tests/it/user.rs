//! Accounts, and what goes with them.

use entity::identity::user::UserRole;
use reqwest::StatusCode;
use serde_json::json;
use service::error::Kind;
use service::identity::{EmailAddress, NewUser};
use tests::{Client, TestApp, run_body};

/// A thread with a message that has something in every table.
async fn say(client: &Client) -> String {
    let thread = client.post("/api/v1/threads", json!({ "title": "" })).await;
    let path = format!("/api/v1/threads/{}", thread.body["id"].as_str().unwrap());
    let message = json!({
        "entity": "AI_TOOL", "content": "{}",
        "tool_calls": [{ "id": path, "name": "search", "arguments": "{}" }],
        "tool_selections": [{ "tool_name": "search" }],
        "complexity": [{ "complexity": 3, "model": "m" }],
        "tokens": [{ "type": "COMPLETION", "task": "CHAT_COMPLETION", "count": 7, "model": "m" }],
    });
    let said = client.post(&format!("{path}/messages"), message).await;
    assert_eq!(said.status, 201, "{}", said.body);
    path
}

#[tokio::test]
async fn a_person_who_is_removed_leaves_nothing_behind() {
    for app in TestApp::each().await {
        app.adopted().await;
        let ann = app.user("ann", UserRole::User).await;
        let bob = app.user("bob", UserRole::User).await;
        let admin = app.user("admin", UserRole::Admin).await;
        ann.post("/api/v1/runs", run_body("report.pdf")).await;
        say(&ann).await;
        let gone = say(&ann).await;
        let kept = say(&bob).await;

        let (system, id) = (app.system(), ann.id().await);
        service::identity::delete_user(&system, id).await.unwrap();

        assert_eq!(ann.get("/api/v1/me").await.status, StatusCode::UNAUTHORIZED);
        assert_eq!(admin.get(&gone).await.verdict(), "404 thread.not_found");
        assert_eq!(bob.get(&kept).await.status, 200);
        let threads = admin.get("/api/v1/threads").await;
        let threads = threads.body["items"].as_array().unwrap().len();
        assert_eq!(threads, 1, "{}", app.engine);
        let runs = admin.get("/api/v1/runs").await;
        assert_eq!(runs.body["items"], json!([]), "{}", app.engine);
        let again = service::identity::delete_user(&system, id).await;
        assert_eq!(again.unwrap_err().code(), "user.not_found");
        app.stop().await;
    }
}

#[tokio::test]
async fn a_text_that_is_too_long_is_called_that_on_either_engine() {
    for app in TestApp::each().await {
        // 207 characters, and 407 in the lower case by which addresses are compared.
        let email = format!("{}@x.test", "İ".repeat(200));
        let new = NewUser {
            email: EmailAddress::new(&email).unwrap(),
            name: None,
            password: None,
            role: UserRole::User,
        };
        let refused = service::identity::create_user(&app.system(), new).await;
        let refused = refused.unwrap_err();
        assert_eq!(refused.code(), "value_too_long", "{}", app.engine);
        assert_eq!(refused.kind(), Kind::Malformed);
        app.stop().await;
    }
}
